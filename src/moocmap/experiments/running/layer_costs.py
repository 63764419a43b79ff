"""What a model's layers cost: the values that each puts out, and the multiplications that it needs.

Both follow from the list of layers (`models.zoo`) and the size of an image; nothing is built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from moocmap.experiments.models.zoo import Layer

Shape = tuple[int, int, int]
"""Height, width and channels of one image, or of what a layer makes of it."""


@dataclass(frozen=True)
class LayerCost:
    """A layer, the shape that it puts out for one image, and its multiply-adds for one image."""

    layer: Layer
    shape: Shape
    multiply_adds: int

    @property
    def values(self) -> int:
        """The number of values that the layer puts out for one image."""
        return math.prod(self.shape)


def layer_costs(layers: Iterable[Layer], image: Shape) -> list[LayerCost]:
    """Follow an image of a shape through layers, body and head.

    Raises:
        KeyError: if a layer is of a kind that `models.zoo` does not describe.
    """
    found: list[LayerCost] = []
    labelled: dict[str, Shape] = {}
    shape = image
    for layer in layers:
        taken = [labelled[label] for label in layer.get("inputs", ())] or [shape]
        shape, multiply_adds = _SHAPES[layer["layer"]](layer, taken)
        if "output" in layer:
            labelled[layer["output"]] = shape
        found.append(LayerCost(layer, shape, multiply_adds))
    return found


Step = Callable[[Layer, list[Shape]], tuple[Shape, int]]
"""From a layer and what comes into it, the shape that it puts out and its multiply-adds."""


def _same(_: Layer, taken: list[Shape]) -> tuple[Shape, int]:
    return taken[0], 0


def _windows(size: int, window: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - window) // stride + 1


def _slide(layer: Layer, shape: Shape) -> tuple[int, int]:
    """Return height and width after a convolution; without a padding it keeps the size."""
    kernel, stride = layer["kernel"], layer.get("stride", 1)
    if "padding" not in layer:
        return math.ceil(shape[0] / stride), math.ceil(shape[1] / stride)
    height, width = (_windows(size, kernel, stride, layer["padding"]) for size in shape[:2])
    return height, width


def _conv(layer: Layer, taken: list[Shape]) -> tuple[Shape, int]:
    height, width = _slide(layer, taken[0])
    shape = (height, width, int(layer["filters"]))
    return shape, math.prod(shape) * layer["kernel"] ** 2 * taken[0][2]


def _depthwise(layer: Layer, taken: list[Shape]) -> tuple[Shape, int]:
    height, width = _slide(layer, taken[0])
    shape = (height, width, taken[0][2])
    return shape, math.prod(shape) * layer["kernel"] ** 2


def _pool(layer: Layer, taken: list[Shape]) -> tuple[Shape, int]:
    height, width, channels = taken[0]
    size, padding = layer["size"], layer.get("padding", 0)
    stride = int(layer.get("stride") or size)
    return (_windows(height, size, stride, padding), _windows(width, size, stride, padding), channels), 0


def _pad(layer: Layer, taken: list[Shape]) -> tuple[Shape, int]:
    height, width, channels = taken[0]
    more = layer["before"] + layer["after"]
    return (height + more, width + more, channels), 0


def _dense(layer: Layer, taken: list[Shape]) -> tuple[Shape, int]:
    units = int(layer["units"])
    return (1, 1, units), math.prod(taken[0]) * units


def _to_vector(times: int) -> Step:
    return lambda _, taken: ((1, 1, taken[0][2] * times), 0)


_SHAPES: dict[str, Step] = {
    "conv": _conv,
    "depthwise-conv": _depthwise,
    "maxpool": _pool,
    "average-pool": _pool,
    "pad": _pad,
    "dense": _dense,
    "global-average-pool": _to_vector(1),
    "global-max-pool": _to_vector(1),
    "max-and-average-pool": _to_vector(2),
    "flatten": lambda _, taken: ((1, 1, math.prod(taken[0])), 0),
    "concat": lambda _, taken: ((*taken[0][:2], sum(shape[2] for shape in taken)), 0),
    **dict.fromkeys(("normalize", "batchnorm", "relu", "sigmoid", "dropout", "identity", "add"), _same),
}
