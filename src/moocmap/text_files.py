"""Reads the text files that people edit, whoever they come from: never a hang, and no file from elsewhere.

Only regular files are read, up to a size, as UTF-8. A link may lead anywhere within the guide's folder. One
that leads out of it is refused, so that a guide from a stranger cannot publish a file of whoever builds it;
but a whole part of the guide (`site`, `experiments`, …) may be a link: that is how two guides share it.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from moocmap.diagnostics import Diagnostic, DiagnosticsError

MOST_BYTES = 1_000_000
"""The largest text file that is read, 10 times our largest. PyYAML takes up to 5 s and 400 MiB for it."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"):  # none of them is on every system
    _FLAGS |= getattr(os, _flag, 0)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
"""Control characters: nobody sees them, and some move a terminal's cursor. Tabs and line ends are none."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read(path: Path, root: Path, most_bytes: int = MOST_BYTES) -> str:
    """Return the text of a file of the guide in `root`, without a byte order mark, its lines ended by "\\n".

    Raises DiagnosticsError naming the file, and the place of a control character or a byte that is no UTF-8,
    when the file is missing, is no regular file, is larger than `most_bytes`, or stands outside of the guide.
    """
    name = label(path, root)
    try:
        text = _content(path, root, most_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DiagnosticsError([no_utf8(error, name)]) from error
    except (_RefusedError, OSError) as error:
        raise DiagnosticsError([_why(error, name)]) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    control = CONTROL.search(text)
    if control:
        raise DiagnosticsError([_unseen_character(text, control.start(), name)])
    return text


def read_damaged(path: Path, root: Path) -> str:
    """Return what can be made out in a file that `read` refused: nothing where it must not be opened."""
    try:
        return _content(path, root, MOST_BYTES).decode("utf-8", errors="replace")
    except (OSError, _RefusedError):
        return ""


def listed(
    folder: Path, root: Path, suffixes: Sequence[str] = (".yml",)
) -> tuple[list[Path], list[Diagnostic]]:
    """Return what stands in a folder under a name with one of the suffixes, sorted, and why it has no list.

    A missing folder holds nothing; one that cannot be opened is a finding, not an empty one.
    """
    if not os.path.lexists(folder):
        return [], []
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        reason = error.strerror or str(error)
        return [], [unreadable(label(folder, root), reason, "check the folder's name and rights")]
    return [path for path in paths if path.suffix in suffixes], []


def refuse_foreign(folder: Path, root: Path) -> None:
    """Refuse a folder of the guide in `root` that holds other things than folders and files of the guide.

    Such as links that lead out of it, pipes and devices. Raises DiagnosticsError naming each.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            real = _real(path, root)
            if not real.is_dir():
                _ask_regular(real.stat())
        except (_RefusedError, OSError) as error:
            found.append(_why(error, label(path, root)))
    if found:
        raise DiagnosticsError(found)


def label(path: Path, root: Path) -> str:
    """Return a file's name as messages show it: from the guide's folder on, what cannot be seen escaped."""
    name = path.relative_to(root) if path.is_relative_to(root) else path
    return visible(name.as_posix())


def visible(text: str) -> str:
    """Return text on one line, in which control characters and what is no character are seen: "\\x1b"."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def unreadable(name: str, message: str, hint: str) -> Diagnostic:
    """Say of a whole file or folder why it cannot be read."""
    return Diagnostic(name, 1, 1, "error", "unreadable-file", message, hint)


def no_utf8(error: UnicodeDecodeError, name: str) -> Diagnostic:
    """Name the place of the first byte that is no UTF-8."""
    before = error.object[: error.start].decode("utf-8", errors="replace")
    line, column = place_of(before, len(before))
    message = f"byte {error.object[error.start]:#04x} is no UTF-8"
    return Diagnostic(name, line, column, "error", "unreadable-file", message, "save the file as UTF-8")


def place_of(text: str, index: int) -> tuple[int, int]:
    """Return line and column (from 1) of a character by its index."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def shortened(text: str, most: int = 60) -> str:
    """Return text as `visible` does, cut to at most `most` characters of it."""
    return visible(text if len(text) <= most else text[: most - 1] + "…")


def _unseen_character(text: str, index: int, name: str) -> Diagnostic:
    message = f"the control character U+{ord(text[index]):04X} stands here"
    place = place_of(text, index)
    return Diagnostic(name, *place, "error", "unreadable-file", message, "remove it: it cannot be seen")


class _RefusedError(Exception):
    """A file that could be read but must not be; arguments: what is wrong, how to mend it."""


def _content(path: Path, root: Path, most_bytes: int) -> bytes:
    """Return a file's bytes. What is looked at is what is read: nobody can put another file in between."""
    real = _real(path, root)
    _ask_regular(real.stat())  # before it is opened, which can wait for ever or do something
    handle = os.open(real, _FLAGS)
    with os.fdopen(handle, "rb") as file:
        size = _ask_regular(os.fstat(handle))
        content = b"" if size > most_bytes else file.read(most_bytes + 1)
    size = max(size, len(content))  # it may have grown meanwhile
    if size > most_bytes:
        message = f"is {_megabytes(size)} MB large; more than {_megabytes(most_bytes)} MB are not read"
        raise _RefusedError(message, "shorten it, or divide it into several files")
    return content


def _megabytes(size: int) -> str:
    return f"{math.ceil(size / 1e5) / 10:,.1f}".removesuffix(".0")


def _ask_regular(found: os.stat_result) -> int:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise _RefusedError(
            f"is {_KINDS.get(kind, 'no regular file')}; expected a text file", "put a text file there"
        )
    return found.st_size


def _real(path: Path, root: Path) -> Path:
    """Follow all links of a path within the guide."""
    part = path.relative_to(root).parts[:1] if path.is_relative_to(root) else ()
    allowed = [root, root.joinpath(*part)] if part != ("..",) else [root]
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(os.path.realpath(folder)) for folder in allowed):
        raise _RefusedError("is a link that leads out of the guide's folder", "put the file itself there")
    return real


def _why(error: _RefusedError | OSError, name: str) -> Diagnostic:
    if isinstance(error, _RefusedError):
        return unreadable(name, *error.args)
    return unreadable(name, error.strerror or str(error), "check its name and rights")
