"""The bridge between our weights and those that libraries publish: names and axes, nothing else.

Keras' applications and torchvision's models name and lay out the same tensors differently. Here stands how
each names what `models.architectures` calls by our names; arrays come and go as NumPy arrays, so
neither library is imported. `weights` says how ours are laid out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.models.weights import Weights
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.spec import ExperimentError

Arrays = Mapping[str, NDArray[np.generic]]
Rules = Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]

KERAS_PARTS = {
    "conv": ("kernel", "bias"),
    "depthwise-conv": ("kernel",),
    "batchnorm": ("gamma", "beta", "mean", "variance"),
    "dense": ("kernel", "bias"),
}
"""Parts of a layer in the order of Keras' `get_weights`."""

TORCH_PARTS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "mean": "running_mean",
    "variance": "running_var",
}
"""Ours and torch's names of a layer's parts."""

TORCH_AXES = {"conv": (3, 2, 0, 1), "depthwise-conv": (2, 3, 0, 1), "dense": (1, 0)}
"""Which of our axes stands at each place of torch's kernels."""


def _next(text: str) -> int:
    return int(text) + 1


_KERAS: dict[str, Rules] = {
    "vgg": [(r"block(\d)-conv(\d)", r"block\1_conv\2")],
    "resnet": [
        (r"stem-conv", "conv1_conv"),
        (r"stem-norm", "conv1_bn"),
        (r"stage(\d)-block(\d+)-conv(\d)", lambda m: f"conv{_next(m[1])}_block{m[2]}_{m[3]}_conv"),
        (r"stage(\d)-block(\d+)-norm(\d)", lambda m: f"conv{_next(m[1])}_block{m[2]}_{m[3]}_bn"),
    ],
    "densenet": [
        (r"stem-conv", "conv1_conv"),
        (r"stem-norm", "conv1_bn"),
        (r"block(\d)-layer(\d+)-norm1", lambda m: f"conv{_next(m[1])}_block{m[2]}_0_bn"),
        (r"block(\d)-layer(\d+)-conv1", lambda m: f"conv{_next(m[1])}_block{m[2]}_1_conv"),
        (r"block(\d)-layer(\d+)-norm2", lambda m: f"conv{_next(m[1])}_block{m[2]}_1_bn"),
        (r"block(\d)-layer(\d+)-conv2", lambda m: f"conv{_next(m[1])}_block{m[2]}_2_conv"),
        (r"transition(\d)-norm", lambda m: f"pool{_next(m[1])}_bn"),
        (r"transition(\d)-conv", lambda m: f"pool{_next(m[1])}_conv"),
        (r"last-norm", "bn"),
    ],
    "mobilenet": [
        (r"stem-conv", "conv1"),
        (r"stem-norm", "conv1_bn"),
        (r"block(\d+)-depthwise", r"conv_dw_\1"),
        (r"block(\d+)-norm1", r"conv_dw_\1_bn"),
        (r"block(\d+)-pointwise", r"conv_pw_\1"),
        (r"block(\d+)-norm2", r"conv_pw_\1_bn"),
    ],
}

_TORCH: dict[str, Rules] = {
    "resnet": [
        (r"stem-conv", "conv1"),
        (r"stem-norm", "bn1"),
        (r"stage(\d)-block(\d+)-conv0", lambda m: f"layer{m[1]}.{int(m[2]) - 1}.downsample.0"),
        (r"stage(\d)-block(\d+)-norm0", lambda m: f"layer{m[1]}.{int(m[2]) - 1}.downsample.1"),
        (r"stage(\d)-block(\d+)-conv(\d)", lambda m: f"layer{m[1]}.{int(m[2]) - 1}.conv{m[3]}"),
        (r"stage(\d)-block(\d+)-norm(\d)", lambda m: f"layer{m[1]}.{int(m[2]) - 1}.bn{m[3]}"),
    ],
    "densenet": [
        (r"stem-conv", "features.conv0"),
        (r"stem-norm", "features.norm0"),
        (r"block(\d)-layer(\d+)-(norm\d|conv\d)", r"features.denseblock\1.denselayer\2.\3"),
        (r"transition(\d)-(norm|conv)", r"features.transition\1.\2"),
        (r"last-norm", "features.norm5"),
    ],
}


