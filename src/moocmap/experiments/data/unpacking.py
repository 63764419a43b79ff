"""Unpacks archives of strangers: nothing lands outside their folder, and nothing fills the disk."""

from __future__ import annotations

import shutil
import stat
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from moocmap.experiments.spec import ExperimentError

MOST_TIMES = 100
"""How many times its own size an archive may unpack to; images hardly shrink in one."""
SMALL = 2**30
"""Bytes to which every archive may unpack, however small it is."""
BLOCK = 4096
"""Bytes that a file takes at least."""


def unpack(file: Path, folder: Path) -> None:
    """Unpack a tar or zip archive to `folder`, which appears when all of it is there.

    Raises:
        ExperimentError: if it is no archive, is damaged, holds links or devices, names places outside the
            folder, or would unpack to more than `MOST_TIMES` its size.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    room = _Room(max(SMALL, MOST_TIMES * file.stat().st_size))
    try:
        if tarfile.is_tarfile(file):
            _unpack_tar(file, fresh, room)
        else:
            _unpack_zip(file, fresh, room)
        fresh.chmod(0o755)
        fresh.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
        if not folder.is_dir():  # else another process was faster
            raise ExperimentError(f"{file}: cannot be unpacked ({error}); remove it and try again") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@dataclass
class _Room:
    """How many bytes an archive may still unpack to."""

    left: int

    def take(self, name: str, size: int) -> None:
        """Take the room of a file, or raise ValueError; even an empty one takes a block of the disk."""
        self.left -= max(size, BLOCK)
        if self.left < 0:
            raise ValueError(f"with '{name}' it unpacks to more than a data set of its size can")


def _unpack_tar(file: Path, folder: Path, room: _Room) -> None:
    """Unpack entry by entry, so that nothing is written before it was looked at.

    Symbolic links are refused, though tar's filter lets those pass that stay inside: before Python 3.11.13
    and 3.12.11 a long chain of them leads out of the folder (CVE-2025-4517).
    """
    with tarfile.open(file) as tar:
        for entry in tar:
            if entry.issym():
                raise ValueError(f"'{entry.name}' is a link")
            room.take(entry.name, entry.size)
            tar.extract(entry, folder, filter="data")


def _unpack_zip(file: Path, folder: Path, room: _Room) -> None:
    with zipfile.ZipFile(file) as archived:
        _check_names(archived)
        for entry in archived.infolist():
            room.take(entry.filename, entry.file_size)
        archived.extractall(folder)


def _check_names(archived: zipfile.ZipFile) -> None:
    """Refuse what tar's filter refuses: places outside the folder, and links."""
    for entry in archived.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
            raise ValueError(f"'{entry.filename}' would be outside the folder")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"'{entry.filename}' is a link")
