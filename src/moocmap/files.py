"""Writes files so that a reader never sees half of one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

CACHE = Path("build", "cache")
"""Where a guide keeps what can be made again, below its folder."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says when a disk, a quota or the size of a file is at its end."""
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
STALE = 3600.0
"""Seconds without a change after which an unfinished file is one whose writer was killed."""
_UNFINISHED = ".unfinished"


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary one beside it; folders are made as needed.

    Temporary ones that a killed process left there an hour ago (`STALE`) go. Raises OSError, with the file's
    name, when the disk refuses; the old file then stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(path, STALE)
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def copy_folder(source: Path, target: Path, **options: Any) -> None:
    """Copy a folder as `shutil.copytree` does, whose options these are.

    Raises the OSError of the first file that could not be copied, where `copytree` goes on and lists all.
    """
    refused: list[OSError] = []

    def copy(file: str, place: str) -> str:
        try:
            return shutil.copy2(file, place)
        except OSError as error:
            refused.append(OSError(error.errno, error.strerror, error.filename2 or error.filename or place))
            raise

    try:
        shutil.copytree(source, target, copy_function=copy, **options)
    except shutil.Error as error:
        raise refused[0] if refused else error from None


def worded(error: OSError) -> str:
    """Say what the system refused: which file, why, and how to go on."""
    reason = error.strerror or str(error)
    place = f"{error.filename}: " if error.filename else ""
    if error.errno in NO_ROOM:
        return f"{place}{reason}; make room on the disk and run again"
    if error.errno in _NO_RIGHT:
        return f"{place}{reason}; check who may read and write there"
    return f"{place}{reason}"


def remove_unfinished(path: Path, older_than: float = 0.0) -> None:
    """Remove the temporary files that killed writers of `path` left beside it.

    Those changed in the last `older_than` seconds stay: somebody may be writing them. A caller who knows
    that nobody is leaves it at 0.
    """
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if not (entry.name.startswith(f".{path.name}.") and entry.name.endswith(_UNFINISHED)):
                continue
            with suppress(OSError):
                if time.time() - entry.stat().st_mtime >= older_than:
                    os.unlink(entry.path)  # noqa: PTH108 (what scandir gives is no Path)


def recall(memory: Path) -> dict[str, Any]:
    """Return what `remember` kept in a file; {} where there is none, or none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        kept = json.loads(memory.read_text(encoding="utf-8"))
        return kept if isinstance(kept, dict) else {}
    return {}


def remember(memory: Path, known: dict[str, Any]) -> None:
    """Keep what is known for the next time; a disk that is full or read-only costs time, not the result."""
    with suppress(OSError):
        write_atomically(memory, json.dumps(known, check_circular=False))
