"""Puts a fresh site in the old one's place, one build at a time, and clears up after builds that were killed.

A build works in a hidden folder beside its target and holds the lock of it. So one that nobody holds is of a
build that was killed: its last good site, if the kill came in the middle of a swap, goes back to its place,
and the rest is removed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from moocmap.experiments.training.lock import LockedError, locked
from moocmap.files import NO_ROOM
from moocmap.site.errors import SiteError

FRESH, OLD = "site", "old"
"""What the folder of a build may hold: the site that it makes, and the last good one during a swap."""
_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_PAUSE = 0.1


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if needed; wait, and say so on stderr, while another does.

    Raises:
        LockedError: if the disk knows no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        is_told = False
        while True:
            try:
                stack.enter_context(locked(folder))
                break
            except LockedError as error:
                if not (isinstance(error.__cause__, OSError) and error.__cause__.errno in _TAKEN):
                    raise
            if not is_told:
                said = f"another process is building in {folder}; waiting for it …"
                print(said, file=sys.stderr, flush=True)
                is_told = True
            time.sleep(_PAUSE)
        yield


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """Give a new hidden folder beside the target, which goes at the end; OSError tells of a full disk."""
    parent = target.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=_prefix(target), dir=parent, ignore_cleanup_errors=True) as name,
        locked(Path(name)),
    ):
        yield Path(name)


def repair(target: Path) -> None:
    """Bring back the site that a killed build had moved away, and remove the folders of killed builds."""
    for left in _left_by_killed_builds(target):
        if (left / OLD).exists() and not target.exists():
            (left / OLD).rename(target)
        shutil.rmtree(left, ignore_errors=True)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, so that neither name is ever without one.

    Returns False, and changes nothing, where the system or the disk knows no such step.
    """
    names = os.fsencode(one), os.fsencode(other)
    with suppress(OSError, AttributeError):  # an old library of the system, without the function
        if sys.platform == "linux":
            here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
            return bool(ctypes.CDLL(None).renameat2(here, names[0], here, names[1], swap) == 0)
        if sys.platform == "darwin":
            return bool(ctypes.CDLL(None).renamex_np(*names, 2) == 0)  # RENAME_SWAP
    return False


@contextmanager
def full_disk_explained(target: Path) -> Iterator[None]:
    """Say in one sentence that a disk is full, whoever noticed it: we, or MkDocs in a traceback.

    Raises:
        SiteError: in place of the error.
    """
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise _no_room(error.strerror, error.filename or target) from error
        raise
    except SiteError as error:
        for number in NO_ROOM:
            if f"[Errno {number}]" in str(error):
                raise _no_room(os.strerror(number), target) from error
        raise


def _no_room(reason: str | None, place: object) -> SiteError:
    return SiteError(
        f"{reason}: {place}; make room on the disk and build again; the last good site is as it was"
    )


def _prefix(target: Path) -> str:
    return f".{target.absolute().name}-build-"


def _left_by_killed_builds(target: Path) -> Iterator[Path]:
    """Find the folders of builds of this target that are not at work any more."""
    parent = target.absolute().parent
    if not parent.is_dir():
        return
    for left in sorted(parent.iterdir()):
        if left.name.startswith(_prefix(target)) and left.is_dir() and not left.is_symlink():
            with suppress(OSError, LockedError):
                with locked(left):
                    pass
                yield left
