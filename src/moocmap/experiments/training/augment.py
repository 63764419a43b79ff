"""Augmentation: the random changes that images go through in training, drawn once for all libraries.

`augmentations` says which there are. All random numbers are drawn here, with NumPy, so that libraries given
the same seed change the same images in the same way. Each library only applies what was drawn to its batch,
on its own device (`keras_worker.augmentation`, `fastai_worker.augmentation`): first all that moves pixels, in
one interpolation, then all that changes their values.

Positions are normalized: -1 and 1 are the outer edges of an image (torch's `align_corners=False`), x points
right and y points down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.training.augmentations import TRANSFORMS, Augmentation, Fill

DARKEST = 1e-5
"""What pixels are kept within, from 0 and from 1, where their logits are taken: fastai's 1e-7 is less than 32
bits tell apart from 1, so libraries would differ at white pixels."""

NEAREST_DEPTH = 0.05
"""The least denominator of a projected position: what would lie behind the viewer stays finite."""

Numbers = NDArray[np.float64]
Values = NDArray[np.floating[Any]]


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


DRAW: dict[str, Callable[..., Numbers]] = {
    "horizontal-flip": lambda images, chance: _flip(images, 0, chance),
    "vertical-flip": lambda images, chance: _flip(images, 1, chance),
    "dihedral": _dihedral,
    "rotate": _rotate,
    "zoom": _zoom,
    "stretch": _stretch,
    "shear": _shear,
    "translate": _translate,
    "warp": _warp,
    "brightness": _brightness,
    "contrast": _contrast,
    "gain": _gain,
}
"""How each transform draws: matrices (n, 3, 3) that move pixels, or light (n, 3) that changes values."""


def draw(augmentation: Augmentation, n: int, rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
    """Draw what happens to each of n images of a size (height and width in pixels).

    The same generator's state gives the same, whatever the size. `augmentation` is as `named_or_listed`
    returns it; without transforms nothing is drawn and all images stay as they are.
    """
    images = Images(n, size, rng)
    matrices, light = _identities(n), _light(n)
    for item in augmentation["transforms"]:
        transform = TRANSFORMS[item["transform"]]
        drawn = DRAW[item["transform"]](images, **{key: item[key] for key in transform.options})
        if transform.changes == "places":
            matrices = matrices @ drawn
        else:
            # In logits: s * (scale * x + offset) + o, so the scale multiplies what was added before it.
            scale, offset, gain = drawn.T
            light = np.stack([light[:, 0] * scale, light[:, 1] * scale + offset, light[:, 2] * gain], axis=1)
    return Drawn(matrices.astype(np.float32), light.astype(np.float32), augmentation["fill"])
