"""Images of a task as NumPy arrays: read, restricted to classes, scaled, split, and named by hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.spec import Data, ExperimentError, Split, hash_of
from moocmap.experiments.weights import digest

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Part:
    """Images (n, height, width, channels; float32, 0 to 1), class numbers (n; from 0) and ids (n).

    A class number counts within the task's classes; an id is the image's number in its source.
    """

    images: Floats
    labels: Ints
    ids: Ints

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Task:
    """The three disjoint parts of a task, and its classes as the source calls them."""

    classes: list[int]
    train: Part
    validation: Part
    test: Part

    def parts(self) -> dict[str, Part]:
        """Return the parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def load(data: Data) -> Task:
    """Read the images of a task and split them.

    Raises:
        ExperimentError: if the source is unknown or lacks a class, or a part would be without images.
    """
    images, labels = SOURCES[data["source"]["kind"]](data["source"])
    lacking = sorted(set(data["classes"]) - set(labels.tolist()))
    if lacking:
        raise ExperimentError(f"classes {lacking} are not in the data; it has {sorted(set(labels.tolist()))}")
    low, high = data["pixel_range"]
    if images.min() < low or images.max() > high:
        raise ExperimentError(
            f"pixels lie from {images.min():g} to {images.max():g}, "
            f"outside the pixel_range {low:g} to {high:g}"
        )
    scaled = ((images - low) / (high - low)).astype(np.float32)
    number_of = {label: number for number, label in enumerate(data["classes"])}
    chosen = np.flatnonzero(np.isin(labels, data["classes"]))
    numbers = np.array([number_of[label] for label in labels[chosen].tolist()], dtype=np.int64)
    parts = split(numbers, data["split"])
    return Task(
        data["classes"],
        *(Part(scaled[chosen[parts[name]]], numbers[parts[name]], chosen[parts[name]]) for name in PARTS),
    )


def _from_sklearn(source: Mapping[str, Any]) -> tuple[Floats, Ints]:
    """Read one of the image sets that scikit-learn carries; grey images get one channel."""
    import sklearn.datasets

    known = [name.removeprefix("load_") for name in dir(sklearn.datasets) if name.startswith("load_")]
    name = source["name"]
    if name not in known:
        raise ExperimentError(f"scikit-learn has no data set '{name}'; {did_you_mean(name, known)}")
    bunch = getattr(sklearn.datasets, f"load_{name}")()
    if "images" not in bunch or "target" not in bunch:
        raise ExperimentError(f"scikit-learn's data set '{name}' has no images with classes")
    images = np.asarray(bunch["images"], dtype=np.float32)
    return images[..., np.newaxis] if images.ndim == 3 else images, np.asarray(bunch["target"], np.int64)


SOURCES: dict[str, Callable[[Mapping[str, Any]], tuple[Floats, Ints]]] = {"sklearn": _from_sklearn}
"""Readers by the kind of source: each returns images (n, height, width, channels) and labels (n)."""


def split(labels: Ints, shares: Split) -> dict[str, Ints]:
    """Split positions by class, so that each part has each class in proportion.

    Returns the sorted positions of "train", "validation" and "test": disjoint, the same for the same seed
    on every machine, and with one position of each class at least. A part has the rounded share of each
    class. Where `train` is None it takes all that is left; otherwise what is left over is not used.

    Raises:
        ExperimentError: if a class has too few images for this.
    """
    rng = np.random.default_rng(shares["seed"])
    found: dict[str, list[Ints]] = {name: [] for name in PARTS}
    for label in np.unique(labels):
        order = rng.permutation(np.flatnonzero(labels == label))
        test = round(shares["test"] * len(order))
        held = test + round(shares["validation"] * len(order))
        train = len(order) - held if shares["train"] is None else round(shares["train"] * len(order))
        cut = {"test": order[:test], "validation": order[test:held], "train": order[held : held + train]}
        if min(map(len, cut.values())) == 0 or len(cut["train"]) < train:
            raise ExperimentError(
                f"class number {label} has {len(order)} images, too few for the shares {dict(shares)}; "
                "raise the shares or drop the class"
            )
        for name, positions in cut.items():
            found[name].append(positions)
    return {name: np.sort(np.concatenate(positions)) for name, positions in found.items()}


def manifest(task: Task) -> dict[str, Any]:
    """Describe a task's data: of each part its size, its images of each class and the hash of its arrays."""
    parts = {
        name: {
            "n": len(part),
            "per_class": {
                str(label): int((part.labels == number).sum()) for number, label in enumerate(task.classes)
            },
            "sha256": digest({"images": part.images, "labels": part.labels, "ids": part.ids}),
        }
        for name, part in task.parts().items()
    }
    return {"parts": parts, "sha256": hash_of(parts)}
