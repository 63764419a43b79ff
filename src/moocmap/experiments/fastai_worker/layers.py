"""Models as torch has them: built from layers as data, and read back as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from moocmap.experiments.fastai_worker.backend import nn, torch
from moocmap.experiments.models.bridge import TORCH_PARTS, as_ours, as_torch, parts_of
from moocmap.experiments.models.weights import Weights, channels_in, zip_widths
from moocmap.experiments.models.zoo import Layer


class Graph(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """A model made of layers as data: each takes the last output, or those that it names."""

    def __init__(self, layers: list[Layer], weights: Weights) -> None:
        super().__init__()
        self.layers = layers
        self.steps: list[tuple[str, list[str], str]] = []
        widths = zip_widths(layers, channels_in(layers, weights))
        for number, (layer, channels) in enumerate(widths):
            name = layer.get("name", f"{layer['layer']}-{number}")
            self.add_module(name, _module(layer, channels))
            self.steps.append((name, layer.get("inputs", []), layer.get("output", "")))

    def forward(self, images: Any) -> Any:
        """Return the last layer's output for images (n, channels, height, width)."""
        x = images
        for x in self.outputs(images):  # noqa: B007 (only the last counts)
            pass
        return x

    def outputs(self, images: Any) -> Iterator[Any]:
        """Go through what comes out of each layer."""
        x, labelled = images, dict[str, Any]()
        for name, inputs, output in self.steps:
            given = [labelled[label] for label in inputs] if inputs else [x]
            x = self._modules[name](*given)
            if output:
                labelled[output] = x
            yield x


def build(layers: list[Layer], weights: Weights) -> Graph:
    """Build a model and give it its weights; images are (n, channels, height, width).

    In memory channels come last: convolutions on a processor take half the time, and tensor cores want it.
    """
    model = Graph(layers, weights)
    for name, layer, part, tensor in _tensors(model):
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(as_torch(layer, part, weights[name]).copy()))
    model.to(memory_format=torch.channels_last)
    return model


def _module(layer: Layer, channels: int) -> nn.Module:
    if layer["layer"] not in MODULES:
        raise ValueError(f"no layer '{layer['layer']}' in fastai's worker")
    return MODULES[layer["layer"]](layer, channels)


def _conv(layer: Layer, channels: int) -> nn.Module:
    stride, padding, bias = layer.get("stride", 1), layer.get("padding", "same"), layer.get("bias", False)
    return nn.Conv2d(channels, layer["filters"], layer["kernel"], stride, padding, bias=bias)


def _depthwise_conv(layer: Layer, channels: int) -> nn.Module:
    stride, padding = layer.get("stride", 1), layer.get("padding", "same")
    return nn.Conv2d(channels, channels, layer["kernel"], stride, padding, groups=channels, bias=False)


def _dense(layer: Layer, channels: int) -> nn.Module:
    return nn.Linear(channels, layer["units"], bias=layer.get("bias", True))


def _pad(layer: Layer, channels: int) -> nn.Module:
    return nn.ZeroPad2d((layer["before"], layer["after"]) * 2)


class Normalize(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """Pixels (0 to 1) minus a mean by a standard deviation, channel by channel, in the order asked for."""

    def __init__(self, mean: list[float], std: list[float], order: str) -> None:
        super().__init__()
        self.is_reversed = order == "bgr"
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Any) -> Any:
        """Return normalized images."""
        return ((images.flip(1) if self.is_reversed else images) - self.mean) / self.std


class BatchNorm(nn.BatchNorm2d):  # type: ignore[misc]  # torch's types are not followed
    """A BatchNorm of feature maps or of vectors, whichever comes."""

    def _check_input_dim(self, input: Any) -> None:  # noqa: A002 (torch's name)
        """Take any number of dimensions."""


class MaxAndAveragePool(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """The maximum and the mean of each feature map, side by side, as in fastai's AdaptiveConcatPool2d."""

    def forward(self, maps: Any) -> Any:
        """Return (n, 2 × channels)."""
        return torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1)


class FlattenPixels(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """Images as vectors, their channels side by side at each pixel."""

    def forward(self, images: Any) -> Any:
        """Return (n, height × width × channels)."""
        return images.permute(0, 2, 3, 1).flatten(1)


class Add(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """The sum of its inputs."""

    def forward(self, *inputs: Any) -> Any:
        """Return the sum of tensors of one shape."""
        return sum(inputs[1:], inputs[0])


class Concat(nn.Module):  # type: ignore[misc]  # torch's types are not followed
    """Its inputs side by side along the channels."""

    def forward(self, *inputs: Any) -> Any:
        """Return one tensor with the channels of all."""
        return torch.cat(inputs, dim=1)


MODULES: dict[str, Callable[[Layer, int], nn.Module]] = {
    "normalize": lambda layer, _: Normalize(layer["mean"], layer["std"], layer["order"]),
    "conv": _conv,
    "depthwise-conv": _depthwise_conv,
    "batchnorm": lambda layer, n: BatchNorm(n, eps=layer["epsilon"], momentum=1 - layer["keep"]),
    "relu": lambda layer, _: nn.ReLU6() if layer.get("at_most") else nn.ReLU(),
    "pad": _pad,
    "maxpool": lambda layer, _: nn.MaxPool2d(layer["size"], layer.get("stride"), layer.get("padding", 0)),
    "average-pool": lambda layer, _: nn.AvgPool2d(layer["size"]),
    "global-average-pool": lambda *_: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "global-max-pool": lambda *_: nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()),
    "max-and-average-pool": lambda *_: MaxAndAveragePool(),
    "flatten": lambda *_: FlattenPixels(),
    "dense": _dense,
    "sigmoid": lambda *_: nn.Sigmoid(),
    "dropout": lambda layer, _: nn.Dropout(layer["rate"]),
    "identity": lambda *_: nn.Identity(),
    "add": lambda *_: Add(),
    "concat": lambda *_: Concat(),
}
"""How torch builds each kind of layer that `models.zoo` describes, given its input channels."""


def _tensors(model: Graph) -> Iterator[tuple[str, Layer, str, Any]]:
    """Go through a model's tensors: our name, the layer, the part of its weights, and the tensor."""
    for layer in model.layers:
        for part in parts_of(layer):
            tensor = getattr(model.get_submodule(layer["name"]), TORCH_PARTS[part])
            yield f"{layer['name']}/{part}", layer, part, tensor


def read_weights(model: Graph) -> Weights:
    """Return a model's weights by name, as `models.weights` lays them out."""
    return {
        name: np.ascontiguousarray(as_ours(layer, part, tensor.detach().cpu().numpy())).copy()
        for name, layer, part, tensor in _tensors(model)
    }
