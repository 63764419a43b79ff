"""Runs a command in a copy of a guide on a small file system, which is filled up but for some bytes.

    python on_small_disk.py GUIDE DISK ROOM LEFT COMMAND…

LEFT becomes a copy of what the command left there; other namespaces do not see DISK.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

origin, disk, room, left, *command = sys.argv[1:]
guide = Path(shutil.copytree(origin, Path(disk, "guide")))
free = shutil.disk_usage(disk).free
with Path(disk, "ballast").open("wb") as ballast:
    os.posix_fallocate(ballast.fileno(), 0, max(1, free - int(room)))
done = subprocess.run(command, cwd=guide, check=False, stdin=subprocess.DEVNULL)
shutil.copytree(guide, left)
sys.exit(done.returncode)
