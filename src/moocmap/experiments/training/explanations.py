"""What a model looks at: Grad-CAM and intermediate activations of some test images, kept with the record.

Grad-CAM weighs a convolutional layer's maps by how much the predicted class's score depends on them
(Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization").
The libraries' workers compute the gradients; what is computed from them stands here, in NumPy.

`explanations.npz` of a record holds, for k images and m depths:

| array | holds |
| --- | --- |
| `ids`, `labels`, `predictions`, `losses` | (k) which image, its class, the predicted one, its loss (nats) |
| `heatmaps` | (k, height, width; float16, 0 to 1) Grad-CAM of the predicted class |
| `images` | (k, height, width, channels; uint8), only where the images may be shown |
| `activation0` … | (height, width, channels; uint8) what layers of growing depth make of the first image |
| `layers` | (m) what these layers are |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import Task
from moocmap.experiments.models.zoo import POOLINGS, Layer
from moocmap.experiments.training.writer import probabilities

Arrays = dict[str, NDArray[Any]]
DEPTHS = 4
"""At so many depths activations are kept."""
CHANNELS = 16
"""So many channels of an activation are kept: the first ones."""


def choose(logits: NDArray[np.float32], labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Choose images to explain: three quarters with the highest loss, then those recognised most surely."""
    if not count:
        return np.empty(0, np.int64)
    chances = probabilities(logits)
    own = chances[np.arange(len(labels)), labels]
    worst_first = np.argsort(own, kind="stable")
    worst = worst_first[: -(-3 * count // 4)]
    surest = [n for n in worst_first[::-1] if n not in set(worst.tolist())][: count - len(worst)]
    return np.array([*worst, *surest], np.int64)


def map_layer(layers: Sequence[Layer]) -> int | None:
    """Return the position of the layer whose maps are pooled to a vector; None if a model has no maps."""
    for number, layer in enumerate(layers):
        if layer["layer"] in POOLINGS.values():
            return number - 1
    return None


def depths(layers: Sequence[Layer], count: int = DEPTHS) -> list[int]:
    """Return positions of up to `count` activations with maps, spread over the depth of a model."""
    last = map_layer(layers)
    if last is None:
        return []
    there = [number for number, layer in enumerate(layers[: last + 1]) if layer["layer"] == "relu"]
    if len(there) <= count:
        return there
    return [there[round(n * (len(there) - 1) / (count - 1))] for n in range(count)]


def layer_names(layers: Sequence[Layer], positions: Sequence[int]) -> NDArray[np.str_]:
    """Name layers for readers: by the last named layer up to each."""
    named = []
    for position in positions:
        before = [layer["name"] for layer in layers[: position + 1] if "name" in layer]
        named.append(before[-1] if before else layers[position]["layer"])
    return np.array(named)


def grad_cam(maps: NDArray[Any], gradients: NDArray[Any]) -> NDArray[np.float16]:
    """Return heat maps (k, height, width; 0 to 1), given maps and gradients (k, height, width, channels)."""
    weights = gradients.mean(axis=(1, 2), keepdims=True)
    found = np.maximum((maps * weights).sum(axis=3), 0.0)
    highest = found.max(axis=(1, 2), keepdims=True)
    return np.asarray(found / np.where(highest > 0, highest, 1.0), np.float16)


def as_pictures(activation: NDArray[Any]) -> NDArray[np.uint8]:
    """Return an activation (height, width, channels) with each of its first channels from 0 to 255."""
    kept = activation[..., :CHANNELS].astype(np.float64)
    low, high = kept.min(axis=(0, 1)), kept.max(axis=(0, 1))
    return np.asarray(255 * (kept - low) / np.where(high > low, high - low, 1.0)).round().astype(np.uint8)


def described(
    layers: Sequence[Layer], maps: NDArray[Any], gradients: NDArray[Any], activations: Sequence[NDArray[Any]]
) -> Arrays:
    """Return what is kept of a model's maps and their gradients, and of the activations at its `depths`.

    Maps and gradients are (k, height, width, channels), an activation (height, width, channels).
    """
    return {
        "heatmaps": grad_cam(maps, gradients),
        **{f"activation{number}": as_pictures(one) for number, one in enumerate(activations)},
        "layers": layer_names(layers, depths(layers)),
    }


def arrays(
    task: Task,
    chosen: NDArray[np.int64],
    logits: NDArray[np.float32],
    found: Mapping[str, NDArray[Any]],
    *,
    show: bool,
) -> Arrays:
    """Return what a record keeps, from what a library found of the chosen test images."""
    labels = task.test.labels[chosen]
    own = probabilities(logits[chosen])[np.arange(len(chosen)), labels]
    classes = np.array(list(map(str, task.classes)))
    images = task.test.images[chosen]
    if images.dtype != np.uint8:
        images = (images * 255).round().astype(np.uint8)
    return {
        "ids": task.test.ids[chosen],
        "labels": classes[labels],
        "predictions": classes[logits[chosen].argmax(axis=1)],
        "losses": -np.log(np.maximum(own, 1e-12)),
        **found,
        **({"images": images} if show else {}),
    }
