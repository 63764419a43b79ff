"""Cleaning a data set in declared steps: pure functions from a listing of images to what each step drops.

An experiment names the steps under `data.clean`, in their order:

- `{drop: unreadable}`: files that are no image, or cut short.
- `{drop: cross-class-duplicates}`: all copies of an image that stands in more than one class, for nobody can
  tell which class is right.
- `{drop: duplicates}`: copies of an image within its class, but one; of a copy in training and one in test
  the test's is kept.
- `{drop: small-classes, fewer_than: 100}`: all images of classes with fewer.

Copies are files with the same bytes. Images that only look the same are reported (`near_duplicates`), never
dropped: whether two of them are one is a judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class StepDone:
    """A cleaning step: how it was declared, what it dropped, and how many images were left."""

    step: Mapping[str, Any]
    dropped: pd.DataFrame
    left: int

    @property
    def groups(self) -> int:
        """How many different images it dropped: a pair of copies is one."""
        return int(self.dropped["sha256"].nunique())


def clean(images: pd.DataFrame, steps: Iterable[Mapping[str, Any]]) -> tuple[pd.DataFrame, list[StepDone]]:
    """Apply steps to a listing (see `images.list_images`); return what is left, and what each step did."""
    done = []
    for step in steps:
        options = {key: value for key, value in step.items() if key != "drop"}
        drops = STEPS[step["drop"]](images, **options)
        dropped, images = images[drops], images[~drops].reset_index(drop=True)
        done.append(StepDone(step, dropped.reset_index(drop=True), len(images)))
    return images, done


def unreadable(images: pd.DataFrame) -> pd.Series[bool]:
    """Mark files that cannot be decoded."""
    return images["broken"] != ""


def cross_class_duplicates(images: pd.DataFrame) -> pd.Series[bool]:
    """Mark every copy of an image that stands in more than one class."""
    return (images.groupby("sha256")["label"].transform("nunique") > 1) & _is_hashed(images)


def duplicates(images: pd.DataFrame) -> pd.Series[bool]:
    """Mark copies within a class but one: the test's if there is one, else the first by path."""
    ranked = images.assign(rank=(images["part"] != "test").astype(int)).sort_values(["rank", "path"])
    return ranked.duplicated(["label", "sha256"]).reindex(images.index) & _is_hashed(images)


def _is_hashed(images: pd.DataFrame) -> pd.Series[bool]:
    """Mark files that could be read at all: of others nobody knows whether they are copies."""
    return images["sha256"] != ""


def small_classes(images: pd.DataFrame, fewer_than: int) -> pd.Series[bool]:
    """Mark the images of classes with fewer than `fewer_than`."""
    return images.groupby("label")["path"].transform("size") < fewer_than


STEPS: dict[str, Callable[..., pd.Series[bool]]] = {
    "unreadable": unreadable,
    "cross-class-duplicates": cross_class_duplicates,
    "duplicates": duplicates,
    "small-classes": small_classes,
}
"""Steps by the name that experiments call them: each marks what it drops, given a listing."""


# Near duplicates ------------------------------------------------------------------------------------


def near_duplicates(
    folder: Path, images: pd.DataFrame, most_bits: int = 4, on_image: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Find pairs of images that look alike although their bytes differ.

    Pairs whose perceptual hashes (64 bits, `imagehash.phash`) differ in `most_bits` at most are returned,
    most alike first, with the columns `first` and `second` (paths), `bits` and `same_class`. `on_image` is
    told after each image how many of how many are hashed.
    """
    import imagehash

    readable = images[images["broken"] == ""].drop_duplicates("sha256").reset_index(drop=True)
    hashes = np.empty((len(readable), 64), np.float32)
    for number, path in enumerate(readable["path"]):
        with Image.open(folder / path) as image:
            hashes[number] = imagehash.phash(image).hash.ravel()
        if on_image:
            on_image(number + 1, len(readable))
    labels, paths = readable["label"].to_numpy(), readable["path"].to_numpy()
    rows = [
        (paths[one], paths[other], bits, bool(labels[one] == labels[other]))
        for one, other, bits in _close_pairs(hashes, most_bits)
    ]
    found = pd.DataFrame(rows, columns=["first", "second", "bits", "same_class"])
    return found.sort_values(["bits", "first", "second"], ignore_index=True)


def _close_pairs(hashes: NDArray[np.float32], most_bits: int) -> list[tuple[int, int, int]]:
    """Return positions (the lower first) and distance of all pairs of 0/1 rows that differ in few bits."""
    signs = 2 * hashes - 1
    pairs = []
    for one in range(len(hashes) - 1):
        bits = (hashes.shape[1] - signs[one + 1 :] @ signs[one]) / 2
        pairs += [(one, one + 1 + int(n), int(bits[n])) for n in np.flatnonzero(bits <= most_bits)]
    return pairs
