"""Asks a library's worker, in a process of its own: `python -m experiments.probe LIBRARY FILE`.

Leaves arrays in FILE (npz): the logits of a drawn model, and the weights after an epoch of each scenario.
"""

import importlib
import sys
from typing import Any

import numpy as np

from moocmap.experiments.data import tasks as data
from moocmap.experiments.models import weights, zoo
from moocmap.experiments.spec import METRICS, Spec, layers_of
from moocmap.experiments.training import augmentations, explanations
from moocmap.experiments.training.batches import Batches
from moocmap.experiments.training.worker import EpochEnd, PhaseTask

from .samples import make_experiment

ONE_STEP = {"train": "all", "batch_size": 1000, "schedule": {"kind": "constant", "momentum": 0.8}}
CONSTANT = {
    "train": "all",
    "lr": 1e-2,
    "schedule": {"kind": "constant", "momentum": 0.9},
    "optimizer": {"kind": "sgd"},
}
WORDS: dict[str, dict[str, Any]] = {
    "discriminative": {"lr": [1e-3, 1e-1]},
    "cosine": {"schedule": {"kind": "cosine", "warmup": 0.2, "final_share": 0.01, "momentum": 0.9}},
    "clipped": {"clip_norm": 0.1},
    "penalized": {"l2": 0.1, "weight_decay": 0.0},
    "smoothed": {"label_smoothing": 0.2},
    "mixed": {"mixup": 0.4},
    "weighted": {"class_weights": [3.0, 1.0, 0.5]},
    "augmented": {"augment": augmentations.named_or_listed("common")},
}
"""Words of a recipe, each alone, beside an epoch of gradient descent at a constant rate."""
TINY = {"beta2": 0.99, "epsilon": 1e-12}
"""An epsilon so small that its place in Adam's formula, which the libraries differ in, does not matter."""
SCENARIOS: dict[str, dict[str, Any]] = {
    "inference": {"train": "head", "frozen_batchnorm": "inference"},
    "training": {"train": "head", "frozen_batchnorm": "training"},
    "all": {"train": "all", "lr": 1e-3},
    "one-step": {**ONE_STEP, "weight_decay": 0.0},
    "one-step-decayed": {**ONE_STEP, "weight_decay": 0.5},
    "adam": {"train": "all", "lr": [1e-4, 1e-2], "optimizer": {"kind": "adam", **TINY}},
    "constant": CONSTANT,
    **{name: {**CONSTANT, **word} for name, word in WORDS.items()},
    "bfloat16": {**CONSTANT, "precision": "bfloat16"},
    "everything": {key: value for word in [CONSTANT, *WORDS.values()] for key, value in word.items()},
}
"""What differs from the small experiment's second phase, of one epoch."""
SHORT = ("all", "everything")
"""Scenarios that Keras' other backends are asked about."""


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
    groups = zoo.groups(spec["body"], spec["groups"])
    return PhaseTask(
        layers=layers_of(spec, "target"),
        weights=start(spec),
        frozen=zoo.names(spec["body"]) if phase["train"] == "head" else frozenset(),
        groups=groups | dict.fromkeys(zoo.names(spec["heads"]["target"]), max(groups.values()) + 1),
        phase=phase,
        batches=Batches(target.train, len(target.classes), phase, (0, 1)),
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


def explained(package: str, layers: list[zoo.Layer], weights: Any, part: data.Part) -> dict[str, Any]:
    """Return Grad-CAM of three images' likeliest classes, and activations."""
    explaining = importlib.import_module(f"{package}.explaining")
    classes = (
        importlib.import_module(f"{package}.training").logits(layers, weights, part.images[:3]).argmax(1)
    )
    found = explaining.explain(layers, weights, part.images[:3], classes)
    if "fastai" in package:
        found["captum"] = captums(layers, weights, part.images[:3], classes)
    return {f"explained-{name}": array for name, array in found.items()}


def captums(layers: list[zoo.Layer], weights: Any, images: Any, classes: Any) -> Any:
    """Return the Grad-CAM that captum computes, each from 0 to 1."""
    torch = importlib.import_module("torch")
    build = importlib.import_module("moocmap.experiments.fastai_worker.layers").build
    model = build(layers, weights).eval()
    last = explanations.map_layer(layers)
    assert last is not None
    grad_cam = importlib.import_module("captum.attr").LayerGradCam(model, list(model.children())[last])
    batch = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    found = grad_cam.attribute(batch, target=torch.from_numpy(classes), relu_attributions=True)
    maps = found.detach()[:, 0]
    return (maps / maps.amax(dim=(1, 2), keepdim=True)).numpy()


def cosine(keras: Any) -> Any:
    """Tabulate Keras' own cosine decay: rows of warmup, steps, step, learning rate (peak 3e-3)."""
    rows = []
    for warmup in (0, 10):
        kept = {"warmup_target": 3e-3, "warmup_steps": warmup} if warmup else {}
        decay = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else 3e-3, 100 - warmup, alpha=0.01, **kept
        )
        rows += [(warmup / 100, 100, step, float(decay(step))) for step in range(100)]
    return np.array(rows)


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
    package = f"moocmap.experiments.{library.partition('-')[0]}_worker"
    importlib.import_module(f"{package}.__main__").prepare(1)
    training = importlib.import_module(f"{package}.training")
    spec = make_experiment().runs()[0].spec
    target = data.load(spec["tasks"]["target"])
    layers = layers_of(spec, "target")
    found: dict[str, Any] = {"logits": training.logits(layers, start(spec), target.test.images)}
    found |= explained(package, layers, start(spec), target.test)
    for scenario in SCENARIOS if library in ("keras", "fastai") else SHORT:
        ends: list[EpochEnd] = []

        def keep(end: EpochEnd, ends: list[EpochEnd] = ends) -> bool:
            ends.append(end)
            return False

        training.train(task_for(spec, scenario, target), keep)
        found |= {f"{scenario}:{name}": array for name, array in ends[0].weights.items()}
        found[f"{scenario}:metrics"] = np.array([ends[0].metrics[name] for name in METRICS])
    if library == "fastai":
        found["one-cycle"] = one_cycle()
    if library == "keras":
        found["dropped"] = dropped(training)
        found["cosine"] = cosine(training.keras)
    np.savez(file, allow_pickle=False, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
