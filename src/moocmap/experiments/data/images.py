"""Images in folders, one folder a class: listed, hashed, checked, and decoded once into an array.

A listing is a table with one row an image, sorted by path:

| column   | holds                                                                                   |
| -------- | --------------------------------------------------------------------------------------- |
| `path`   | the file, below the data set's folder, with `/`                                         |
| `label`  | its class: the name of its folder                                                       |
| `part`   | "train" or "test" where the data set comes divided, else "all"                          |
| `sha256` | the hash of the file's bytes                                                            |
| `broken` | why the file cannot be used (no image, cut short, too large), else ""                   |
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from moocmap.experiments.spec import ExperimentError, hash_of
from moocmap.files import recall, remember

Pixels = NDArray[np.uint8]
COLUMNS = ("path", "label", "part", "sha256", "broken")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"})
ALL = "all"
CHUNK = 256
"""Images that are decoded before they are written."""


def list_images(
    folder: Path,
    parts: Mapping[str, str] | None = None,
    on_image: Callable[[int, int], None] | None = None,
    cache: Path | None = None,
) -> pd.DataFrame:
    """List the images of a data set: `<folder>/<class>/…`, or `<folder>/<folder of part>/<class>/…`.

    `parts` names the folders of parts, such as `{"train": "Train", "test": "Test"}`. `on_image` is told
    after each image how many of how many are done. Every file is decoded, so that one cut short is found.
    With `cache`, a folder, what was found is kept there: a file of the same size and time of change is not
    read again.

    Raises:
        ExperimentError: if a folder is missing, or holds no image.
    """
    files = list(_files(folder, parts or {ALL: "."}))
    if not files:
        raise ExperimentError(
            f"{folder}: no images; expected folders named like the classes, with files that end in "
            f"{', '.join(sorted(SUFFIXES))}"
        )
    names = [path.relative_to(folder).as_posix() for path, _, _ in files]
    with _Memory(folder, cache) as memory:
        found = memory.examine(files, names, on_image or (lambda done, total: None))
    rows = [(name, label, part, *found[name]) for name, (_, label, part) in zip(names, files, strict=True)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("path", ignore_index=True)


def _files(folder: Path, parts: Mapping[str, str]) -> Iterator[tuple[Path, str, str]]:
    for part, name in parts.items():
        place = folder / name
        if not place.is_dir():
            raise ExperimentError(f"{place}: no such folder; it should hold the images of part '{part}'")
        for classes in sorted(path for path in place.iterdir() if path.is_dir()):
            for path in sorted(classes.rglob("*")):
                if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
                    yield path, classes.name, part


class _Memory:
    """What was found in the files of a folder, kept as JSON: `{path: [size, changed, sha256, broken]}`."""

    def __init__(self, folder: Path, cache: Path | None) -> None:
        key = hash_of(folder.resolve().as_posix())
        self.file = cache / f"listing-{key[:16]}.json" if cache else None
        self.old: dict[str, list[Any]] = {}
        self.new: dict[str, list[Any]] = {}

    def __enter__(self) -> _Memory:
        self.old = recall(self.file) if self.file else {}
        return self

    def __exit__(self, *error: object) -> None:
        """Keep what is known, also of a listing that was interrupted."""
        if self.file and any(self.old.get(name) != entry for name, entry in self.new.items()):
            remember(self.file, self.old | self.new)

    def examine(
        self,
        files: Iterable[tuple[Path, str, str]],
        names: Sequence[str],
        on_image: Callable[[int, int], None],
    ) -> dict[str, tuple[str, str]]:
        """Return hash and what is wrong of each file, by its name."""
        with _strict(), ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            try:
                entries = pool.map(self._entry, (path for path, _, _ in files), names)
                for done, (name, entry) in enumerate(zip(names, entries, strict=True), start=1):
                    self.new[name] = entry
                    on_image(done, len(names))
            except BaseException:
                pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for all files
                raise
        found = {name: (str(entry[2]), str(entry[3])) for name, entry in self.new.items()}
        self.new = {name: entry for name, entry in self.new.items() if entry[2]}
        return found

    def _entry(self, path: Path, name: str) -> list[Any]:
        try:
            facts = path.stat()
        except OSError as error:
            return [0, 0, "", f"cannot be read: {error.strerror}"]
        stamp = [facts.st_size, facts.st_mtime_ns]
        old = self.old.get(name)
        if isinstance(old, list) and len(old) == 4 and old[:2] == stamp:
            return old
        return [*stamp, *_examine(path)]


def _examine(path: Path) -> tuple[str, str]:
    """Return the hash of a file, and what is wrong with it as an image ("" if nothing)."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"
    digest = hashlib.sha256(content).hexdigest()
    try:
        _decoded(content)
    except UnidentifiedImageError:
        return digest, "is empty" if not content else "is no image"
    except Exception as error:  # what Pillow raises for damaged files depends on the format
        return digest, str(error) or type(error).__name__
    return digest, ""


