"""The augmentations that there are: transforms with their options, and sets of them by name.

An augmentation is plain JSON: a list of transforms and what stands where an image has no pixels,

    {"transforms": [{"transform": "rotate", "degrees": 10, "chance": 0.75}, …], "fill": "reflect"}

`augment` draws what happens to images; nothing here needs NumPy, so that settings are read without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, TypeGuard, get_args

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.spec import ExperimentError

Fill = Literal["reflect", "nearest", "zeros"]
"""What stands outside an image: its mirror image (the outermost pixels twice), its outermost pixels, or 0."""


class Augmentation(TypedDict):
    """Transforms with all their options, and the fill, as a specification keeps them."""

    transforms: list[dict[str, Any]]
    fill: Fill


@dataclass(frozen=True)
class Number:
    """An option that is a number within bounds."""

    low: float
    high: float

    def read(self, value: object) -> Any:
        """Return the value; raise ValueError saying what was expected."""
        if _is_number(value) and self.low <= value <= self.high:
            return value
        raise ValueError(f"a number from {self.low:g} to {self.high:g}")


@dataclass(frozen=True)
class Range:
    """An option that is a range of numbers within bounds, such as [0.9, 1.1]."""

    low: float
    high: float

    def read(self, value: object) -> Any:
        """Return the range as a list; raise ValueError saying what was expected."""
        if isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value)):
            low, high = value
            if self.low <= low <= high <= self.high:
                return [low, high]
        raise ValueError(f"two numbers from {self.low:g} to {self.high:g}, the lower one first")


@dataclass(frozen=True)
class Choice:
    """An option that is one of some words."""

    words: tuple[str, ...]

    def read(self, value: object) -> Any:
        """Return the word; raise ValueError saying what was expected."""
        if value not in self.words:
            raise ValueError(" or ".join(self.words))
        return value


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class Transform:
    """A transform: what it does, whether it moves pixels or changes their values, its options, defaults."""

    about: str
    changes: Literal["places", "values"]
    options: Mapping[str, Number | Range | Choice]
    defaults: Mapping[str, Any]


def _transform(
    about: str,
    changes: Literal["places", "values"] = "places",
    defaults: Mapping[str, Any] | None = None,
    **options: Number | Range | Choice,
) -> Transform:
    return Transform(about, changes, {**options, "chance": Number(0, 1)}, {"chance": 1.0, **(defaults or {})})


TRANSFORMS: dict[str, Transform] = {
    "horizontal-flip": _transform("left becomes right", defaults={"chance": 0.5}),
    "vertical-flip": _transform("top becomes bottom", defaults={"chance": 0.5}),
    "dihedral": _transform(
        "one of the eight symmetries of a square, the identity among them",
        defaults={"chance": 0.5},
    ),
    "rotate": _transform("turns about the middle, by up to `degrees` either way", degrees=Number(0, 180)),
    "zoom": _transform(
        "magnifies by a factor, about the middle or a random point of the image",
        defaults={"centre": "middle"},
        range=Range(0.25, 4),
        centre=Choice(("middle", "random")),
    ),
    "stretch": _transform(
        "width and height each show their own factor times as much: what Keras calls zoom",
        range=Range(0.25, 4),
    ),
    "shear": _transform(
        "rows slide along each other, by an angle of up to `degrees` either way",
        degrees=Number(0, 60),
    ),
    "translate": _transform(
        "moves by up to a share of the width and the height, each drawn by itself",
        share=Number(0, 1),
    ),
    "warp": _transform(
        "tilts, as if seen from another point: corners move by up to `magnitude` (of half a side), "
        "across and down each with their own chance",
        magnitude=Number(0, 0.4),
    ),
    "brightness": _transform(
        "adds to the logits of pixels, so that middle grey becomes 0.5 ± 0.5 * `strength` at most",
        "values",
        strength=Number(0, 0.95),
    ),
    "contrast": _transform(
        "multiplies the logits of pixels by a factor from 1 - `strength` to its reciprocal",
        "values",
        strength=Number(0, 0.95),
    ),
    "gain": _transform(
        "multiplies pixels by a factor, once brightness and contrast are done: what Keras calls brightness",
        "values",
        range=Range(0, 10),
    ),
}
"""All transforms by name. `chance` is how likely (0 to 1) one happens to an image; 1 unless said otherwise.

