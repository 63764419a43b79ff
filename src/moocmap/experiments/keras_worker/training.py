"""Training and predicting: `model.fit` on batches that are the same for every library."""

from __future__ import annotations

import math
import random
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import Part
from moocmap.experiments.keras_worker import augmentation
from moocmap.experiments.keras_worker.backend import keras
from moocmap.experiments.keras_worker.layers import build, freeze, read_weights
from moocmap.experiments.keras_worker.optimizers import make_optimizer
from moocmap.experiments.models.weights import Weights
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.training.augmentations import Fill
from moocmap.experiments.training.batches import INFERENCE_BATCH, Batch
from moocmap.experiments.training.checkpoint import Arrays
from moocmap.experiments.training.schedules import rates
from moocmap.experiments.training.targets import one_hot
from moocmap.experiments.training.worker import EpochEnd, OnEpoch, OnStep, PhaseTask, Pixels

POLICIES = {"float32": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}
"""Keras' policies by the precision that a recipe names."""


class Trainee(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A network with what happens to its images before: scaled, and in training moved, lit and mixed.

    All of that runs inside the compiled step, on the accelerator where there is one.
    """

    def __init__(self, network: Any, fill: Fill = "reflect") -> None:
        super().__init__(dtype="float32")
        self.network, self.fill = network, fill

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Return the logits (n, classes; float32) of a batch."""
        images = inputs["images"]
        if keras.backend.standardize_dtype(images.dtype) == "uint8":
            images = keras.ops.cast(images, "float32") / 255.0
        if "matrices" in inputs or "light" in inputs:
            images = augmentation.apply(images, inputs.get("matrices"), inputs.get("light"), self.fill)
        if "partners" in inputs:
            images = augmentation.mix(images, inputs["partners"], inputs["shares"])
        return keras.ops.cast(self.network(images, training=training), "float32")


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """The batches of the current epoch."""

    def __init__(self, task: PhaseTask) -> None:
        super().__init__()
        self.batches = task.batches
        self.start(task.first_epoch)

    def start(self, epoch: int) -> None:
        """Turn to an epoch (from 0)."""
        self.epoch, self.order = epoch, self.batches.order(epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Any:
        return _as_keras(self.batches.batch(self.epoch, index, self.order))


def _as_keras(batch: Batch) -> tuple[dict[str, Any], Any, Any]:
    inputs = {"images": batch.images}
    for name in ("matrices", "light"):
        if getattr(batch, name) is not None:
            inputs[name] = getattr(batch, name)
    if (mix := batch.targets.mix) is not None:
        inputs |= {"partners": mix.partners.astype(np.int32), "shares": mix.shares}
    return inputs, batch.targets.targets, batch.targets.sample_weights


class InferenceBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Images in their order, with their targets where their classes are known."""

    def __init__(self, images: Pixels, targets: NDArray[np.float32] | None = None) -> None:
        super().__init__()
        self.images, self.targets = images, targets

    def __len__(self) -> int:
        return math.ceil(len(self.images) / INFERENCE_BATCH)

    def __getitem__(self, index: int) -> Any:
        cut = slice(index * INFERENCE_BATCH, (index + 1) * INFERENCE_BATCH)
        inputs = {"images": self.images[cut]}
        return (inputs,) if self.targets is None else (inputs, self.targets[cut])

    @classmethod
    def of_part(cls, part: Part, classes: int) -> InferenceBatches:
        """Return the images of a part with their targets."""
        return cls(part.images, one_hot(part.labels, classes).astype(np.float32))


class Epochs(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Seeds each epoch, and tells its figures after it."""

    def __init__(self, task: PhaseTask, batches: TrainingBatches, network: Any, on_epoch: OnEpoch) -> None:
        super().__init__()
        self.task, self.batches, self.network, self.tell = task, batches, network, on_epoch
        self.begin, self.trained = 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Seed the library and turn to the epoch's batches."""
        self.begin = perf_counter()
        reseed(self.network, self.task.batches.library_seed(epoch))
        self.batches.start(epoch)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Note when training ends and validation begins."""
        self.trained = perf_counter() - self.begin

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Hand over figures, weights and the optimizer's state."""
        logs, task, optimizer = logs or {}, self.task, self.model.optimizer
        last = rates(task.phase["schedule"], task.peaks[-1], int(optimizer.iterations) - 1, task.steps)
        metrics = {
            "learning_rate": last.learning_rate,
            "momentum": last.momentum,
            "train_loss": float(logs["loss"]),
            "train_accuracy": float(logs["accuracy"]),
            "validation_loss": float(logs["val_loss"]),
            "validation_accuracy": float(logs["val_accuracy"]),
        }
        end = EpochEnd(
            epoch,
            perf_counter() - self.begin,
            self.trained,
            metrics,
            read_weights(self.network, task.layers),
            _optimizer_state(optimizer),
        )
        if self.tell(end):
            self.model.stop_training = True


class Steps(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Tells the loss of each step; Keras' logs hold the mean of the epoch so far."""

    def __init__(self, task: PhaseTask, on_step: OnStep) -> None:
        super().__init__()
        self.task, self.tell, self.step, self.sum, self.seen = task, on_step, 0, 0.0, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start a new mean."""
        self.sum, self.seen = 0.0, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Tell the step's loss; stop at once when asked to."""
        size = min(self.task.batches.size, len(self.task.batches.part) - self.seen)
        self.seen += size
        total = float((logs or {})["loss"]) * self.seen
        loss, self.sum = (total - self.sum) / size, total
        if self.tell(self.step, loss):
            raise _Enough
        self.step += 1


class _Enough(Exception):  # noqa: N818 (nothing went wrong)
    """Whoever listens has what it wanted."""


def train(task: PhaseTask, on_epoch: OnEpoch, on_step: OnStep | None = None) -> None:
    """Train one phase with `model.fit`, from the task's first epoch to the phase's last.

    With `on_step` it tells the loss of each step instead, and does not validate.
    """
    phase, classes = task.phase, task.batches.classes
    keras.utils.set_random_seed(task.batches.library_seed(0))
    keras.config.set_dtype_policy(POLICIES[phase["precision"]])
    network = build(task.layers, task.weights)
    freeze(network, task.frozen, phase["frozen_batchnorm"])
    trained = [group for name, group in task.groups.items() if network.get_layer(name).trainable]
    optimizer = make_optimizer(task, sorted(set(trained)))
    model = Trainee(network, phase["augment"]["fill"])
    model.compile(
        optimizer,
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile="auto" if keras.backend.backend() == "jax" else False,
    )
    optimizer.build(network.trainable_variables)
    if task.optimizer:
        for number, variable in enumerate(optimizer.variables):
            variable.assign(task.optimizer[str(number)])
    batches = TrainingBatches(task)
    callbacks = [Steps(task, on_step)] if on_step else [Epochs(task, batches, network, on_epoch)]
    try:
        model.fit(
            batches,
            epochs=phase["epochs"],
            initial_epoch=task.first_epoch,
            shuffle=False,
            verbose=0,
            validation_data=None if on_step else InferenceBatches.of_part(task.validation, classes),
            callbacks=callbacks,
        )
    except _Enough:
        pass
    finally:
        keras.config.set_dtype_policy("float32")


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


def _optimizer_state(optimizer: Any) -> Arrays:
    return {
        str(number): np.array(keras.ops.convert_to_numpy(variable))
        for number, variable in enumerate(optimizer.variables)
    }


def logits(layers: list[Layer], weights: Weights, images: Pixels) -> NDArray[np.float32]:
    """Return the logits (n, classes) of images in inference mode."""
    model = Trainee(build(layers, weights))
    return np.asarray(model.predict(InferenceBatches(images), verbose=0))
