"""Lets a disk be full from one write on, in every Python process that has this folder on its path.

`FULL_BELOW` names the folder that the disk is mounted at, so to say; `FULL_AFTER` how many things may still
be written there: folders made, files begun, blocks written; "-1" is no limit. `FULL_COUNT` names a file that
grows by a byte for each, over all processes.
"""

import builtins
import errno
import io
import os
import shutil
import sys

BELOW = os.path.realpath(os.environ["FULL_BELOW"])
AFTER = int(os.environ["FULL_AFTER"])
COUNT = os.environ["FULL_COUNT"]
FOLLOWED = {"os.mkdir": 0, "shutil.copyfile": 1}
"""Events of Python's audit that write, and which of their arguments names the place."""


def _spend(place):
    """Count something written to a place on the disk; refuse it when the disk is full."""
    if not isinstance(place, (str, bytes, os.PathLike)):
        return
    place = os.fsdecode(place)
    if not os.path.realpath(place).startswith(BELOW + os.sep):
        return
    handle = os.open(COUNT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(handle, b".")
        spent = os.fstat(handle).st_size
    finally:
        os.close(handle)
    if 0 <= AFTER < spent:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place)


def _place_of(file):
    if not isinstance(file, int):
        return file
    try:
        return os.readlink(f"/proc/self/fd/{file}")  # noqa: PTH115 (importing pathlib here slows every start)
    except OSError:
        return None


class _Raw(io.FileIO):
    """A file whose blocks count."""

    def __init__(self, file, mode, closefd, opener):
        super().__init__(file, mode, closefd=closefd, opener=opener)
        self.place = _place_of(file)

    def write(self, data):
        try:
            _spend(self.place)
        except OSError as error:
            raise OSError(error.errno, error.strerror) from None  # as the system says it: no file's name
        return super().write(data)


_open = io.open


def _counting_open(  # noqa: PLR0917 (as the one that it stands for)
    file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None
):
    place = _place_of(file)
    is_ours = isinstance(place, (str, os.PathLike)) and os.path.realpath(place).startswith(BELOW + os.sep)
    if not (is_ours and set(mode) & set("wax+")):
        return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    if not isinstance(file, int):
        _spend(file)
    raw = _Raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
    if buffering == 0:
        return raw
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    if "b" in mode:
        return buffered
    text = io.TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)
    text.mode = mode
    return text


def _watch(event, arguments):
    if event in FOLLOWED:
        _spend(arguments[FOLLOWED[event]])
    elif event == "open" and arguments[1] is None and arguments[2] & os.O_CREAT:  # os.open, as mkstemp does
        _spend(arguments[0])


io.open = builtins.open = _counting_open
shutil._USE_CP_SENDFILE = False  # so that copies go through files of Python
sys.addaudithook(_watch)
