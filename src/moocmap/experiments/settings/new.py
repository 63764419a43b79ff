"""Writes the file of a new experiment for somebody's own folder of images.

What it takes from the folder: the classes (names of sub-folders), whether training and test images come
apart, how large images are and how many there are. The rest is a matched recipe that trains in minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from textwrap import indent

import yaml

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.data.images import SUFFIXES
from moocmap.experiments.models import published_weights, zoo
from moocmap.experiments.settings.model import ExperimentSettings
from moocmap.experiments.spec import ExperimentError

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")
"""Names of folders that tell which images are for what, whatever their case; a test comes before others."""
FEWEST = 3
"""Images that a class needs, so that training, validation and test get one each."""
SAMPLED = 40
"""Images whose size is looked at."""
CALLED = {
    "keras": "Keras",
    "keras-jax": "Keras (JAX)",
    "keras-torch": "Keras (PyTorch)",
    "fastai": "fastai",
}
"""Libraries as sentences call them."""
SMALL = "small-cnn"
PRETRAINED = ("mobilenet-0.25", "mobilenet-0.5", "mobilenet-0.75", "mobilenet")
"""Bodies to take if their ImageNet weights are here, the smallest first."""


@dataclass(frozen=True)
class Folder:
    """What a folder of images holds.

    `classes` has the number of images of each class that can be used, `left_out` the classes with too few;
    `parts` the folders of training and test images, if they come apart, and `other` the folders beside those.
    """

    place: Path
    classes: dict[str, int]
    left_out: list[str] = field(default_factory=list)
    parts: dict[str, str] | None = None
    other: list[str] = field(default_factory=list)
    size: int = 64

    @property
    def images(self) -> int:
        """The number of images of all classes."""
        return sum(self.classes.values())


@dataclass(frozen=True)
class Body:
    """The body of a new experiment, and whose ImageNet weights it begins with (None: random ones)."""

    model: str
    publisher: str | None = None


# Looking ----------------------------------------------------------------------------------------------


def look_at(folder: Path) -> Folder:
    """See how a folder of images is laid out: classes, or parts with classes in them.

    Raises:
        ExperimentError: if it is not there, or holds fewer than two classes with enough images.
    """
    if not folder.is_dir():
        raise ExperimentError(f"no folder '{folder}'; name the one that holds a folder for each class")
    parts = _parts(folder)
    homes = [folder / name for name in parts.values()] if parts else [folder]
    counts = [{place.name: sum(1 for _ in _images(place)) for place in _folders(home)} for home in homes]
    names = sorted({name for count in counts for name, number in count.items() if number})
    usable = [
        name
        for name in names
        if counts[0].get(name, 0) >= FEWEST and all(count.get(name, 0) for count in counts)
    ]
    if len(usable) < 2:
        raise ExperimentError(_too_few(folder, parts, names, usable))
    classes = {name: sum(count[name] for count in counts) for name in usable}
    left_out = [name for name in names if name not in usable]
    used = set((parts or {}).values())
    other = [place.name for place in _folders(folder) if parts and place.name not in used]
    return Folder(folder, classes, left_out, parts, other, _image_size([home / usable[0] for home in homes]))


def _too_few(folder: Path, parts: dict[str, str] | None, names: Sequence[str], usable: Sequence[str]) -> str:
    where = f"{folder} ({' and '.join(parts.values())})" if parts else str(folder)
    there = f"of {len(names)} folders with images only {len(usable)}" if names else "no folder"
    return (
        f"{where}: {there} can be used; expected at least two folders, one for each class, with {FEWEST} "
        f"images or more each{' for training and one for the test' if parts else ''} "
        f"(files that end in {', '.join(sorted(SUFFIXES))})"
    )


def _parts(folder: Path) -> dict[str, str] | None:
    """Return the folders of training and test images, None where images do not come apart."""
    by_name = {place.name.lower(): place.name for place in _folders(folder)}
    train = next((by_name[name] for name in TRAIN if name in by_name), None)
    test = next((by_name[name] for name in TEST if name in by_name), None)
    return {"train": train, "test": test} if train and test else None


def _folders(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images(place: Path) -> Iterator[Path]:
    for path in sorted(place.rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield path


def _image_size(places: Sequence[Path]) -> int:
    """Return the side that images are resized to: the usual shorter side, from 32 to 96, in steps of 32.

    Larger images would tell more and train longer.
    """
    from PIL import Image

    sides = []
    for path in [path for place in places for path in _images(place)][:SAMPLED]:
        try:
            with Image.open(path) as image:
                sides.append(min(image.size))
        except Exception:  # what Pillow raises for damaged files depends on the format
            continue
    return max(32, min(96, int(median(sides or [64])) // 32 * 32))


def choose_body(model: str | None, folders: Sequence[Path]) -> Body:
    """Return the body to train: the one asked for, else the smallest whose ImageNet weights are here.

    `folders` are looked in for files of weights. Without any, it is a small network with random weights.

    Raises:
        ExperimentError: if there is no such model.
    """
    if model is not None and model not in zoo.MODELS:
        raise ExperimentError(
            f"no model '{model}'; {did_you_mean(model, zoo.MODELS) or 'known: ' + ', '.join(zoo.MODELS)}"
        )
    if model == "dense-10":
        raise ExperimentError("'dense-10' is for grey images of 28 × 28 pixels; take small-cnn")
    for name in [model] if model else PRETRAINED:
        for publisher in published_weights.CALLED:
            entry = published_weights.PUBLISHED.get((publisher, name))
            if entry and any((folder / entry.file).is_file() for folder in folders):
                return Body(name, publisher)
    return Body(model or SMALL)


# Writing ----------------------------------------------------------------------------------------------


def experiment_file(name: str, folder: Folder, path: str, body: Body, libraries: Sequence[str]) -> str:
    """Return the content of `experiments/<name>.yml`: complete, valid, and explained in comments.

    `path` is how the folder of images is called below the folder of all data.

    Raises:
        ExperimentError: if a name cannot be used, such as a folder's with a colon.
    """
    called = name.replace("-", " ").capitalize()
    names = [CALLED[library] for library in libraries]
    between = _listed(names, "and"), _listed(names, "y")
    count, number = len(folder.classes), folder.images
    text = f"""\