def keras_names(family: str, body: Iterable[Layer]) -> dict[str, str]:
    """Return the name in `keras.applications` of each layer of a body that has weights."""
    return {
        layer["name"]: _renamed(_KERAS, family, layer["name"], "Keras") for layer in body if "name" in layer
    }


def torch_names(family: str, body: Sequence[Layer]) -> dict[str, str]:
    """Return the name in `torchvision.models` of each layer of a body that has weights."""
    if family == "vgg":  # torchvision numbers all layers of a VGG
        return {layer["name"]: f"features.{n}" for n, layer in enumerate(body) if "name" in layer}
    named = (layer["name"] for layer in _with_weights(body))
    return {name: _renamed(_TORCH, family, name, "torchvision") for name in named}


def _renamed(rules: Mapping[str, Rules], family: str, name: str, library: str) -> str:
    if family not in rules:
        raise ExperimentError(f"{library} publishes no weights of the family '{family}'")
    for pattern, replacement in rules[family]:
        found, count = re.subn(f"{pattern}$", replacement, name)
        if count and re.match(pattern, name):
            return found
    raise ExperimentError(f"no name in {library} is known for layer '{name}' of the family '{family}'")


def from_keras(
    family: str, body: Sequence[Layer], layers: Mapping[str, Sequence[NDArray[np.generic]]]
) -> Weights:
    """Return a body's weights from those of a Keras model: the arrays of each of its layers by its name.

    Raises:
        ExperimentError: if a layer is missing or has another number of arrays.
    """
    names = keras_names(family, body)
    found: Weights = {}
    for layer in _with_weights(body):
        ours, theirs = layer["name"], names[layer["name"]]
        parts = parts_of(layer)
        arrays = layers.get(theirs)
        if arrays is None or len(arrays) != len(parts):
            raise ExperimentError(
                f"expected layer '{theirs}' with {len(parts)} arrays for '{ours}', "
                f"got {'none' if arrays is None else len(arrays)}"
            )
        found |= {f"{ours}/{part}": _float(array) for part, array in zip(parts, arrays, strict=True)}
    return found


def from_torch(family: str, body: Sequence[Layer], state: Arrays) -> Weights:
    """Return a body's weights from the `state_dict` of a torchvision model, as NumPy arrays.

    Raises:
        ExperimentError: if a tensor is missing.
    """
    names = torch_names(family, body)
    found: Weights = {}
    for layer in _with_weights(body):
        for part in parts_of(layer):
            theirs = f"{names[layer['name']]}.{TORCH_PARTS[part]}"
            if theirs not in state:
                raise ExperimentError(f"expected a tensor '{theirs}' for '{layer['name']}/{part}', got none")
            found[f"{layer['name']}/{part}"] = _float(as_ours(layer, part, state[theirs]))
    return found


def parts_of(layer: Layer) -> tuple[str, ...]:
    """Return the parts of a layer's weights, in the order of Keras' `get_weights`."""
    parts = KERAS_PARTS.get(layer["layer"], ())
    has_bias = layer.get("bias", layer["layer"] == "dense")
    return tuple(part for part in parts if part != "bias" or has_bias)


def as_torch(layer: Layer, part: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return one of our arrays with its axes in torch's order."""
    return array.transpose(TORCH_AXES[layer["layer"]]) if part == "kernel" else array


def as_ours(layer: Layer, part: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return one of torch's arrays with its axes in our order."""
    return array.transpose(np.argsort(TORCH_AXES[layer["layer"]])) if part == "kernel" else array


def _with_weights(layers: Iterable[Layer]) -> list[Layer]:
    return [layer for layer in layers if "name" in layer]


def _float(array: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
