"""Sources of images: where each kind lies on a machine, and reading it.

A source is found below one of some folders of data (`folders_of_data`): the one that a command names, that of
the variable `MOOCMAP_DATA`, and `data/` of the guide. What lies in none of them is downloaded once, where the
source says from where.

| kind      | lies in a folder of data as                         | is read as |
| --------- | --------------------------------------------------- | ---------- |
| `sklearn` | – (scikit-learn carries it)                         | arrays     |
| `keras`   | `<name>.npz` with x_train, y_train, x_test, y_test  | arrays     |
| `folder`  | `<path>/`, in it a folder for each class (and part) | files      |
| `kaggle`  | `<name>/` or `<owner>/<name>/`                      | files      |
| `fastai`  | the name of fastai's archive, `imagenette2-160/`    | files      |
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.data import downloads, images
from moocmap.experiments.data.images import ALL, COLUMNS
from moocmap.experiments.spec import ExperimentError

VARIABLE = "MOOCMAP_DATA"
"""The environment variable that names a folder of data."""
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
DEPTH = 3
"""How deep below an archive's folder its images may begin."""

Pixels = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """What a source holds: a listing (see `images`), and the images where they are arrays.

    Of arrays, `path` in the listing is the image's number in the source (from 0; test images come after
    those for training), `label` a number, and `sha256` the hash of its pixels. Images are (n, height, width,
    channels) as the source has them, in the listing's order.
    """

    listing: pd.DataFrame
    images: Pixels | None = None


# Finding --------------------------------------------------------------------------------------------


def folders_of_data(guide: Path, root: Path | None = None) -> list[Path]:
    """Return where data is looked for, in this order: `root`, $MOOCMAP_DATA, `<guide>/data`."""
    named = os.environ.get(VARIABLE)
    return [*([root] if root else []), *([Path(named)] if named else []), guide / "data"]


def find(
    source: Mapping[str, Any], roots: Sequence[Path], *, classes: Sequence[int | str] = ()
) -> Path | None:
    """Return the folder or file of a source in the first of `roots` that has it; None if none has it.

    Each root may also be the source's folder itself, if folders of its parts (or of all `classes`, for a
    source without parts) lie right in it.
    """
    if source["kind"] == "sklearn":
        return None
    expected = _expected(source, classes)
    return next((place for root in roots if (place := _in_root(source, root, expected))), None)


def _expected(source: Mapping[str, Any], classes: Sequence[int | str]) -> _Layout:
    return _Layout(source.get("parts"), tuple(map(str, classes)))


def locate(
    source: Mapping[str, Any],
    roots: Sequence[Path],
    on_download: Callable[[int, int], None] | None = None,
    *,
    classes: Sequence[int | str] = (),
    cache: Path | None = None,
) -> Path | None:
    """Return the folder or file of a source, downloaded if it is in none of `roots`; None for scikit-learn.

    It is looked for as `find` does. `on_download` is told the bytes that came and that are to come (0
    if that is not known); `cache` is where downloads go, else `downloads.cache_folder()`.

    Raises:
        ExperimentError: if it is nowhere and cannot be downloaded; the message says what to fetch and where
            to put it.
    """
    if source["kind"] == "sklearn":
        return None
    if (there := find(source, roots, classes=classes)) is not None:
        return there
    expected = _expected(source, classes)
    home = cache or downloads.cache_folder()
    wanted = _wish(source, expected, roots)
    if source["kind"] == "keras":
        return downloads.keras(source["name"], home, wanted, on_download)
    if source["kind"] == "fastai":
        place = downloads.fastai(source["name"], home, wanted, on_download)
    elif "url" in source:
        place = downloads.archive(source["url"], f"sha256:{source['sha256']}", home, wanted, on_download)
    elif "kaggle" in source or source["kind"] == "kaggle":
        place = downloads.kaggle(source.get("kaggle") or source["dataset"], wanted)
    else:
        raise ExperimentError(f"no data '{source['path']}': {wanted}")
    inner = expected.within(
        place / source["path"] if source["kind"] == "kaggle" and "path" in source else place
    )
    if inner is None:
        raise ExperimentError(
            f"{place}: downloaded, but it does not hold {expected}; name the parts as it has them"
        )
    return inner


@dataclass(frozen=True)
class _Layout:
    """The folders that a data set is known by: those of its parts, or of its classes."""

    parts: Mapping[str, str] | None
    classes: tuple[str, ...]

    def __str__(self) -> str:
        if self.parts:
            first = self.classes[0] if self.classes else "<class>"
            return " and ".join(f"{name}/{first}/…" for name in self.parts.values())
        return ", ".join(f"{name}/" for name in self.classes[:3]) + "…" if self.classes else "<class>/…"

    def is_in(self, folder: Path) -> bool:
        """Tell whether a folder holds them all."""
        if not self.parts:
            return bool(self.classes) and all((folder / name).is_dir() for name in self.classes)
        return all(
            any((folder / part / name).is_dir() for name in self.classes or (".",))
            for part in self.parts.values()
        )

    def within(self, folder: Path) -> Path | None:
        """Return the folder itself or the first below it that holds them, None if there is none.

        Without parts and classes to know it by, it is the first folder that has more than one folder.
        """
        level = [folder]
        for _ in range(DEPTH + 1):
            for place in level:
                if self.is_in(place) or (
                    not self.parts and not self.classes and len(list(_folders(place))) > 1
                ):
                    return place
            level = [child for place in level for child in _folders(place)]
        return None


