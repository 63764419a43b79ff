"""Model architectures as data: lists of layers that every worker builds with its own library.

A layer is a plain JSON object, so that a run's specification holds the whole architecture:

- `normalize` (`mean`, `std`, `order`): pixels (0 to 1) minus mean by standard deviation, as "rgb" or "bgr".
- `conv` (`name`, `filters`, `kernel`, `stride`, `padding`, `bias`): square kernel, zero padding.
- `depthwise-conv` (`name`, `kernel`, `stride`, `padding`): one kernel for each channel, no bias.
- `batchnorm` (`name`, `keep`, `epsilon`): `keep` of the moving statistics stays at each step.
- `relu` (`at_most`): 6 for MobileNet's, else without bound.
- `pad` (`before`, `after`): zeros above and left, and below and right.
- `maxpool` (`size`, `stride`, `padding`), `average-pool` (`size`): square windows.
- `global-average-pool`, `global-max-pool`: height × width × channels to channels.
- `max-and-average-pool`: both side by side, twice the channels.
- `flatten` (`pixels`): height × width × channels to one vector, in this order.
- `dense` (`name`, `units`, `bias`): with bias unless it is false.
- `sigmoid`.
- `dropout` (`rate`): in training only.
- `identity`: passes its input on, to give it a label.
- `add`, `concat` (`inputs`): of labelled outputs; concat along the channels.

A layer takes the output of the one before it, or those labelled in its `inputs`; `output` labels its own.
Left out, a conv's stride is 1, its padding keeps the size and it has no bias; a pool's stride is its size.
`keep` is what Keras calls momentum; PyTorch's BatchNorm momentum is `1 - keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

from moocmap.experiments.models.architectures import (
    KERAS,
    TORCH,
    Variant,
    dense_net,
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
    """A body: its family, how each variant is built, and how Keras' weights expect their images.

    `splits` names the layers at which a new group of layers begins, for discriminative learning rates: near
    where fastai splits torchvision's models. A body with `ends_in_maps` needs pooling.
    """

    family: str
    layers: Callable[[Variant], list[Layer]]
    splits: tuple[str, ...]
    keras_input: dict[str, Any] | None = None
    variants: tuple[str, ...] = tuple(VARIANTS)
    ends_in_maps: bool = True


def _mobilenet(alpha: float) -> Model:
    return Model(
        "mobilenet", lambda _: mobilenet(alpha), ("block7-depthwise",), _MINUS_ONE_TO_ONE, ("keras",)
    )


_SMALL = Model("small-cnn", lambda _: small_cnn(), ("conv3",), ends_in_maps=False)
_DENSE = Model("dense", lambda _: dense_net([10], "sigmoid"), (), ends_in_maps=False)
_VGG, _RESNET, _DENSENET = ("block4-conv1",), ("stage3-block1-conv1",), ("transition2-norm",)


MODELS: dict[str, Model] = {
    "small-cnn": _SMALL,
    "dense-10": _DENSE,
    "vgg16": Model("vgg", partial(vgg, (2, 2, 3, 3, 3)), _VGG, _CAFFE),
    "vgg19": Model("vgg", partial(vgg, (2, 2, 4, 4, 4)), _VGG, _CAFFE),
    "resnet50": Model("resnet", partial(resnet, (3, 4, 6, 3)), _RESNET, _CAFFE),
    "resnet101": Model("resnet", partial(resnet, (3, 4, 23, 3)), _RESNET, _CAFFE),
    "densenet121": Model("densenet", partial(densenet, (6, 12, 24, 16)), _DENSENET, IMAGENET),
    "densenet169": Model("densenet", partial(densenet, (6, 12, 32, 32)), _DENSENET, IMAGENET),
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
    return list(_body(model, variant))


@cache
def _body(model: str, variant: str) -> list[Layer]:
    return MODELS[model].layers(VARIANTS[variant])


def preprocessing(model: str, variant: str) -> list[Layer]:
    """Return the layer that prepares pixels (0 to 1) as the published weights of a variant expect them.

    Models that nobody publishes weights for get none.
    """
    keras_input = MODELS[model].keras_input
    if keras_input is None:
        return []
    return [{"layer": "normalize", **(keras_input if variant == "keras" else IMAGENET)}]


def head(
    classes: int,
    *,
    pooling: str | None = None,
    hidden: Sequence[int] = (),
    batchnorm: str | None = None,
    dropout: float | Sequence[float] = 0.0,
    bias: bool = True,
    prefix: str = "head",
) -> list[Layer]:
    """Return a head: pooling, dense layers of `hidden` units with ReLU, then one logit for each class.

    `pooling` is "average", "max", "max-and-average" or None. `batchnorm` and `dropout` (a rate for all, or
    one for each dense layer) stand before each dense layer, as in fastai's `create_head`; `batchnorm` names
    whose constants it has (see `HEAD_NORMS`).
    """
    layers: list[Layer] = [{"layer": POOLINGS[pooling]}] if pooling else []
    widths = [*hidden, classes]
    rates = [dropout] * len(widths) if isinstance(dropout, float | int) else dropout
    for number, (units, rate) in enumerate(zip(widths, rates, strict=True), start=1):
        if batchnorm:
            keep, epsilon = HEAD_NORMS[batchnorm]
            norm = {"layer": "batchnorm", "name": f"{prefix}-norm{number}", "keep": keep, "epsilon": epsilon}
            layers.append(norm)
        if rate:
            layers.append({"layer": "dropout", "rate": rate})
        name = f"{prefix}-logits" if number == len(widths) else f"{prefix}{number}"
        layers.append({"layer": "dense", "name": name, "units": units, **({} if bias else {"bias": False})})
        if number < len(widths):
            layers.append({"layer": "relu"})
    return layers


POOLINGS = {
    "average": "global-average-pool",
    "max": "global-max-pool",
    "max-and-average": "max-and-average-pool",
}
"""Layers that turn feature maps into a vector, by the name that recipes call them."""

HEAD_NORMS = {"keras": (0.99, 1e-3), "torch": (0.9, 1e-5)}
"""What of its statistics a new BatchNorm keeps, and its epsilon, by each library's default."""


def groups(body: Iterable[Layer], splits: Iterable[str]) -> dict[str, int]:
    """Number the groups that the layers of a body belong to, by their names; `splits` begin new ones."""
    found: dict[str, int] = {}
    number, starts = 0, set(splits)
    for layer in body:
        if "name" in layer:
            number += layer["name"] in starts
            found[layer["name"]] = number
    return found


def names(layers: Iterable[Layer]) -> frozenset[str]:
    """Return the names of the layers that have weights."""
    return frozenset(layer["name"] for layer in layers if "name" in layer)
