"""Model architectures as data: lists of layers that every worker builds with its own library.

A layer is a plain JSON object, so that a run's specification holds the whole architecture:

- `normalize` (`mean`, `std`, `order`): pixels (0 to 1) minus mean by standard deviation, as "rgb" or "bgr".
- `conv` (`name`, `filters`, `kernel`, `stride`, `padding`, `bias`): square kernel, zero padding.
- `depthwise-conv` (`name`, `kernel`, `stride`, `padding`): one kernel for each channel, no bias.
- `batchnorm` (`name`, `keep`, `epsilon`): `keep` of the moving statistics stays at each step.
- `relu` (`at_most`): 6 for MobileNet's, else without bound.
- `pad` (`before`, `after`): zeros above and left, and below and right.
- `maxpool` (`size`, `stride`, `padding`), `average-pool` (`size`): square windows.
- `global-average-pool`: height × width × channels to channels.
- `dense` (`name`, `units`): with bias.
- `identity`: passes its input on, to give it a label.
- `add`, `concat` (`inputs`): of labelled outputs; concat along the channels.

A layer takes the output of the one before it, or those labelled in its `inputs`; `output` labels its own.
Left out, a conv's stride is 1, its padding keeps the size and it has no bias; a pool's stride is its size.
`keep` is what Keras calls momentum; PyTorch's BatchNorm momentum is `1 - keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from moocmap.experiments.architectures import (
    KERAS,
    TORCH,
    Variant,
    densenet,
    mobilenet,
    resnet,
    small_cnn,
    vgg,
)

Layer = dict[str, Any]
VariantName = Literal["keras", "torch"]
VARIANTS: dict[str, Variant] = {"keras": KERAS, "torch": TORCH}
"""Variants by the name that recipes call them: as Keras' applications, or as torchvision's models."""

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "order": "rgb"}
"""Mean and standard deviation of ImageNet's pixels (0 to 1), as torchvision's weights expect them."""

_CAFFE = {
    "mean": [mean / 255 for mean in (103.939, 116.779, 123.68)],
    "std": [1 / 255] * 3,
    "order": "bgr",
}
_MINUS_ONE_TO_ONE = {"mean": [0.5] * 3, "std": [0.5] * 3, "order": "rgb"}


@dataclass(frozen=True)
class Model:
    """A body: its family, how each variant is built, and how Keras' weights expect their images."""

    family: str
    layers: Callable[[Variant], list[Layer]]
    keras_input: dict[str, Any] | None = None
    variants: tuple[str, ...] = tuple(VARIANTS)


def _mobilenet(alpha: float) -> Model:
    return Model("mobilenet", lambda _: mobilenet(alpha), _MINUS_ONE_TO_ONE, ("keras",))


MODELS: dict[str, Model] = {
    "small-cnn": Model("small-cnn", lambda _: small_cnn()),
    "vgg16": Model("vgg", partial(vgg, (2, 2, 3, 3, 3)), _CAFFE),
    "vgg19": Model("vgg", partial(vgg, (2, 2, 4, 4, 4)), _CAFFE),
    "resnet50": Model("resnet", partial(resnet, (3, 4, 6, 3)), _CAFFE),
    "resnet101": Model("resnet", partial(resnet, (3, 4, 23, 3)), _CAFFE),
    "densenet121": Model("densenet", partial(densenet, (6, 12, 24, 16)), IMAGENET),
    "densenet169": Model("densenet", partial(densenet, (6, 12, 32, 32)), IMAGENET),
    "mobilenet": _mobilenet(1.0),
    "mobilenet-0.75": _mobilenet(0.75),
    "mobilenet-0.5": _mobilenet(0.5),
    "mobilenet-0.25": _mobilenet(0.25),
}
"""Bodies by the name that experiments call them."""


def body(model: str, variant: str = "torch") -> list[Layer]:
    """Return the layers of a model without its head, in one variant (see `VARIANTS`).

    Raises:
        KeyError: if no model or variant has this name.
    """
    return MODELS[model].layers(VARIANTS[variant])


def preprocessing(model: str, variant: str) -> list[Layer]:
    """Return the layer that prepares pixels (0 to 1) as the published weights of a variant expect them.

    Models that nobody publishes weights for get none.
    """
    keras_input = MODELS[model].keras_input
    if keras_input is None:
        return []
    return [{"layer": "normalize", **(keras_input if variant == "keras" else IMAGENET)}]


def head(hidden: Sequence[int], classes: int, prefix: str = "head") -> list[Layer]:
    """Return a head: dense layers of `hidden` units with ReLU, then one logit for each class."""
    layers: list[Layer] = []
    for number, units in enumerate(hidden, start=1):
        layers += [{"layer": "dense", "name": f"{prefix}{number}", "units": units}, {"layer": "relu"}]
    return [*layers, {"layer": "dense", "name": f"{prefix}-logits", "units": classes}]


def names(layers: Iterable[Layer]) -> frozenset[str]:
    """Return the names of the layers that have weights."""
    return frozenset(layer["name"] for layer in layers if "name" in layer)