def _folders(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def _in_root(source: Mapping[str, Any], root: Path, expected: _Layout) -> Path | None:
    if source["kind"] == "keras":
        files = (path for path in (root / _names(source)[0], root) if path.name == _names(source)[0])
        return next((path for path in files if path.is_file()), None)
    for name in _names(source):
        place = root / name
        if place.is_dir():
            return expected.within(place) or place  # what is missing in it, reading says
    return root if expected.is_in(root) else None


def _names(source: Mapping[str, Any]) -> list[str]:
    """Return the names that a source may have in a folder of data, the best first."""
    kind = source["kind"]
    if kind == "keras":
        return [f"{source['name']}.npz"]
    if kind == "fastai":
        return [downloads.fastai_folder(source["name"])]
    if kind == "kaggle":
        owner, name, *_ = source["dataset"].split("/")
        below = f"/{source['path']}" if "path" in source else ""
        return [f"{name}{below}", f"{owner}/{name}{below}"]
    return [source["path"]]


def _wish(source: Mapping[str, Any], expected: _Layout, roots: Sequence[Path]) -> str:
    """Say where to put a source, and how it should lie there."""
    name = _names(source)[0]
    places = " or ".join(str(root / name) for root in roots)
    if source["kind"] == "keras":
        return f"put {name} (arrays {', '.join(ARRAYS)}) at {places}"
    return (
        f"put its folder at {places}, so that it holds {expected}; "
        f"or say where the data is with --root or {VARIABLE}"
    )


# Reading --------------------------------------------------------------------------------------------


def read(
    source: Mapping[str, Any],
    place: Path | None,
    cache: Path | None = None,
    on_image: Callable[[int, int], None] | None = None,
) -> Source:
    """Read a source that lies at `place`: its listing, and its images where they are arrays.

    `cache` and `on_image` are those of `images.list_images`.

    Raises:
        ExperimentError: if it is not there, or not what it should be.
    """
    if source["kind"] == "sklearn":
        return _from_sklearn(source["name"])
    if place is None:
        raise ExperimentError(f"the data '{_names(source)[0]}' was not located on this machine")
    if source["kind"] == "keras":
        return _from_npz(place)
    if not place.is_dir():
        raise ExperimentError(f"{place}: no such folder; it should hold the images, in folders of classes")
    return Source(images.list_images(place, source.get("parts"), on_image, cache))


def _from_sklearn(name: str) -> Source:
    """Read one of the image sets that scikit-learn carries (float32); grey images get one channel."""
    import sklearn.datasets

    known = [loader.removeprefix("load_") for loader in dir(sklearn.datasets) if loader.startswith("load_")]
    if name not in known:
        raise ExperimentError(f"scikit-learn has no data set '{name}'; {did_you_mean(name, known)}")
    bunch = getattr(sklearn.datasets, f"load_{name}")()
    if "images" not in bunch or "target" not in bunch:
        raise ExperimentError(f"scikit-learn's data set '{name}' has no images with classes")
    found = _with_channels(np.asarray(bunch["images"], dtype=np.float32))
    labels = np.asarray(bunch["target"], np.int64)
    return Source(_listing_of(found, labels, [ALL] * len(labels)), found)


def _from_npz(path: Path) -> Source:
    """Read a data set in Keras' layout (uint8, 0 to 255); grey images get one channel."""
    try:
        with np.load(path, allow_pickle=False) as file:
            lacking = [name for name in ARRAYS if name not in file.files]
            if lacking:
                raise ExperimentError(
                    f"{path}: no array {', '.join(lacking)}; it has {', '.join(file.files)}"
                )
            arrays = {name: file[name] for name in ARRAYS}
    except ExperimentError:
        raise
    except Exception as error:  # what zipfile and NumPy raise for damaged files is not of one kind
        raise ExperimentError(
            f"{path}: cannot be read ({error}); expected a file that numpy.savez wrote, with arrays "
            f"{', '.join(ARRAYS)}; fetch it again"
        ) from error
    for part in ("train", "test"):
        pixels, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4) or labels.size != len(pixels):
            raise ExperimentError(
                f"{path}: x_{part} is {pixels.dtype} {pixels.shape} with {labels.size} labels; expected "
                "uint8 images (n, height, width) or (n, height, width, channels), with as many labels"
            )
        if labels.dtype.kind not in "iu":
            raise ExperimentError(
                f"{path}: y_{part} is {labels.dtype}; expected labels that are whole numbers"
            )
    if arrays["x_train"].shape[1:] != arrays["x_test"].shape[1:]:
        raise ExperimentError(f"{path}: images for training and for the test are not of one size")
    found = _with_channels(np.concatenate([arrays["x_train"], arrays["x_test"]]))
    labels = np.concatenate([arrays["y_train"].ravel(), arrays["y_test"].ravel()]).astype(np.int64)
    parts = ["train"] * len(arrays["x_train"]) + ["test"] * len(arrays["x_test"])
    return Source(_listing_of(found, labels, parts), found)


def _with_channels(found: NDArray[Any]) -> NDArray[Any]:
    return found[..., np.newaxis] if found.ndim == 3 else found


def _listing_of(found: NDArray[Any], labels: NDArray[np.int64], parts: Sequence[str]) -> pd.DataFrame:
    columns = (
        np.arange(len(found)),
        labels,
        parts,
        [hashlib.sha256(np.ascontiguousarray(image).data).hexdigest() for image in found],
        [""] * len(found),
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
