"""Asks a library's worker, in a process of its own: `python -m experiments.probe LIBRARY FILE`.

Leaves arrays in FILE (npz): the logits of a drawn model, and the weights after an epoch of each scenario.
"""

import importlib
import sys
from typing import Any

import numpy as np

from moocmap.experiments import data, weights, zoo
from moocmap.experiments.spec import METRICS, Spec, layers_of
from moocmap.experiments.worker import Batches, EpochEnd, PhaseTask

from .samples import make_experiment

ONE_STEP = {"train": "all", "batch_size": 1000, "schedule": {"kind": "constant", "momentum": 0.8}}
SCENARIOS: dict[str, dict[str, Any]] = {
    "inference": {"train": "head", "frozen_batchnorm": "inference"},
    "training": {"train": "head", "frozen_batchnorm": "training"},
    "all": {"train": "all", "lr": 1e-3},
    "one-step": {**ONE_STEP, "weight_decay": 0.0},
    "one-step-decayed": {**ONE_STEP, "weight_decay": 0.5},
}
"""What differs from the small experiment's second phase, of one epoch."""


def start(spec: Spec) -> weights.Weights:
    """Draw weights with moving statistics that show whether a model uses them."""
    drawn = weights.draw(layers_of(spec, "target"), 1, 0)
    rng = np.random.default_rng(0)
    for name, array in drawn.items():
        if name.endswith("/mean"):
            drawn[name] = rng.normal(0.1, 0.1, array.shape).astype(np.float32)
        if name.endswith("/variance"):
            drawn[name] = rng.uniform(0.5, 1.5, array.shape).astype(np.float32)
    return drawn


def task_for(spec: Spec, scenario: str, target: data.Task) -> PhaseTask:
    """Make the task of a scenario: one epoch."""
    phase: Any = {**spec["phases"][1], "epochs": 1, **SCENARIOS[scenario]}
    return PhaseTask(
        layers=layers_of(spec, "target"),
        weights=start(spec),
        frozen=zoo.names(spec["body"]) if phase["train"] == "head" else frozenset(),
        phase=phase,
        batches=Batches(target.train, phase["batch_size"], (0, 1)),
        validation=target.validation,
    )


def dropped(worker: Any) -> Any:
    """Let Keras drop out after seeding with 1, 1 again and 2: three rows of what is left of ones."""
    keras = worker.keras
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dropout(0.5)])
    found = []
    for seed in (1, 1, 2):
        worker.reseed(model, seed)
        found.append(keras.ops.convert_to_numpy(model(np.ones((1, 100)), training=True))[0])
    return np.array(found)


def one_cycle() -> Any:
    """Tabulate fastai's own one-cycle: rows of warmup, steps, step, learning rate (peak 3e-3), momentum."""
    combined_cos = importlib.import_module("fastai.callback.schedule").combined_cos
    rows = []
    for warmup in (0.25, 0.3, 0.99):
        lr = combined_cos(warmup, 3e-3 / 25, 3e-3, 3e-3 / 1e5)
        momentum = combined_cos(warmup, 0.95, 0.85, 0.95)
        for steps in (1, 7, 100):
            rows += [(warmup, steps, step, lr(step / steps), momentum(step / steps)) for step in range(steps)]
    return np.array(rows)


def main(library: str, file: str) -> None:
    worker = importlib.import_module(f"moocmap.experiments.{library}_worker")
    worker.prepare(1)
    spec = make_experiment().runs()[0].spec
    target = data.load(spec["tasks"]["target"])
    found: dict[str, Any] = {
        "logits": worker.logits(layers_of(spec, "target"), start(spec), target.test.images)
    }
    for scenario in SCENARIOS:
        ends: list[EpochEnd] = []
        worker.train(task_for(spec, scenario, target), ends.append)
        found |= {f"{scenario}:{name}": array for name, array in ends[0].weights.items()}
        found[f"{scenario}:metrics"] = np.array([ends[0].metrics[name] for name in METRICS])
    if library == "fastai":
        found["one-cycle"] = one_cycle()
    if library == "keras":
        found["dropped"] = dropped(worker)
    np.savez(file, allow_pickle=False, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
