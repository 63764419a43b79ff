"""Applies drawn augmentation (`training.augment`) to images with Keras, on their device.

`keras.ops.image.affine_transform` does not do: on JAX and torch it ignores the projective parameters. What
stands here is made of operations that every backend has and compiles, XLA included.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from moocmap.experiments.training.augment import DARKEST, NEAREST_DEPTH
from moocmap.experiments.training.augmentations import Fill


def apply(images: Any, matrices: Any, light: Any, fill: Fill) -> Any:
    """Return augmented images.

    Args:
        images: (n, height, width, channels), float32, 0 to 1.
        matrices: (n, 3, 3), as `augment.Drawn` describes them; None to move no pixels.
        light: (n, 3), as `augment.Drawn` describes it; None to leave values as they are.
        fill: what stands outside an image.
    """
    if matrices is not None:
        images = _sampled(images, *_positions(images, matrices), fill)
    return images if light is None else _lit(images, light)


def mix(images: Any, partners: Any, shares: Any) -> Any:
    """Return images of which each keeps a share (n; 0 to 1) and has the rest from its partner (n)."""
    shares = ops.reshape(shares, (-1, 1, 1, 1))
    return shares * images + (1 - shares) * ops.take(images, partners, axis=0)


def _positions(images: Any, matrices: Any) -> tuple[Any, Any]:
    """Return where each pixel of the new images comes from: x and y in pixels, (n, height, width) each.

    Positions count from the middle while they are mapped, which keeps flips exact. No matrix product is
    used: on a GPU it may round to ten bits.
    """
    _, height, width, _ = ops.shape(images)
    h, w = ops.cast(height, "float32"), ops.cast(width, "float32")
    x = ops.reshape(ops.arange(width, dtype="float32") - (w - 1) / 2, (1, 1, -1))
    y = ops.reshape(ops.arange(height, dtype="float32") - (h - 1) / 2, (1, -1, 1))
    m = ops.reshape(matrices, (-1, 3, 3, 1, 1))
    depth = m[:, 2, 0] * (2 / w) * x + m[:, 2, 1] * (2 / h) * y + m[:, 2, 2]
    depth = ops.maximum(depth, NEAREST_DEPTH)
    old_x = (m[:, 0, 0] * x + m[:, 0, 1] * (w / h) * y + m[:, 0, 2] * (w / 2)) / depth
    old_y = (m[:, 1, 0] * (h / w) * x + m[:, 1, 1] * y + m[:, 1, 2] * (h / 2)) / depth
    return old_x + (w - 1) / 2, old_y + (h - 1) / 2


def _sampled(images: Any, x: Any, y: Any, fill: Fill) -> Any:
    """Interpolate images bilinearly at positions in pixels."""
    n, height, width, channels = ops.shape(images)
    pixels = ops.reshape(images, (-1, channels))
    start = ops.reshape(ops.arange(n, dtype="int32"), (-1, 1, 1)) * height * width
    return sum(
        ops.take(pixels, start + row * width + column, axis=0) * ops.expand_dims(down * across, -1)
        for row, down in _neighbours(y, height, fill)
        for column, across in _neighbours(x, width, fill)
    )


def _neighbours(positions: Any, length: Any, fill: Fill) -> list[tuple[Any, Any]]:
    """Return the two pixels between which each position lies along an axis, and their weights."""
    last = ops.cast(length, "float32") - 1
    if fill == "reflect":
        along = ops.mod(ops.abs(positions + 0.5), 2 * (last + 1))
        positions = ops.minimum(along, 2 * (last + 1) - along) - 0.5
    if fill != "zeros":
        positions = ops.clip(positions, 0, last)
    first = ops.floor(positions)
    found = []
    for pixel, weight in ((first, first + 1 - positions), (first + 1, positions - first)):
        inside = ops.cast(ops.logical_and(pixel >= 0, pixel <= last), "float32")
        found.append((ops.cast(ops.clip(pixel, 0, last), "int32"), weight * inside))
    return found


def _lit(images: Any, light: Any) -> Any:
    scale, offset, gain = (ops.reshape(light[:, part], (-1, 1, 1, 1)) for part in range(3))
    inner = ops.clip(images, DARKEST, 1 - DARKEST)
    logits = scale * (ops.log(inner) - ops.log1p(-inner)) + offset
    is_same = ops.logical_and(scale == 1, offset == 0)
    return ops.clip(gain * ops.where(is_same, images, ops.sigmoid(logits)), 0, 1)
