"""What our workers add to a training step: the same model and steps with a worker and with a plain script.

Run `python benchmarks/overhead.py [keras|fastai] [--model resnet50] [--size 96] [--rounds 3]`. Each library
trains in processes of their own, worker and plain script by turns; a line tells the median seconds of a step
of each and their ratio, whose budget is 1.02. The plain scripts are what the libraries' own guides would have
one write: `keras.applications` and `model.fit`, torchvision's model and `Learner.fit_one_cycle`. First
epochs, which compile, do not count.

On a machine that others use too, whole trainings one after the other differ by more than the budget, and
the fastest steps count. `--turns` lets Keras' two compiled models train epochs by turns in one process, where
that cancels out. `--json FILE` writes the figures to a file too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from figures import Figure, add

IMAGES, BATCH, CLASSES = 160, 16, 7
MOST = 1.02
"""How many times as long as the plain script's a step of the worker may take."""
KERAS = {"resnet50": "ResNet50", "densenet121": "DenseNet121", "mobilenet": "MobileNet"}


def images(size: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (IMAGES, size, size, 3), np.uint8), rng.integers(0, CLASSES, IMAGES)


def task(library: str, model: str, size: int, epochs: int) -> Any:
    """Make the task of a phase as the worker would get it: one-cycle, all layers, no augmentation."""
    from moocmap.experiments.data.tasks import Part
    from moocmap.experiments.models import weights, zoo
    from moocmap.experiments.training import augmentations
    from moocmap.experiments.training.batches import Batches
    from moocmap.experiments.training.worker import PhaseTask

    pixels, labels = images(size)
    part = Part(pixels, labels, np.arange(IMAGES))
    body = zoo.body(model, "torch" if library == "fastai" else "keras")
    layers = [*zoo.preprocessing(model, "torch"), *body, *zoo.head(CLASSES, pooling="average")]
    groups = zoo.groups(body, [])
    phase: Any = {
        "name": "all",
        "task": "target",
        "train": "all",
        "epochs": epochs,
        "lr": 1e-4,
        "schedule": {"kind": "one-cycle"},
        "optimizer": {"kind": "adamw", "beta2": 0.99, "epsilon": 1e-7},
        "weight_decay": 0.01,
        "l2": 0.0,
        "batch_size": BATCH,
        "frozen_batchnorm": "inference",
        "augment": augmentations.named_or_listed("none"),
        "label_smoothing": 0.0,
        "mixup": 0.0,
        "class_weights": None,
        "clip_norm": None,
        "precision": "float32",
        "early_stopping": None,
    }
    phase["schedule"] |= {"warmup": 0.25, "start_div": 25.0, "final_div": 1e5, "momentum": [0.95, 0.85, 0.95]}
    return PhaseTask(
        layers=layers,
        weights=weights.draw(layers, 3, 0),
        frozen=frozenset(),
        groups=groups | dict.fromkeys(zoo.names(zoo.head(CLASSES)), 1),
        phase=phase,
        batches=Batches(part, CLASSES, phase, (0, 0)),
        validation=Part(pixels[:BATCH], labels[:BATCH], np.arange(BATCH)),
    )


def with_worker(library: str, model: str, size: int, epochs: int) -> list[float]:
    """Return the seconds of training of each epoch in our worker."""
    import importlib

    package = f"moocmap.experiments.{library}_worker"
    importlib.import_module(f"{package}.__main__").prepare(None)
    seconds: list[float] = []

    def on_epoch(end: Any) -> bool:
        seconds.append(end.train_seconds)
        return False

    importlib.import_module(f"{package}.training").train(task(library, model, size, epochs), on_epoch)
    return seconds