@contextmanager
def _strict() -> Iterator[None]:
    """Refuse images of absurd size, and let Pillow's other warnings be; filters hold for all threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _decoded(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB")


def decode(folder: Path, paths: Iterable[str], size: int) -> Pixels:
    """Return images as an array (n, size, size, 3; 0 to 255): colour, squashed to a square, bilinear.

    Raises:
        ExperimentError: naming the first image that cannot be decoded.
    """
    names = list(paths)

    def one(number: int) -> None:
        name = names[number]
        try:
            image = _decoded((folder / name).read_bytes())
        except Exception as error:  # what Pillow raises for damaged files depends on the format
            raise ExperimentError(
                f"{folder / name}: {error}; drop it with '- drop: unreadable' under data.clean"
            ) from error
        pixels[number] = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), dtype=np.uint8)

    pixels = np.empty((len(names), size, size, 3), np.uint8)
    with _strict(), ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            for _ in pool.map(one, range(len(names))):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return pixels


def decoded_once(folder: Path, images: pd.DataFrame, size: int, cache: Path) -> Pixels:
    """Return `decode` of a listing, read-only, from a file in `cache` that is named by what it holds.

    The name is made of the files' hashes, so other content never meets an old file; it is written whole or
    not at all. The array stays on the disk and is read as it is used (memory-mapped).

    Raises:
        ExperimentError: if an image cannot be decoded, or the cache cannot be written.
    """
    key = hash_of({"files": images["sha256"].tolist(), "size": size, "form": "rgb-bilinear-squash"})
    file = cache / f"images-{size}px-{key[:16]}.npy"
    shape = (len(images), size, size, 3)
    found = _mapped(file, shape)
    if found is None:
        try:
            _write_decoded(file, folder, images["path"], shape)
        except OSError as error:
            needed = math.prod(shape) / 1e6
            raise ExperimentError(
                f"{file}: {error.strerror or error}; decoded images need {needed:,.0f} MB there"
            ) from error
        found = _mapped(file, shape)
        assert found is not None
    return found


def _write_decoded(file: Path, folder: Path, paths: Iterable[str], shape: tuple[int, ...]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    names = list(paths)
    try:
        with os.fdopen(handle, "wb") as fresh:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(fresh, header)
            for start in range(0, len(names), CHUNK):  # so that memory need not hold all
                fresh.write(decode(folder, names[start : start + CHUNK], shape[1]).data)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mapped(file: Path, shape: tuple[int, ...]) -> Pixels | None:
    """Return the array in a file, or None if there is none of this shape, whole."""
    try:
        found = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return np.asarray(found) if found.shape == shape and found.dtype == np.uint8 else None


def manifest_of(images: pd.DataFrame) -> str:
    """Return the hash that names a listing: of each image's path, class, part and content."""
    return hash_of(images[["path", "label", "part", "sha256"]].to_numpy().tolist())
