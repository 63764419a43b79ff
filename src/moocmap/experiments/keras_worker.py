"""Trains runs with Keras on TensorFlow: `python -m moocmap.experiments.keras_worker FOLDER`.

Training is `model.fit` with callbacks. What Keras lacks stands here: momentum that a schedule can move,
and the one-cycle schedule itself (as a callback).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments import worker
from moocmap.experiments.bridge import parts_of
from moocmap.experiments.checkpoint import Arrays
from moocmap.experiments.data import Floats
from moocmap.experiments.schedules import rates
from moocmap.experiments.weights import Weights, channels_in
from moocmap.experiments.worker import EpochEnd, PhaseTask
from moocmap.experiments.zoo import Layer

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
with worker.quiet():
    import keras
    import tensorflow as tf


def prepare(threads: int | None) -> None:
    """Make TensorFlow deterministic and set its threads (None: as many as there are cores)."""
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(threads or 0)
    tf.config.threading.set_inter_op_parallelism_threads(threads or 0)


def facts() -> dict[str, Any]:
    """Tell versions, backend, accelerator and what makes training deterministic."""
    devices = tf.config.list_physical_devices("GPU")
    named = [tf.config.experimental.get_device_details(device).get("device_name") for device in devices]
    return {
        "software": {
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "tensorflow": tf.__version__,
        },
        "accelerator": named[0] if named else "none",
        "determinism": "tf.config.experimental.enable_op_determinism, no XLA, seeded at each epoch",
    }


def build(layers: list[Layer], weights: Weights) -> Any:
    """Build a model and give it its weights; images are (n, height, width, channels)."""
    images = keras.Input((None, None, channels_in(layers, weights)))
    x, labelled = images, dict[str, Any]()
    for layer in layers:
        given = [labelled[label] for label in layer["inputs"]] if "inputs" in layer else [x]
        x = _layer(layer)(given if len(given) > 1 else given[0])
        if "output" in layer:
            labelled[layer["output"]] = x
    model = keras.Model(images, x)
    for layer in layers:
        if parts := parts_of(layer):
            arrays = [weights[f"{layer['name']}/{part}"] for part in parts]
            model.get_layer(layer["name"]).set_weights(arrays)
    return model


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
    "dense": lambda layer: keras.layers.Dense(layer["units"], name=layer["name"]),
    "identity": lambda _: keras.layers.Identity(),
    "add": lambda _: keras.layers.Add(),
    "concat": lambda _: keras.layers.Concatenate(),
}
"""How Keras builds each kind of layer that `moocmap.experiments.zoo` describes."""


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


def read_weights(model: Any, layers: list[Layer]) -> Weights:
    """Return a model's weights by name, as `moocmap.experiments.weights` lays them out."""
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


def reseed(model: Any, seed: int) -> None:
    """Let all random numbers of an epoch start from a seed (32 bits).

    `keras.utils.set_random_seed` would do, but it also empties TensorFlow's cache of compiled functions,
    which made epochs five times slower.
    """
    random.seed(seed)
    np.random.seed(seed)
    for variable in model.non_trainable_variables:
        if variable.name == "seed_generator_state":
            variable.assign([seed, 0])


class AdamW(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras has no types
    """AdamW whose momentum (beta 1) is a variable, so that a schedule can set it before each step."""

    def build(self, variables: Any) -> None:
        """Make the optimizer's variables; momentum is one of them."""
        if not self.built:
            self.beta_1: Any = self.add_variable(shape=(), dtype="float32", name="beta_1")
        super().build(variables)


class OneStepAtATime(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Sets the rates before each step, and tells the epoch's figures after it."""

    def __init__(self, task: PhaseTask, batches: PyBatches, on_epoch: Callable[[EpochEnd], None]) -> None:
        super().__init__()
        self.task, self.batches, self.on_epoch, self.epoch, self.begin = task, batches, on_epoch, 0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Seed the library and fetch the epoch's batches."""
        self.begin, self.epoch = perf_counter(), epoch
        reseed(self.model, self.task.batches.library_seed(epoch))
        self.batches.now = self.task.batches.epoch(epoch)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Set learning rate and momentum."""
        phase, optimizer = self.task.phase, self.model.optimizer
        step = self.epoch * len(self.task.batches) + batch
        now = rates(phase["schedule"], phase["lr"], step, self.task.steps)
        optimizer.learning_rate.assign(now.learning_rate)
        optimizer.beta_1.assign(now.momentum)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Hand over figures, weights and the optimizer's state."""
        logs, optimizer = logs or {}, self.model.optimizer
        metrics = {
            "learning_rate": float(optimizer.learning_rate),
            "momentum": float(optimizer.beta_1),
            "train_loss": logs["loss"],
            "train_accuracy": logs["accuracy"],
            "validation_loss": logs["val_loss"],
            "validation_accuracy": logs["val_accuracy"],
        }
        seconds = perf_counter() - self.begin
        self.on_epoch(
            EpochEnd(
                epoch,
                seconds,
                metrics,
                read_weights(self.model, self.task.layers),
                _optimizer_state(optimizer),
            )
        )


class PyBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """The batches of the current epoch."""

    def __init__(self, task: PhaseTask) -> None:
        super().__init__()
        self.now = task.batches.epoch(task.first_epoch)

    def __len__(self) -> int:
        return len(self.now)

    def __getitem__(self, index: int) -> Any:
        return self.now[index]


def train(task: PhaseTask, on_epoch: Callable[[EpochEnd], None]) -> None:
    """Train one phase with `model.fit`, from the task's first epoch to the phase's last."""
    phase = task.phase
    keras.utils.set_random_seed(task.batches.library_seed(0))
    model = build(task.layers, task.weights)
    freeze(model, task.frozen, phase["frozen_batchnorm"])
    optimizer = AdamW(
        learning_rate=phase["lr"],
        weight_decay=phase["weight_decay"],
        beta_2=phase["optimizer"]["beta2"],
        epsilon=phase["optimizer"]["epsilon"],
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    optimizer.build(model.trainable_variables)
    if task.optimizer:
        for number, variable in enumerate(optimizer.variables):
            variable.assign(task.optimizer[str(number)])
    batches = PyBatches(task)
    model.fit(
        batches,
        epochs=phase["epochs"],
        initial_epoch=task.first_epoch,
        shuffle=False,
        verbose=0,
        validation_data=(task.validation.images, task.validation.labels),
        validation_batch_size=len(task.validation),
        callbacks=[OneStepAtATime(task, batches, on_epoch)],
    )


def _optimizer_state(optimizer: Any) -> Arrays:
    return {
        str(number): np.array(keras.ops.convert_to_numpy(variable))
        for number, variable in enumerate(optimizer.variables)
    }


def logits(layers: list[Layer], weights: Weights, images: Floats) -> NDArray[np.float32]:
    """Return the logits (n, classes) of images in inference mode."""
    model = build(layers, weights)
    return np.asarray(model.predict(images, batch_size=256, verbose=0))


if __name__ == "__main__":
    raise SystemExit(worker.main(worker.Library(prepare, facts, train, logits)))