def plain_keras_model(keras: Any, model: str, size: int) -> Any:
    """Return a compiled model as Keras' guides have it."""
    body = getattr(keras.applications, KERAS[model])(
        include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg"
    )
    inputs = keras.Input((size, size, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    network = keras.Model(inputs, keras.layers.Dense(CLASSES)(body(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(
        keras.optimizers.AdamW(1e-4, weight_decay=0.01), loss=loss, metrics=["accuracy"], jit_compile=False
    )
    return network


def plain_keras(model: str, size: int, epochs: int) -> list[float]:
    """Return the seconds of each epoch of a script as Keras' guides have it."""
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()  # as the worker asks for
    keras.utils.set_random_seed(0)
    pixels, labels = images(size)
    network = plain_keras_model(keras, model, size)
    seconds: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.begin = perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds.append(perf_counter() - self.begin)

    network.fit(pixels, labels, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[Clock()])
    return seconds


def plain_fastai(model: str, size: int, epochs: int) -> list[float]:
    """Return the seconds of each epoch of a script as fastai's tutorials have it."""
    import torch
    import torchvision.models
    from fastai.callback.schedule import ParamScheduler  # noqa: F401 (gives Learner fit_one_cycle)
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Callback, Learner

    torch.use_deterministic_algorithms(True)  # as the worker asks for
    pixels, labels = images(size)
    floats = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    floats = (floats - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    pairs = list(zip(floats, torch.from_numpy(labels), strict=True))
    loaders = DataLoaders(
        DataLoader(pairs, bs=BATCH, shuffle=True, num_workers=0), DataLoader(pairs[:BATCH], bs=BATCH)
    )
    network = getattr(torchvision.models, model)(weights=None, num_classes=CLASSES)
    seconds: list[float] = []

    class Clock(Callback):
        order = 90

        def before_epoch(self) -> None:
            self.begin = perf_counter()

        def before_validate(self) -> None:
            seconds.append(perf_counter() - self.begin)

    learner = Learner(loaders, network, loss_func=torch.nn.CrossEntropyLoss(), cbs=[Clock()])
    with learner.no_logging(), learner.no_bar():
        learner.fit_one_cycle(epochs, 1e-4)
    return seconds


def told(library: str, worker: Sequence[float], plain: Sequence[float]) -> dict[str, Figure]:
    """Print medians and fastest seconds of a step; return the fastest, whose ratio has the budget."""
    for called, choose in (("median", statistics.median), ("fastest", min)):
        ours, theirs = choose(worker), choose(plain)
        ratio = ours / theirs
        print(f"  {called}: worker {ours:.4f}, plain script {theirs:.4f}, ratio {ratio:.3f}", flush=True)
    return {
        f"{library}: a step of the worker": Figure(round(ours, 4), "s"),
        f"{library}: a step of the plain script": Figure(round(theirs, 4), "s"),
        f"{library}: ratio": Figure(round(ratio, 3), "times", MOST),
    }


def keras_by_turns(model: str, size: int, epochs: int = 8) -> dict[str, Figure]:
    """Print the seconds of a step in epochs of worker's and plain model's `fit` by turns, and their ratio.

    The worker's epochs come from its own batches, with its own compiled model and optimizer.
    """
    import importlib

    importlib.import_module("moocmap.experiments.keras_worker.__main__").prepare(None)
    training = importlib.import_module("moocmap.experiments.keras_worker.training")
    keras, phase_task = training.keras, task("keras", model, size, epochs)
    keras.utils.set_random_seed(0)
    network = training.build(phase_task.layers, phase_task.weights)
    ours = training.Trainee(network)
    optimizer = training.make_optimizer(phase_task, [0, 1])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    ours.compile(optimizer, loss=loss, metrics=["accuracy"], jit_compile=False)
    optimizer.build(network.trainable_variables)
    plain = plain_keras_model(keras, model, size)
    pixels, labels = images(size)
    batches = training.TrainingBatches(phase_task)
    found: list[tuple[float, float]] = []
    for epoch in range(epochs):
        begin = perf_counter()
        training.reseed(network, epoch)
        batches.start(epoch)
        ours.fit(batches, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0)
        middle = perf_counter()
        plain.fit(pixels, labels, batch_size=BATCH, initial_epoch=epoch, epochs=epoch + 1, verbose=0)
        found.append((middle - begin, perf_counter() - middle))
    counted = found[1:]  # the first ones compile
    steps = IMAGES / BATCH
    ratio = statistics.median(one / other for one, other in counted)
    print(f"keras: {model} at {size} px, batches of {BATCH}, epochs by turns, seconds of a step")
    print(f"  median of the ratios of neighbours: {ratio:.3f}")
    return told("keras", *([seconds / steps for seconds in column] for column in zip(*counted, strict=True)))


PLAIN = {"keras": plain_keras, "fastai": plain_fastai}


def one(library: str, kind: str, model: str, size: int, epochs: int) -> None:
    """Train in this process and print the seconds of each epoch."""
    if kind == "worker":
        found = with_worker(library, model, size, epochs)
    else:
        found = PLAIN[library](model, size, epochs)
    print("seconds:" + json.dumps(found))


def measured(library: str, kind: str, options: argparse.Namespace) -> list[float]:
    """Train in a process of its own; return the seconds of a step in each epoch but the first."""
    command = [sys.executable, __file__, library, "--one", kind, "--model", options.model]
    command += ["--size", str(options.size), "--epochs", str(options.epochs)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("seconds:"))
    steps = IMAGES / BATCH
    return [seconds / steps for seconds in json.loads(line.removeprefix("seconds:"))[1:]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY")
    parser.add_argument("--model", default="resnet50", choices=sorted(KERAS))
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", action="store_true", help="Keras' epochs by turns, in one process")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.libraries[0], options.one, options.model, options.size, options.epochs)
        return
    figures: dict[str, Figure] = {}
    for library in options.libraries or list(PLAIN):
        if library == "keras" and options.turns:
            figures |= keras_by_turns(options.model, options.size)
        else:
            figures |= by_processes(library, options)
    if options.json:
        add(options.json, "overhead", figures)


def by_processes(library: str, options: argparse.Namespace) -> dict[str, Figure]:
    """Print the seconds of a step of whole trainings, each in a process of its own; return the fastest."""
    found: dict[str, list[float]] = {"worker": [], "plain": []}
    for _ in range(options.rounds):
        for kind in found:
            found[kind] += measured(library, kind, options)
    print(f"{library}: {options.model} at {options.size} px, batches of {BATCH}, seconds of a step")
    return told(library, found["worker"], found["plain"])


if __name__ == "__main__":
    main()
