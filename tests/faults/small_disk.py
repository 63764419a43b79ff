"""Runs commands on real file systems that are too small for them: tmpfs, in a namespace of its own."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

from . import full_disk
from .full_disk import Case
from .processes import start

UNSHARE = ("unshare", "--map-root-user", "--mount", "sh", "-c")
MOUNT = 'mount -t tmpfs -o size=128m none "$1" && shift && exec "$@"'
INSIDE = Path(__file__).with_name("on_small_disk.py")
PAGE = 4096


def is_possible() -> bool:
    """Tell whether this machine lets us mount a file system in a namespace of our own."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    words = [*UNSHARE, "mount -t tmpfs none /mnt"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def examine(case: Case, place: Path, most: int, seed: int = 0) -> int:
    """Run a command with `most` different amounts of room, none of them enough; return how many these were.

    Raises AssertionError at the first fault.
    """
    origin = case.fresh(place / "origin")
    mounted = place / "mounted"
    mounted.mkdir()
    needed = room_needed(case, place)
    drawn = random.Random(seed)
    for number in range(most):
        room = int(needed * drawn.random() ** 2) // PAGE * PAGE
        left = place / "left"
        inner = [*map(str, (origin, mounted, room, left)), *case.program, *case.words]
        words = [*UNSHARE, MOUNT, "sh", str(mounted), sys.executable, str(INSIDE), *inner]
        command = start(words, place, place / "said.txt", program=())
        status, said = command.ended(), command.said
        where = f"{case.name} with {room} bytes of room ({number + 1} of {most}): {said}"
        full_disk.judge(status, said, where)
        case.look(left)
        full_disk.assert_whole(
            full_disk.files(left, case.derived), *[full_disk.files(origin, case.derived)] * 2, where
        )
        shutil.rmtree(left)
    shutil.rmtree(origin)
    mounted.rmdir()
    return most


def room_needed(case: Case, place: Path) -> int:
    """Return the bytes that a command adds to its guide."""
    root = case.fresh(place / "measured")
    before = _bytes_of(root)
    status, said, _ = full_disk.run(case, root, place, after=-1)
    assert status == 0, said
    added = _bytes_of(root) - before
    shutil.rmtree(root)
    return max(added, 16 * PAGE)


def _bytes_of(root: Path) -> int:
    sizes = (path.stat().st_size for path in root.rglob("*"))
    return sum((size + PAGE - 1) // PAGE * PAGE for size in sizes)
