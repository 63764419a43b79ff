"""Models as Keras has them: built from layers as data, frozen, and read back as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from moocmap.experiments.keras_worker.backend import keras
from moocmap.experiments.models.bridge import parts_of
from moocmap.experiments.models.weights import Weights, channels_in
from moocmap.experiments.models.zoo import Layer


def build(layers: list[Layer], weights: Weights) -> Any:
    """Build a model and give it its weights; images are (n, height, width, channels), 0 to 1."""
    images = keras.Input((None, None, channels_in(layers, weights)))
    model = keras.Model(images, outputs(layers, images)[-1])
    load_weights(model, layers, weights)
    return model


def outputs(layers: list[Layer], images: Any) -> list[Any]:
    """Return what comes out of each layer."""
    x, found, labelled = images, [], dict[str, Any]()
    for layer in layers:
        given = [labelled[label] for label in layer["inputs"]] if "inputs" in layer else [x]
        x = _layer(layer)(given if len(given) > 1 else given[0])
        found.append(x)
        if "output" in layer:
            labelled[layer["output"]] = x
    return found


def load_weights(model: Any, layers: list[Layer], weights: Weights) -> None:
    """Give a model the weights of these layers."""
    for layer in layers:
        if parts := parts_of(layer):
            arrays = [weights[f"{layer['name']}/{part}"] for part in parts]
            model.get_layer(layer["name"]).set_weights(arrays)


def _layer(layer: Layer) -> Any:
    if layer["layer"] not in LAYERS:
        raise ValueError(f"no layer '{layer['layer']}' in Keras' worker")
    return LAYERS[layer["layer"]](layer)


def _conv(layer: Layer) -> Any:
    options = {"filters": layer["filters"], "use_bias": layer.get("bias", False), "name": layer["name"]}
    return _padded(partial(keras.layers.Conv2D, **options), layer)


def _depthwise_conv(layer: Layer) -> Any:
    return _padded(partial(keras.layers.DepthwiseConv2D, use_bias=False, name=layer["name"]), layer)


def _batchnorm(layer: Layer) -> Any:
    return keras.layers.BatchNormalization(
        momentum=layer["keep"], epsilon=layer["epsilon"], name=layer["name"]
    )


def _dense(layer: Layer) -> Any:
    return keras.layers.Dense(layer["units"], use_bias=layer.get("bias", True), name=layer["name"])


def _maxpool(layer: Layer) -> Any:
    # Zeros beside a ReLU's output are as good as nothing there.
    pool = keras.layers.MaxPooling2D(layer["size"], strides=layer.get("stride"))
    return _after_padding(layer.get("padding", 0), pool)


LAYERS: dict[str, Callable[[Layer], Any]] = {
    "normalize": lambda layer: Normalize(layer["mean"], layer["std"], layer["order"]),
    "conv": _conv,
    "depthwise-conv": _depthwise_conv,
    "batchnorm": _batchnorm,
    "relu": lambda layer: keras.layers.ReLU(max_value=layer.get("at_most")),
    "pad": lambda layer: keras.layers.ZeroPadding2D(((layer["before"], layer["after"]),) * 2),
    "maxpool": _maxpool,
    "average-pool": lambda layer: keras.layers.AveragePooling2D(layer["size"]),
    "global-average-pool": lambda _: keras.layers.GlobalAveragePooling2D(),
    "global-max-pool": lambda _: keras.layers.GlobalMaxPooling2D(),
    "max-and-average-pool": lambda _: MaxAndAveragePooling(),
    "flatten": lambda layer: FlattenPixels(layer["pixels"]),
    "dense": _dense,
    "sigmoid": lambda _: keras.layers.Activation("sigmoid"),
    "dropout": lambda layer: keras.layers.Dropout(layer["rate"]),
    "identity": lambda _: keras.layers.Identity(),
    "add": lambda _: keras.layers.Add(),
    "concat": lambda _: keras.layers.Concatenate(),
}
"""How Keras builds each kind of layer that `models.zoo` describes."""


def _padded(convolution: Callable[..., Any], layer: Layer) -> Callable[[Any], Any]:
    """Make a convolution with the layer's padding; "same" where it keeps the size, as that is fastest."""
    kernel, stride, padding = layer["kernel"], layer.get("stride", 1), layer.get("padding")
    if padding is None or (stride == 1 and kernel == 2 * padding + 1):
        found: Callable[[Any], Any] = convolution(kernel_size=kernel, strides=stride, padding="same")
        return found
    return _after_padding(padding, convolution(kernel_size=kernel, strides=stride, padding="valid"))


def _after_padding(padding: int, then: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if not padding:
        return then
    return lambda images: then(keras.layers.ZeroPadding2D(padding)(images))


class Normalize(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Pixels (0 to 1) minus a mean by a standard deviation, channel by channel, in the order asked for."""

    def __init__(self, mean: list[float], std: list[float], order: str) -> None:
        super().__init__()
        self.step = -1 if order == "bgr" else 1
        self.mean, self.std = np.array(mean, np.float32), np.array(std, np.float32)

    def call(self, images: Any) -> Any:
        """Return normalized images."""
        return (images[..., :: self.step] - self.mean) / self.std


class MaxAndAveragePooling(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """The maximum and the mean of each feature map, side by side."""

    def call(self, maps: Any) -> Any:
        """Return (n, 2 × channels)."""
        parts = [keras.ops.max(maps, axis=(1, 2)), keras.ops.mean(maps, axis=(1, 2))]
        return keras.ops.concatenate(parts, axis=-1)


class FlattenPixels(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Images of so many pixels as vectors."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.pixels = pixels

    def call(self, images: Any) -> Any:
        """Return (n, pixels × channels)."""
        return keras.ops.reshape(images, (-1, self.pixels * images.shape[-1]))


def read_weights(model: Any, layers: list[Layer]) -> Weights:
    """Return a model's weights by name, as `models.weights` lays them out."""
    return {
        f"{layer['name']}/{part}": np.array(array)
        for layer in layers
        if (parts := parts_of(layer))
        for part, array in zip(parts, model.get_layer(layer["name"]).get_weights(), strict=True)
    }


def freeze(model: Any, frozen: frozenset[str], frozen_batchnorm: str) -> None:
    """Let the named layers stand still.

    A frozen BatchNorm runs in inference mode: Keras couples the two. With "training" the BatchNorms train
    on, statistics and all, as fastai's do by default.
    """
    for layer in model.layers:
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer.name not in frozen or (is_norm and frozen_batchnorm == "training")
