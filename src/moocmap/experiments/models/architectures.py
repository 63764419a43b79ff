"""The architectures of the papers as data: VGG, ResNet, DenseNet, MobileNet, and two small networks.

Each function returns the layers of a body as `models.zoo` describes them, up to its feature
maps; pooling belongs to the head. Where the libraries publish different variants of one paper, the
differences are parameters, and `Variant` names them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Layer = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """What Keras' applications and torchvision's models do differently.

    `keep` is the share of BatchNorm's moving statistics that stays at each step, `epsilon` is added to its
    variance. With `early_stride` a ResNet's bottleneck strides in its first convolution, as in the paper,
    else in its second ("version 1.5"). `biases` are those of a ResNet's convolutions before BatchNorm;
    `vgg_norms` puts BatchNorms into VGG.
    """

    keep: float
    epsilon: float
    early_stride: bool
    biases: bool
    vgg_norms: bool


KERAS = Variant(keep=0.99, epsilon=1.001e-5, early_stride=True, biases=True, vgg_norms=False)
"""As `keras.applications` has them (BatchNorm's epsilon of ResNet and DenseNet; MobileNet's own is 1e-3)."""

TORCH = Variant(keep=0.9, epsilon=1e-5, early_stride=False, biases=False, vgg_norms=True)
"""As `torchvision.models` has them, with the VGGs that fastai's documentation uses (`vgg16_bn`)."""


def conv(
    name: str, filters: int, kernel: int, *, stride: int = 1, padding: int = 0, bias: bool = False
) -> Layer:
    """Return a convolution with symmetric zero padding."""
    return {
        "layer": "conv",
        "name": name,
        "filters": filters,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "bias": bias,
    }


def norm(name: str, variant: Variant) -> Layer:
    """Return a BatchNorm."""
    return {"layer": "batchnorm", "name": name, "keep": variant.keep, "epsilon": variant.epsilon}


RELU: Layer = {"layer": "relu"}


def small_cnn() -> list[Layer]:
    """Three blocks of convolution, BatchNorm and ReLU for images of a few pixels: 14,000 parameters.

    It ends in its own global average pooling.
    """
    pool: Layer = {"layer": "maxpool", "size": 2}
    return [*_block(1, 16), pool, *_block(2, 32), pool, *_block(3, 32), {"layer": "global-average-pool"}]


def _block(number: int, filters: int) -> list[Layer]:
    return [
        {"layer": "conv", "name": f"conv{number}", "filters": filters, "kernel": 3},
        {"layer": "batchnorm", "name": f"norm{number}", "keep": 0.9, "epsilon": 1e-5},
        {"layer": "relu"},
    ]


def dense_net(units: Sequence[int], activation: str, size: int = 28) -> list[Layer]:
    """Return dense layers of `units` with an activation on the pixels of grey `size` × `size` images."""
    layers: list[Layer] = [{"layer": "flatten", "pixels": size * size}]
    for number, width in enumerate(units, start=1):
        layers += [{"layer": "dense", "name": f"dense{number}", "units": width}, {"layer": activation}]
    return layers


def vgg(depths: Sequence[int], variant: Variant) -> list[Layer]:
    """Return VGG's convolutional part: `depths` convolutions in each of five blocks.

    Simonyan and Zisserman (2015), "Very deep convolutional networks for large-scale image recognition".
    """
    layers: list[Layer] = []
    for block, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512, 512), strict=True), start=1):
        for number in range(1, depth + 1):
            name = f"block{block}-conv{number}"
            layers.append(conv(name, filters, 3, padding=1, bias=True))
            layers += [norm(f"{name}-norm", variant)] * variant.vgg_norms
            layers.append(RELU)
        layers.append({"layer": "maxpool", "size": 2})
    return layers


def resnet(depths: Sequence[int], variant: Variant) -> list[Layer]:
    """Return a ResNet with bottlenecks: `depths` blocks in each of four stages.

    He et al. (2016), "Deep residual learning for image recognition".
    """
    layers = [
        conv("stem-conv", 64, 7, stride=2, padding=3, bias=variant.biases),
        norm("stem-norm", variant),
        RELU,
        {"layer": "maxpool", "size": 3, "stride": 2, "padding": 1},
    ]
    for stage, (depth, filters) in enumerate(zip(depths, (64, 128, 256, 512), strict=True), start=1):
        for number in range(1, depth + 1):
            stride = 2 if number == 1 and stage > 1 else 1
            layers += _bottleneck(
                f"stage{stage}-block{number}", filters, stride, variant, projects=number == 1
            )
    return layers


