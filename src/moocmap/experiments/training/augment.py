"""Augmentation: the random changes that images go through in training, drawn once for all libraries.

An augmentation is plain JSON: a list of transforms and what stands where an image has no pixels,

    {"transforms": [{"transform": "rotate", "degrees": 10, "chance": 0.75}, …], "fill": "reflect"}

`TRANSFORMS` has all transforms with their options, `SETS` has some augmentations by name. All random numbers
are drawn here, with NumPy, so that libraries given the same seed change the same images in the same way. Each
library only applies what was drawn to its batch, on its own device (`keras_worker.augmentation`,
`fastai_worker.augmentation`): first all that moves pixels, in one interpolation, then all that changes their
values.

Positions are normalized: -1 and 1 are the outer edges of an image (torch's `align_corners=False`), x points
right and y points down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypedDict, TypeGuard, get_args

import numpy as np
from numpy.typing import NDArray

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.spec import ExperimentError

Fill = Literal["reflect", "nearest", "zeros"]
"""What stands outside an image: its mirror image (the outermost pixels twice), its outermost pixels, or 0."""

DARKEST = 1e-5
"""What pixels are kept within, from 0 and from 1, where their logits are taken: fastai's 1e-7 is less than 32
bits tell apart from 1, so libraries would differ at white pixels."""

NEAREST_DEPTH = 0.05
"""The least denominator of a projected position: what would lie behind the viewer stays finite."""

Numbers = NDArray[np.float64]
Values = NDArray[np.floating[Any]]


class Augmentation(TypedDict):
    """Transforms with all their options, and the fill, as a specification keeps them."""

    transforms: list[dict[str, Any]]
    fill: Fill


@dataclass(frozen=True)
class Drawn:
    """What happens to each image of a batch of n.

    `matrices` (n, 3, 3) are homographies from positions in the new image to positions in the old one,
    normalized. `light` (n, 3) holds scale, offset and gain: a pixel p (0 to 1) becomes
    `clip(gain * sigmoid(scale * logit(p) + offset), 0, 1)`, with p kept within `DARKEST` and 1 - `DARKEST`;
    with scale 1 and offset 0 it becomes `clip(gain * p, 0, 1)`.
    """

    matrices: NDArray[np.float32]
    light: NDArray[np.float32]
    fill: Fill


class Images(NamedTuple):
    """What a transform draws for: n images of a size (height and width in pixels), from a generator."""

    n: int
    size: tuple[int, int]
    rng: np.random.Generator

    def between(self, low: float, high: float, chance: float, otherwise: float) -> Numbers:
        """Draw a number for each image with a chance; the other images get the number `otherwise`."""
        drawn = self.rng.uniform(low, high, self.n)
        return np.where(self.rng.random(self.n) < chance, drawn, otherwise)

    def angles(self, degrees: float, chance: float) -> Numbers:
        """Draw an angle (in radians) for each image, up to some degrees either way."""
        drawn: Numbers = np.deg2rad(self.between(-degrees, degrees, chance, 0))
        return drawn


def _flip(images: Images, axis: int, chance: float) -> Numbers:
    matrices = _identities(images.n)
    matrices[:, axis, axis] = np.where(images.rng.random(images.n) < chance, -1.0, 1.0)
    return matrices


def _dihedral(images: Images, chance: float) -> Numbers:
    drawn = images.rng.integers(8, size=images.n)
    number = np.where(images.rng.random(images.n) < chance, drawn, 0)
    across, down, turned = 1.0 - 2 * (number & 1), 1.0 - (number & 2), number >= 4
    return _rigid(images, across * ~turned, across * turned, down * turned, down * ~turned)


def _rotate(images: Images, degrees: float, chance: float) -> Numbers:
    angle = images.angles(degrees, chance)
    return _rigid(images, np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle))


def _zoom(images: Images, range: Sequence[float], centre: str, chance: float) -> Numbers:  # noqa: A002
    low, high = range
    scale = 1 / images.between(low, high, chance, 1)
    matrices = _identities(images.n)
    for axis in (0, 1):
        matrices[:, axis, axis] = scale
        if centre == "random":
            matrices[:, axis, 2] = (1 - scale) * images.rng.uniform(-1, 1, images.n)
    return matrices


def _stretch(images: Images, range: Sequence[float], chance: float) -> Numbers:  # noqa: A002
    low, high = range
    matrices = _identities(images.n)
    for axis in (0, 1):
        matrices[:, axis, axis] = images.between(low, high, chance, 1)
    return matrices


def _shear(images: Images, degrees: float, chance: float) -> Numbers:
    angle = images.angles(degrees, chance)
    return _rigid(images, np.ones(images.n), -np.sin(angle), np.zeros(images.n), np.cos(angle))


def _translate(images: Images, share: float, chance: float) -> Numbers:
    matrices = _identities(images.n)
    for axis in (0, 1):
        matrices[:, axis, 2] = 2 * images.between(-share, share, chance, 0)
    return matrices


def _warp(images: Images, magnitude: float, chance: float) -> Numbers:
    across = images.between(-magnitude, magnitude, chance, 0)
    down = images.between(-magnitude, magnitude, chance, 0)
    old = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    new = np.array(
        [[-1 - down, -1 - across], [-1 + down, 1 + across], [1 + down, -1 + across], [1 - down, 1 - across]]
    )
    return _homographies(new.transpose(2, 0, 1), np.broadcast_to(old, (images.n, 4, 2)))


def _brightness(images: Images, strength: float, chance: float) -> Numbers:
    grey = images.between(0.5 * (1 - strength), 0.5 * (1 + strength), chance, 0.5)
    return _light(images.n, offset=np.log(grey / (1 - grey)))


def _contrast(images: Images, strength: float, chance: float) -> Numbers:
    most = -math.log(1 - strength)
    return _light(images.n, scale=np.exp(images.between(-most, most, chance, 0)))


def _gain(images: Images, range: Sequence[float], chance: float) -> Numbers:  # noqa: A002
    low, high = range
    return _light(images.n, gain=images.between(low, high, chance, 1))


def _identities(n: int) -> Numbers:
    return np.tile(np.eye(3), (n, 1, 1))


def _rigid(images: Images, xx: Values, xy: Values, yx: Values, yy: Values) -> Numbers:
    """Make matrices of maps that are meant in pixels, whose width and height are equal."""
    height, width = images.size
    matrices = _identities(images.n)
    matrices[:, 0, 0], matrices[:, 0, 1] = xx, xy * height / width
    matrices[:, 1, 0], matrices[:, 1, 1] = yx * width / height, yy
    return matrices


def _homographies(start: Numbers, end: Numbers) -> Numbers:
    """Return the homographies (n, 3, 3) that map four points (n, 4, 2) to four others."""
    (x, y), (u, v) = np.moveaxis(start, 2, 0), np.moveaxis(end, 2, 0)
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = [[x, y, one, zero, zero, zero, -u * x, -u * y], [zero, zero, zero, x, y, one, -v * x, -v * y]]
    equations = np.concatenate([np.stack(row, axis=2) for row in rows], axis=1)
    found = np.linalg.solve(equations, np.concatenate([u, v], axis=1)[..., np.newaxis])[..., 0]
    return np.concatenate([found, np.ones((len(found), 1))], axis=1).reshape(-1, 3, 3)


def _light(n: int, scale: Any = 1.0, offset: Any = 0.0, gain: Any = 1.0) -> Numbers:
    return np.stack([np.broadcast_to(value, n) for value in (scale, offset, gain)], axis=1)


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
    """A transform: what it does, its options with their defaults, and how it draws.

    `changes` tells whether it draws matrices (n, 3, 3) that move pixels, or light (n, 3).
    """

    about: str
    changes: Literal["places", "values"]
    draw: Callable[..., Numbers]
    options: Mapping[str, Number | Range | Choice]
    defaults: Mapping[str, Any]


def _transform(
    about: str,
    draw: Callable[..., Numbers],
    changes: Literal["places", "values"] = "places",
    defaults: Mapping[str, Any] | None = None,
    **options: Number | Range | Choice,
) -> Transform:
    return Transform(
        about, changes, draw, {**options, "chance": Number(0, 1)}, {"chance": 1.0, **(defaults or {})}
    )


TRANSFORMS: dict[str, Transform] = {
    "horizontal-flip": _transform(
        "left becomes right", lambda images, chance: _flip(images, 0, chance), defaults={"chance": 0.5}
    ),
    "vertical-flip": _transform(
        "top becomes bottom", lambda images, chance: _flip(images, 1, chance), defaults={"chance": 0.5}
    ),
    "dihedral": _transform(
        "one of the eight symmetries of a square, the identity among them",
        _dihedral,
        defaults={"chance": 0.5},
    ),
    "rotate": _transform(
        "turns about the middle, by up to `degrees` either way", _rotate, degrees=Number(0, 180)
    ),
    "zoom": _transform(
        "magnifies by a factor, about the middle or a random point of the image",
        _zoom,
        defaults={"centre": "middle"},
        range=Range(0.25, 4),
        centre=Choice(("middle", "random")),
    ),
    "stretch": _transform(
        "width and height each show their own factor times as much: what Keras calls zoom",
        _stretch,
        range=Range(0.25, 4),
    ),
    "shear": _transform(
        "rows slide along each other, by an angle of up to `degrees` either way",
        _shear,
        degrees=Number(0, 60),
    ),
    "translate": _transform(
        "moves by up to a share of the width and the height, each drawn by itself",
        _translate,
        share=Number(0, 1),
    ),
    "warp": _transform(
        "tilts, as if seen from another point: corners move by up to `magnitude` (of half a side), "
        "across and down each with their own chance",
        _warp,
        magnitude=Number(0, 0.4),
    ),
    "brightness": _transform(
        "adds to the logits of pixels, so that middle grey becomes 0.5 ± 0.5 * `strength` at most",
        _brightness,
        "values",
        strength=Number(0, 0.95),
    ),
    "contrast": _transform(
        "multiplies the logits of pixels by a factor from 1 - `strength` to its reciprocal",
        _contrast,
        "values",
        strength=Number(0, 0.95),
    ),
    "gain": _transform(
        "multiplies pixels by a factor, once brightness and contrast are done: what Keras calls brightness",
        _gain,
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


def draw(augmentation: Augmentation, n: int, rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Draw what happens to each of n images of a size (height and width in pixels).

    The same generator's state gives the same, whatever the size. `augmentation` is as `named_or_listed`
    returns it; without transforms nothing is drawn and all images stay as they are.
    """
    images = Images(n, size, rng)
    matrices, light = _identities(n), _light(n)
    for item in augmentation["transforms"]:
        transform = TRANSFORMS[item["transform"]]
        drawn = transform.draw(images, **{key: item[key] for key in transform.options})
        if transform.changes == "places":
            matrices = matrices @ drawn
        else:
            # In logits: s * (scale * x + offset) + o, so the scale multiplies what was added before it.
            scale, offset, gain = drawn.T
            light = np.stack([light[:, 0] * scale, light[:, 1] * scale + offset, light[:, 2] * gain], axis=1)
    return Drawn(matrices.astype(np.float32), light.astype(np.float32), augmentation["fill"])
