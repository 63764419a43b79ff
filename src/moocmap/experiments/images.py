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
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from moocmap.experiments.spec import ExperimentError, hash_of

Pixels = NDArray[np.uint8]
COLUMNS = ("path", "label", "part", "sha256", "broken")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"})
ALL = "all"


def list_images(
    folder: Path, parts: Mapping[str, str] | None = None, on_image: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """List the images of a data set: `<folder>/<class>/…`, or `<folder>/<folder of part>/<class>/…`.

    `parts` names the folders of parts, such as `{"train": "Train", "test": "Test"}`. `on_image` is told
    after each image how many of how many are done. Every file is decoded, so that one cut short is found.

    Raises:
        ExperimentError: if a folder is missing, or holds no image.
    """
    files = list(_files(folder, parts or {ALL: "."}))
    if not files:
        raise ExperimentError(
            f"{folder}: no images; expected folders named like the classes, with files that end in "
            f"{', '.join(sorted(SUFFIXES))}"
        )
    rows = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done, (file, (digest, broken)) in enumerate(
            zip(files, pool.map(_examine, (path for path, _, _ in files)), strict=True), start=1
        ):
            path, label, part = file
            rows.append((path.relative_to(folder).as_posix(), label, part, digest, broken))
            if on_image:
                on_image(done, len(files))
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


def _examine(path: Path) -> tuple[str, str]:
    """Return the hash of a file, and what is wrong with it as an image ("" if nothing)."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"
    digest = hashlib.sha256(content).hexdigest()
    try:
        _decoded(content)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return digest, str(error).replace(f" {path}", "") or type(error).__name__
    return digest, ""


def _decoded(content: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as image:
            return image.convert("RGB")


def decode(folder: Path, paths: Iterable[str], size: int) -> Pixels:
    """Return images as an array (n, size, size, 3; 0 to 255): colour, squashed to a square, bilinear.

    Raises:
        ExperimentError: naming the first image that cannot be decoded.
    """
    names = list(paths)

    def one(name: str) -> Pixels:
        try:
            image = _decoded((folder / name).read_bytes())
        except (OSError, SyntaxError, ValueError) as error:
            raise ExperimentError(
                f"{folder / name}: {error}; drop it with '- drop: unreadable' under data.clean"
            ) from error
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), dtype=np.uint8)

    pixels = np.empty((len(names), size, size, 3), np.uint8)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for number, image in enumerate(pool.map(one, names)):
            pixels[number] = image
    return pixels


def decoded_once(folder: Path, images: pd.DataFrame, size: int, cache: Path) -> Pixels:
    """Return `decode` of a listing, read-only, from a file in `cache` that is named by what it holds.

    The name is made of the files' hashes, so other content never meets an old file; it is written whole or
    not at all.
    """
    key = hash_of({"files": images["sha256"].tolist(), "size": size, "form": "rgb-bilinear-squash"})
    file = cache / f"images-{size}px-{key[:16]}.npy"
    if not file.is_file():
        pixels = decode(folder, images["path"], size)
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".part", delete=False) as fresh:
            try:
                np.save(fresh, pixels)
            except BaseException:
                Path(fresh.name).unlink(missing_ok=True)
                raise
        Path(fresh.name).replace(file)
    found: Pixels = np.load(file, mmap_mode="r", allow_pickle=False)
    return found


def manifest_of(images: pd.DataFrame) -> str:
    """Return the hash that names a listing: of each image's path, class, part and content."""
    return hash_of(images[["path", "label", "part", "sha256"]].to_numpy().tolist())
