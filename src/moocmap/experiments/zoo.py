"""Model architectures as data: lists of layers that every worker builds with its own library.

A layer is a plain JSON object, so that a run's specification holds the whole architecture:

| layer                 | keys                        | meaning                                              |
| --------------------- | --------------------------- | ---------------------------------------------------- |
| `conv`                | `name`, `filters`, `kernel` | square kernel, stride 1, zero padding, no bias       |
| `batchnorm`           | `name`, `keep`, `epsilon`   | `keep` of the moving statistics stays at each step   |
| `relu`                |                             |                                                      |
| `maxpool`             | `size`                      | square window and stride `size`, no padding          |
| `global-average-pool` |                             | height × width × channels to channels                |
| `dense`               | `name`, `units`             | with bias                                            |

`keep` is what Keras calls momentum; PyTorch's BatchNorm momentum is `1 - keep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Layer = dict[str, Any]


def _block(number: int, filters: int) -> list[Layer]:
    return [
        {"layer": "conv", "name": f"conv{number}", "filters": filters, "kernel": 3},
        {"layer": "batchnorm", "name": f"norm{number}", "keep": 0.9, "epsilon": 1e-5},
        {"layer": "relu"},
    ]


def _small_cnn() -> list[Layer]:
    """Three blocks of convolution, BatchNorm and ReLU for images of a few pixels: 14,000 parameters."""
    pool: Layer = {"layer": "maxpool", "size": 2}
    return [*_block(1, 16), pool, *_block(2, 32), pool, *_block(3, 32), {"layer": "global-average-pool"}]


MODELS = {"small-cnn": _small_cnn}
"""Bodies by the name that experiments call them; each ends in one vector an image."""


def body(model: str) -> list[Layer]:
    """Return the layers of a model without its head.

    Raises:
        KeyError: if no model has this name.
    """
    return MODELS[model]()


def head(hidden: Sequence[int], classes: int, prefix: str = "head") -> list[Layer]:
    """Return a head: dense layers of `hidden` units with ReLU, then one logit for each class."""
    layers: list[Layer] = []
    for number, units in enumerate(hidden, start=1):
        layers += [{"layer": "dense", "name": f"{prefix}{number}", "units": units}, {"layer": "relu"}]
    return [*layers, {"layer": "dense", "name": f"{prefix}-logits", "units": classes}]


def names(layers: Iterable[Layer]) -> frozenset[str]:
    """Return the names of the layers that have weights."""
    return frozenset(layer["name"] for layer in layers if "name" in layer)