def _bottleneck(name: str, filters: int, stride: int, variant: Variant, *, projects: bool) -> list[Layer]:
    """Return a residual block; the shortcut is a projection where the shape changes."""
    entry: Layer = {"layer": "identity", "output": f"{name}-in"}
    first, second = (stride, 1) if variant.early_stride else (1, stride)
    branch = [
        conv(f"{name}-conv1", filters, 1, stride=first, bias=variant.biases),
        norm(f"{name}-norm1", variant),
        RELU,
        conv(f"{name}-conv2", filters, 3, stride=second, padding=1, bias=variant.biases),
        norm(f"{name}-norm2", variant),
        RELU,
        conv(f"{name}-conv3", 4 * filters, 1, bias=variant.biases),
        {**norm(f"{name}-norm3", variant), "output": f"{name}-out"},
    ]
    shortcut = f"{name}-in"
    projection: list[Layer] = []
    if projects:
        shortcut = f"{name}-shortcut"
        projection = [
            {
                **conv(f"{name}-conv0", 4 * filters, 1, stride=stride, bias=variant.biases),
                "inputs": [entry["output"]],
            },
            {**norm(f"{name}-norm0", variant), "output": shortcut},
        ]
    return [entry, *branch, *projection, {"layer": "add", "inputs": [shortcut, f"{name}-out"]}, RELU]


def densenet(depths: Sequence[int], variant: Variant, growth: int = 32) -> list[Layer]:
    """Return a DenseNet-BC: `depths` layers in each of four blocks, transitions that halve between them.

    Huang et al. (2017), "Densely connected convolutional networks".
    """
    layers = [
        conv("stem-conv", 64, 7, stride=2, padding=3),
        norm("stem-norm", variant),
        RELU,
        {"layer": "maxpool", "size": 3, "stride": 2, "padding": 1},
    ]
    channels = 64
    for block, depth in enumerate(depths, start=1):
        for number in range(1, depth + 1):
            layers += _dense_layer(f"block{block}-layer{number}", growth, variant)
        channels += depth * growth
        if block < len(depths):
            channels //= 2
            layers += [
                norm(f"transition{block}-norm", variant),
                RELU,
                conv(f"transition{block}-conv", channels, 1),
                {"layer": "average-pool", "size": 2},
            ]
    return [*layers, norm("last-norm", variant), RELU]


def _dense_layer(name: str, growth: int, variant: Variant) -> list[Layer]:
    return [
        {"layer": "identity", "output": f"{name}-in"},
        norm(f"{name}-norm1", variant),
        RELU,
        conv(f"{name}-conv1", 4 * growth, 1),
        norm(f"{name}-norm2", variant),
        RELU,
        {**conv(f"{name}-conv2", growth, 3, padding=1), "output": f"{name}-out"},
        {"layer": "concat", "inputs": [f"{name}-in", f"{name}-out"]},
    ]


def mobilenet(alpha: float = 1.0) -> list[Layer]:
    """Return MobileNet with its widths multiplied by `alpha`, as `keras.applications.MobileNet` has it.

    Howard et al. (2017), "MobileNets: efficient convolutional neural networks for mobile vision
    applications". Where it strides it pads at the bottom and the right only, as TensorFlow does.
    """
    variant = Variant(keep=0.99, epsilon=1e-3, early_stride=False, biases=False, vgg_norms=False)
    layers = [_pad_end(), conv("stem-conv", int(32 * alpha), 3, stride=2), norm("stem-norm", variant), RELU6]
    widths = [
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        *[(512, 1)] * 5,
        (1024, 2),
        (1024, 1),
    ]
    for number, (filters, stride) in enumerate(widths, start=1):
        if stride == 2:
            layers.append(_pad_end())
        layers += [
            {
                "layer": "depthwise-conv",
                "name": f"block{number}-depthwise",
                "kernel": 3,
                "stride": stride,
                "padding": 0 if stride == 2 else 1,
            },
            norm(f"block{number}-norm1", variant),
            RELU6,
            conv(f"block{number}-pointwise", int(filters * alpha), 1),
            norm(f"block{number}-norm2", variant),
            RELU6,
        ]
    return layers


RELU6: Layer = {"layer": "relu", "at_most": 6.0}


def _pad_end() -> Layer:
    return {"layer": "pad", "before": 0, "after": 1}