Those that move pixels are composed in their order; what an interpolation in between would blur stays sharp.
Of those that change values, `gain` comes last. `warp`, `zoom` about a random centre, `brightness` and
`contrast` are fastai's; `shear`, `stretch` and `gain` are those of Keras' ImageDataGenerator.
"""

_FASTAI: list[dict[str, Any]] = [
    {"transform": "rotate", "degrees": 10, "chance": 0.75},
    {"transform": "zoom", "range": [1.0, 1.1], "centre": "random", "chance": 0.75},
    {"transform": "brightness", "strength": 0.2, "chance": 0.75},
    {"transform": "contrast", "strength": 0.2, "chance": 0.75},
]
_FASTAI_WARP: dict[str, Any] = {"transform": "warp", "magnitude": 0.2, "chance": 0.75}

SETS: dict[str, Augmentation] = {
    "none": {"transforms": [], "fill": "reflect"},
    "thesis-keras": {
        "transforms": [
            {"transform": "rotate", "degrees": 10},
            {"transform": "shear", "degrees": 5},
            {"transform": "stretch", "range": [0.9, 1.1]},
            {"transform": "horizontal-flip"},
            {"transform": "vertical-flip"},
            {"transform": "gain", "range": [0.9, 1.1]},
        ],
        "fill": "nearest",
    },
    "thesis-fastai": {"transforms": [_FASTAI_WARP, {"transform": "dihedral"}, *_FASTAI], "fill": "reflect"},
    "fastai-default": {
        "transforms": [_FASTAI_WARP, {"transform": "horizontal-flip"}, *_FASTAI],
        "fill": "reflect",
    },
    "keras-guide": {
        "transforms": [{"transform": "horizontal-flip"}, {"transform": "rotate", "degrees": 36}],
        "fill": "reflect",
    },
    "common": {
        "transforms": [
            {"transform": "horizontal-flip"},
            {"transform": "rotate", "degrees": 10},
            {"transform": "zoom", "range": [1.0, 1.1]},
            {"transform": "brightness", "strength": 0.1},
            {"transform": "contrast", "strength": 0.1},
        ],
        "fill": "reflect",
    },
}
"""Augmentations by name.

- `none`: images stay as they are.
- `thesis-keras`: the six transforms that the thesis names for Keras (rotation, shear, zoom, both flips,
  brightness), in the order of Keras' ImageDataGenerator and with its fill. The thesis gives no magnitudes,
  only that images vary "slightly"; those here are ours.
- `thesis-fastai`: `aug_transforms(flip_vert=True)` of fastai 2, whose flips are the eight symmetries of a
  square. The thesis used fastai 1, where every image got one of the eight and a warp drew each side by
  itself.
- `fastai-default`: `aug_transforms()` of fastai 2.
- `keras-guide`: the flip and the rotation (up to a tenth of a turn) of Keras' guide to transfer learning.
- `common`: a modest set for comparing libraries, of transforms that suit most photographs.

fastai itself lays -1 and 1 on the centres of the outermost pixels; the difference is half a pixel at most.
"""


def named_or_listed(value: object) -> Augmentation:
    """Return an augmentation with all its options, given its name, its transforms, or transforms and fill.

    `value` is a name of `SETS`, a list of transforms (fill "reflect"), or a mapping as `Augmentation` has it.

    Raises:
        ExperimentError: if it names no known set or transform, or an option is unknown, missing or not valid.
    """
    if isinstance(value, str):
        if value not in SETS:
            raise ExperimentError(
                f"no augmentation '{value}'; {_which(value, SETS)} A list of transforms is possible too"
            )
        value = SETS[value]
    if isinstance(value, list | tuple):
        value = {"transforms": value}
    if not isinstance(value, Mapping):
        raise ExperimentError(
            f"an augmentation is a name ({', '.join(SETS)}) or a list of transforms, not {value!r}"
        )
    for key in value:
        if key not in Augmentation.__annotations__:
            raise ExperimentError(f"an augmentation has transforms and a fill, but no '{key}'")
    fill, listed = value.get("fill", "reflect"), value.get("transforms")
    if fill not in get_args(Fill):
        raise ExperimentError(f"augmentation: no fill {fill!r}; {_which(fill, get_args(Fill))}")
    if not isinstance(listed, list | tuple):
        raise ExperimentError(f"augmentation: 'transforms' is to be a list, not {listed!r}")
    return {"transforms": [_read(number, item) for number, item in enumerate(listed, 1)], "fill": fill}


def _read(number: int, item: object) -> dict[str, Any]:
    """Check one transform and complete its options."""
    if not isinstance(item, Mapping) or "transform" not in item:
        raise ExperimentError(
            f"augmentation: transform {number} is to be like "
            f"{{transform: rotate, degrees: 10}}, but it is {item!r}"
        )
    name = item["transform"]
    if not isinstance(name, str) or name not in TRANSFORMS:
        raise ExperimentError(f"augmentation: no transform {name!r}; {_which(name, TRANSFORMS)}")
    found, known = TRANSFORMS[name], TRANSFORMS[name].options
    for key in item:
        if key != "transform" and key not in known:
            raise ExperimentError(f"augmentation: '{name}' has no option {key!r}; {_which(key, known)}")
    given = {**found.defaults, **item}
    read: dict[str, Any] = {"transform": name}
    for key, option in known.items():
        if key not in given:
            raise ExperimentError(f"augmentation: '{name}' lacks the option '{key}'")
        try:
            read[key] = option.read(given[key])
        except ValueError as expected:
            raise ExperimentError(
                f"augmentation: '{key}' of '{name}' is to be {expected}, not {given[key]!r}"
            ) from None
    return read


def _which(word: object, known: Mapping[str, object] | Sequence[str]) -> str:
    return did_you_mean(str(word), known) or f"the known ones are {', '.join(known)}."