# A comparison of libraries on your own images. What each key means: moocmap's experiments/README.md.
title:
  en: {_quoted(f"{called}: {between[0]} compared")}
  es: {_quoted(f"{called}: comparación de {between[1]}")}
summary:
  en: >-
    {number} images of {count} classes. The libraries train the same model by the same recipe, from the same
    first weights and on the same batches. Do they come to the same accuracy, and how long does each take?
  es: >-
    {number} imágenes de {count} clases. Las bibliotecas entrenan el mismo modelo con la misma receta, desde
    los mismos pesos iniciales y con los mismos lotes. ¿Llegan a la misma exactitud, y cuánto tarda cada una?
names: # what readers see in place of ids
  data:
    title: {{en: {_quoted(called)}, es: {_quoted(called)}}}
  recipes:
    matched:
      title: {{en: the same recipe for all, es: la misma receta para todas}}
data:
{indent(_source(folder, path), "  ")}
  classes: # the folders that are used; take a line out to leave a class out
{indent("".join(f"- {_quoted(one)}{chr(10)}" for one in folder.classes), "    ").rstrip()}
  clean: # what is set aside before the split, so that no image is learned from and tested on at once
    - drop: unreadable
    - drop: cross-class-duplicates
    - drop: duplicates
{indent(_split(folder), "  ")}
  image_size: {folder.size} # pixels of each side; larger tells more and trains longer
{_weights(body)}
models: [{body.model}]
libraries: [{", ".join(libraries)}]
seeds: [0, 1, 2] # each run is repeated with these; more seeds, narrower intervals
recipes:
  matched: # one recipe for all: what is left is the library
{indent(_recipe(folder, body), "    ")}"""
    _check(text)
    return text


def _listed(names: Sequence[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _source(folder: Folder, path: str) -> str:
    lines = ["source:", "  kind: folder", f"  path: {_quoted(path)} # below the folder of all data (--root)"]
    if folder.parts:
        train, test = (_quoted(folder.parts[part]) for part in ("train", "test"))
        lines.append(f"  parts: {{train: {train}, test: {test}}}")
    return "\n".join(lines)


def _split(folder: Folder) -> str:
    if folder.parts:
        return (
            "split: # a fifth of the training images is for looking on while training\n"
            "  {validation: 0.2, test: given, seed: 0}"
        )
    return (
        "split: # shares of each class; the test images are looked at once, in the end\n"
        "  {validation: 0.2, test: 0.2, seed: 0}"
    )


def _weights(body: Body) -> str:
    if body.publisher:
        return (
            "weights: # trained on ImageNet, and the same tensors for every library\n"
            f"  {{kind: imagenet, publisher: {body.publisher}}}"
        )
    return "weights: random # drawn from the seed, and the same for every library"


def _recipe(folder: Folder, body: Body) -> str:
    batch = 16 if folder.images < 1000 else 32
    if body.publisher:
        phases = """\
phases:
  - {train: head, epochs: 3, lr: 3.0e-3} # first the new head alone, on the frozen body
  - {train: all, epochs: 5, lr: [1.0e-4, 1.0e-3]} # then everything, its first layers at a lower rate"""
    else:
        phases = """\
phases:
  - {train: all, epochs: 10, lr: 3.0e-3} # moocmap experiment lr-find proposes a rate"""
    return f"""\
{phases}
schedule: one-cycle # the rate rises and falls once in each phase
weight_decay: 0.01
batch_size: {batch}
frozen_batchnorm: inference # BatchNorms of the frozen body keep their statistics
augment: common # flips, small turns and changes of light, drawn anew in each epoch
selection: best-validation-loss # which epoch's weights are tested
"""


def _quoted(text: str) -> str:
    """Write a text as YAML and JSON both read it."""
    return json.dumps(text, ensure_ascii=False)


def _check(text: str) -> None:
    """Ask for a valid experiment, before it is written.

    Raises:
        ExperimentError: naming the first thing that is not valid: a folder's name, mostly.
    """
    from pydantic import ValidationError

    try:
        ExperimentSettings.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ExperimentError(
            f"this folder cannot be described: {place} is {first.get('input')!r}, {first['msg']}; rename it"
        ) from error
