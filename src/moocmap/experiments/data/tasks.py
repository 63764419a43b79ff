"""Images of a task as NumPy arrays: read, cleaned, restricted to classes, split, and named by hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.data import sources
from moocmap.experiments.data.cleaning import StepDone, clean
from moocmap.experiments.data.images import decoded_once
from moocmap.experiments.data.sources import Pixels, Source
from moocmap.experiments.models.weights import digest
from moocmap.experiments.spec import ExperimentError, hash_of

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Ids = NDArray[np.int64] | NDArray[np.str_]
Class = int | str
PARTS = ("train", "validation", "test")
GIVEN = "given"


@dataclass(frozen=True)
class Part:
    """Images (n, height, width, channels), class numbers (n; from 0) and ids (n).

    Images are uint8 from 0 to 255, or float32 from 0 to 1 (scikit-learn's); see `as_floats`. Those from
    files are read from the disk as they are used, and cannot be written to. A class number counts within the
    task's classes. An id is the image's number in its source, or its path below the source's folder; `hashes`
    are the SHA-256 of the files, None for images that are no files.
    """

    images: Pixels
    labels: Ints
    ids: Ids
    hashes: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Task:
    """The three disjoint parts of a task, and its classes as the source calls them."""

    classes: list[Any]
    train: Part
    validation: Part
    test: Part

    def parts(self) -> dict[str, Part]:
        """Return the parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


@dataclass(frozen=True)
class Arrangement:
    """What becomes of a listing of images (see `images`): all of it, step by step, and what is used.

    `chosen` are the images of the declared classes that cleaning left. `used` are those that a part takes,
    with two more columns: `use` (train, validation or test) and `number` (of the class, from 0).
    """

    listing: pd.DataFrame
    steps: list[StepDone]
    chosen: pd.DataFrame
    used: pd.DataFrame


def load(data: Mapping[str, Any], place: Path | None = None, cache: Path | None = None) -> Task:
    """Read the images of a task, clean and split them.

    `data` is what `DataSettings.as_spec` says. `place` is where the source lies (see `sources.locate`), None
    for scikit-learn's. `cache` is a folder for what takes long, the listing and the decoded images; images
    from files need one.

    Raises:
        ExperimentError: if the source is unknown or damaged, its classes are not the declared ones, or a part
            would be without images.
    """
    source = sources.read(data["source"], place, cache)
    used = arrange(data, source.listing).used
    parts = {name: used[used["use"] == name] for name in PARTS}
    taken = {name: _pixels(data, source, part, place, cache) for name, part in parts.items()}
    is_files = source.images is None
    return Task(
        list(data["classes"]),
        *(
            Part(
                taken[name],
                part["number"].to_numpy(np.int64),
                part["path"].to_numpy(np.str_ if is_files else np.int64),
                part["sha256"].to_numpy(np.str_) if is_files else None,
            )
            for name, part in parts.items()
        ),
    )


def _pixels(
    data: Mapping[str, Any], source: Source, part: pd.DataFrame, place: Path | None, cache: Path | None
) -> Pixels:
    if source.images is None:
        if place is None or cache is None:
            raise ExperimentError("images from files need a folder for what is decoded")
        return decoded_once(place, part, data["image_size"], cache)
    found: Pixels = source.images[np.asarray(part["path"], np.int64)]
    if found.dtype == np.uint8:
        return found
    low, high = data["pixel_range"]
    if found.min() < low or found.max() > high:
        raise ExperimentError(
            f"pixels lie from {found.min():g} to {found.max():g}, outside the pixel_range {low:g} to {high:g}"
        )
    return np.asarray((found - low) / (high - low), np.float32)


def as_floats(images: Pixels) -> Floats:
    """Return images as float32 from 0 to 1."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    return np.asarray(images, np.float32)


# From a listing to parts ----------------------------------------------------------------------------


def arrange(data: Mapping[str, Any], listing: pd.DataFrame) -> Arrangement:
    """Clean a listing, choose the declared classes and split them. Cleaning looks at all classes.

    Raises:
        ExperimentError: if a declared class is not left, or one is left that is not declared although a step
            drops whole classes; if an image that would be used is broken; if a part would lack a class.
    """
    cleaned, steps = clean(listing, data.get("clean", ()))
    classes: list[Class] = list(data["classes"])
    _check_classes(classes, listing, cleaned, steps)
    chosen = cleaned[cleaned["label"].isin(classes)].reset_index(drop=True)
    _check_readable(chosen)
    number_of = {name: number for number, name in enumerate(classes)}
    numbers = np.asarray(chosen["label"].map(number_of), np.int64)
    is_test = (chosen["part"] == "test").to_numpy(bool)
    parts = split(numbers, data["split"], is_test, classes)
    uses = np.full(len(chosen), "", dtype=object)
    for name, positions in parts.items():
        uses[positions] = name
    used = chosen.assign(use=uses, number=numbers)[uses != ""].reset_index(drop=True)
    return Arrangement(listing, steps, chosen, used)


def _check_classes(
    classes: Sequence[Class], listing: pd.DataFrame, cleaned: pd.DataFrame, steps: Sequence[StepDone]
) -> None:
    there, left = _names(listing), _names(cleaned)
    unknown = [name for name in classes if name not in there]
    if unknown:
        hint = did_you_mean(str(unknown[0]), map(str, there))
        raise ExperimentError(
            f"classes {unknown} are not in the data; it has {there}" + (f"; {hint}" if hint else "")
        )
    dropped = [name for name in classes if name not in left]
    if dropped:
        raise ExperimentError(f"cleaning drops all images of {dropped}; take them out of data.classes")
    more = [name for name in left if name not in classes]
    if more and any(step.step["drop"] == "small-classes" for step in steps):
        raise ExperimentError(
            f"cleaning leaves {more}, which data.classes does not name; add them, or drop them by raising "
            "fewer_than"
        )


def _names(listing: pd.DataFrame) -> list[Class]:
    return sorted(listing["label"].unique().tolist())


def _check_readable(chosen: pd.DataFrame) -> None:
    broken = chosen[chosen["broken"] != ""]
    if len(broken):
        first = broken.iloc[0]
        count = "1 file" if len(broken) == 1 else f"{len(broken)} files"
        raise ExperimentError(
            f"{count} cannot be used, such as {first['path']} ({first['broken']}); fetch the data again, or "
            "set such files aside with '- drop: unreadable' first under data.clean"
        )


def split(
    labels: Ints,
    shares: Mapping[str, Any],
    is_test: NDArray[np.bool_] | None = None,
    names: Sequence[Class] | None = None,
) -> dict[str, Ints]:
    """Split positions into "train", "validation" and "test" (each sorted): disjoint, the same for a seed.

    Where `shares["test"]` is "given", the test's are those that `is_test` marks, and other shares are of the
    rest. Stratified (the default), a part has the rounded share of each class; otherwise the share of all
    images, rounded down, drawn without regard to class. Where `train` is None it takes all that is left;
    otherwise what is left over is not used. `names` are what messages call the classes.

    Raises:
        ExperimentError: if a part would lack a class, or has fewer images than its share.
    """
    given = is_test if shares["test"] == GIVEN and is_test is not None else np.zeros(len(labels), bool)
    if shares["test"] == GIVEN and not given.any():
        raise ExperimentError("the source has no given test images; give a share for test")
    pool = np.flatnonzero(~given)
    rng = np.random.default_rng(shares["seed"])
    stratified = shares.get("stratified", True)
    groups = [pool[labels[pool] == label] for label in np.unique(labels)] if stratified else [pool]
    found: dict[str, list[Ints]] = {name: [] for name in PARTS}
    for group in groups:
        for name, positions in _cut(rng.permutation(group), shares, round if stratified else _floor).items():
            found[name].append(positions)
    parts = {name: np.sort(np.concatenate(positions)) for name, positions in found.items()}
    if shares["test"] == GIVEN:
        parts["test"] = np.flatnonzero(given)
    for label in np.unique(labels):
        for name in PARTS:
            if not (labels[parts[name]] == label).any():
                called = f"number {label}" if names is None else f"'{names[label]}'"
                raise ExperimentError(
                    f"class {called} has {(labels == label).sum()} images, too few for the shares "
                    f"{dict(shares)}: part '{name}' gets none; raise the shares"
                    f"{'' if stratified else ', split stratified'} or drop the class"
                )
    return parts


def _floor(count: float) -> int:
    return int(count + 1e-9)  # 0.3 of 10 is 3, although 0.3 * 10 may come out as 2.999…


def _cut(order: Ints, shares: Mapping[str, Any], rounded: Callable[[float], int]) -> dict[str, Ints]:
    """Cut shuffled positions: first the test's, then validation's, then training's."""
    test = 0 if shares["test"] == GIVEN else rounded(shares["test"] * len(order))
    held = test + rounded(shares["validation"] * len(order))
    train = len(order) - held if shares["train"] is None else rounded(shares["train"] * len(order))
    return {"test": order[:test], "validation": order[test:held], "train": order[held : held + train]}


# Naming ---------------------------------------------------------------------------------------------


def manifest(task: Task) -> dict[str, Any]:
    """Describe a task's data: of each part its size, its images of each class and a hash.

    The hash is of the files (path, class and SHA-256 of each), or of the arrays where there are no files.
    """
    parts = {
        name: {
            "n": len(part),
            "per_class": {
                str(label): int((part.labels == number).sum()) for number, label in enumerate(task.classes)
            },
            "sha256": _hash(part),
        }
        for name, part in task.parts().items()
    }
    return {"parts": parts, "sha256": hash_of(parts)}


def _hash(part: Part) -> str:
    if part.hashes is not None:
        return hash_of([part.ids.tolist(), part.labels.tolist(), part.hashes.tolist()])
    return digest({"images": part.images, "labels": part.labels, "ids": part.ids})
