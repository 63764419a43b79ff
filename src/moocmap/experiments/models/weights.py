"""Weights as NumPy arrays, the same for every library: drawn, counted, hashed.

They are named `<layer>/<part>` and laid out channels last:

| layer       | parts                                                                              |
| ----------- | ---------------------------------------------------------------------------------- |
| `conv`      | `kernel` (height, width, channels in, channels out), `bias` (out) where it has one |
| `depthwise-conv` | `kernel` (height, width, channels, 1)                                         |
| `batchnorm` | `gamma`, `beta`, `mean`, `variance` (channels); the last two are moving statistics |
| `dense`     | `kernel` (in, out), `bias` (out) where it has one                                  |
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from moocmap.experiments.models.zoo import Layer, names

Array = NDArray[np.float32]
Weights = dict[str, Array]
Shape = tuple[int, ...]

STATISTICS = ("mean", "variance")
"""Parts that move with the data, not along the gradient."""


def shapes(layers: Iterable[Layer], channels: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array of a model that takes images of `channels` channels."""
    found: dict[str, tuple[int, ...]] = {}
    for layer, width in zip_widths(layers, channels):
        name, kind = layer.get("name"), layer["layer"]
        if kind == "conv":
            found[f"{name}/kernel"] = (layer["kernel"], layer["kernel"], width, layer["filters"])
            if layer.get("bias"):
                found[f"{name}/bias"] = (layer["filters"],)
        elif kind == "depthwise-conv":
            found[f"{name}/kernel"] = (layer["kernel"], layer["kernel"], width, 1)
        elif kind == "batchnorm":
            found |= {f"{name}/{part}": (width,) for part in ("gamma", "beta", *STATISTICS)}
        elif kind == "dense":
            found[f"{name}/kernel"] = (width, layer["units"])
            if layer.get("bias", True):
                found[f"{name}/bias"] = (layer["units"],)
    return found


def zip_widths(layers: Iterable[Layer], channels: int) -> Iterator[tuple[Layer, int]]:
    """Go through layers, each with the number of channels that come into it (the sum, where several do)."""
    width = channels
    labelled: dict[str, int] = {}
    for layer in layers:
        kind = layer["layer"]
        if "inputs" in layer:
            widths = [labelled[label] for label in layer["inputs"]]
            width = widths[0] if kind == "add" else sum(widths)
        yield layer, width
        width = int(layer.get("filters") or layer.get("units") or width * _factor(layer))
        if "output" in layer:
            labelled[layer["output"]] = width


def _factor(layer: Layer) -> int:
    """Return how many times the channels that come into a layer go out of it."""
    if layer["layer"] == "flatten":
        return int(layer["pixels"])
    return 2 if layer["layer"] == "max-and-average-pool" else 1


def draw(layers: Iterable[Layer], channels: int, seed: int, initialization: str = "he-normal") -> Weights:
    """Draw the initial weights of a model (float32).

    Kernels are drawn as `INITIALIZATIONS` says; biases, `beta` and `mean` are 0, `gamma` and `variance` 1.
    Each array has a stream of random numbers of its own, from `seed` and its name: another layer beside it
    changes nothing.
    """
    drawer = INITIALIZATIONS[initialization]
    layers = list(layers)
    depthwise = {f"{layer['name']}/kernel" for layer in layers if layer["layer"] == "depthwise-conv"}
    drawn: Weights = {}
    for name, shape in shapes(layers, channels).items():
        part = name.rpartition("/")[2]
        if part == "kernel":
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            fan_in = math.prod(shape[:2]) if name in depthwise else math.prod(shape[:-1])
            fan_out = math.prod(shape[:2]) if name in depthwise else math.prod([*shape[:-2], shape[-1]])
            drawn[name] = drawer(rng, shape, fan_in, fan_out).astype(np.float32)
        else:
            drawn[name] = np.full(shape, 1.0 if part in ("gamma", "variance") else 0.0, np.float32)
    return drawn


def _he_normal(rng: Generator, shape: Shape, fan_in: int, _: int) -> NDArray[np.float64]:
    return rng.normal(0.0, math.sqrt(2 / fan_in), shape)


def _he_uniform(rng: Generator, shape: Shape, fan_in: int, _: int) -> NDArray[np.float64]:
    return rng.uniform(-math.sqrt(6 / fan_in), math.sqrt(6 / fan_in), shape)


def _glorot_uniform(rng: Generator, shape: Shape, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    end = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-end, end, shape)


INITIALIZATIONS: dict[str, Callable[[Generator, Shape, int, int], NDArray[np.float64]]] = {
    "he-normal": _he_normal,
    "he-uniform": _he_uniform,
    "glorot-uniform": _glorot_uniform,
}
"""How kernels are drawn: variance 2 / fan-in (He et al. 2015, "Delving deep into rectifiers"), normal or
uniform, or 2 / (fan-in + fan-out) (Glorot and Bengio 2010, what Keras' layers do by default)."""


def channels_in(layers: Iterable[Layer], weights: Mapping[str, Array]) -> int:
    """Return how many channels the images of a model have, from the weights of its first layer."""
    layers = list(layers)
    first = next(layer for layer in layers if "name" in layer)
    if layers[0]["layer"] == "flatten":
        return int(weights[f"{first['name']}/kernel"].shape[0]) // int(layers[0]["pixels"])
    shape = weights[f"{first['name']}/{'gamma' if first['layer'] == 'batchnorm' else 'kernel'}"].shape
    return int(shape[0] if len(shape) < 4 else shape[2])


def of_layers(weights: Mapping[str, Array], layers: Iterable[Layer]) -> Weights:
    """Return the arrays that belong to these layers."""
    wanted = names(layers)
    return {name: array for name, array in weights.items() if name.partition("/")[0] in wanted}


def count(weights: Mapping[str, Array]) -> int:
    """Count the trainable parameters: all but the moving statistics."""
    return sum(array.size for name, array in weights.items() if name.rpartition("/")[2] not in STATISTICS)


def digest(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Return the SHA-256 of named arrays: of their names, types, shapes and values."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()
