"""What a Keras model looks at: maps, gradients and activations, on any of its backends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import as_floats
from moocmap.experiments.keras_worker.backend import BACKEND, keras
from moocmap.experiments.keras_worker.layers import load_weights, outputs
from moocmap.experiments.models.weights import Weights, channels_in
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.training import explanations
from moocmap.experiments.training.worker import Pixels


def explain(
    layers: list[Layer], weights: Weights, images: Pixels, classes: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return Grad-CAM of a class of each image, and activations of the first; see `explanations`.

    A model without maps gets nothing.
    """
    last, positions = explanations.map_layer(layers), explanations.depths(layers)
    if last is None:
        return {}
    pictures = as_floats(images)
    inputs = keras.Input((None, None, channels_in(layers, weights)))
    made = outputs(layers, inputs)
    body = keras.Model(inputs, [made[number] for number in [*positions, last]])
    head_input = keras.Input(made[last].shape[1:])
    head = keras.Model(head_input, outputs(layers[last + 1 :], head_input)[-1])
    load_weights(body, layers[: last + 1], weights)
    load_weights(head, layers[last + 1 :], weights)
    *activations, maps = body(pictures, training=False)
    return explanations.described(
        layers,
        keras.ops.convert_to_numpy(maps),
        gradient(head, maps, classes),
        [keras.ops.convert_to_numpy(activation)[0] for activation in activations],
    )


def gradient(head: Any, maps: Any, classes: NDArray[np.int64]) -> NDArray[Any]:
    """Return the gradient of each image's score of its class by the maps (n, height, width, channels)."""
    chosen = keras.ops.convert_to_tensor(np.eye(head.output_shape[-1], dtype=np.float32)[classes])

    def score(maps: Any) -> Any:
        return keras.ops.sum(head(maps, training=False) * chosen)

    return np.asarray(_GRADIENTS[BACKEND](score, maps))


def _with_tensorflow(score: Any, maps: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(maps)
        value = score(maps)
    return tape.gradient(value, maps)


def _with_jax(score: Any, maps: Any) -> Any:
    import jax

    return jax.grad(score)(maps)


def _with_torch(score: Any, maps: Any) -> Any:
    leaf = maps.detach().requires_grad_()
    score(leaf).backward()
    return leaf.grad.cpu()


_GRADIENTS = {"tensorflow": _with_tensorflow, "jax": _with_jax, "torch": _with_torch}
