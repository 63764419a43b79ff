"""A small experiment, and records of it that are written without training, by no library."""

import copy
from pathlib import Path
from typing import Any

import numpy as np

from moocmap.experiments.data import tasks as data
from moocmap.experiments.models import weights
from moocmap.experiments.settings.model import Experiment, ExperimentSettings, Run
from moocmap.experiments.spec import hash_of, layers_of
from moocmap.experiments.training.checkpoint import Checkpoint
from moocmap.experiments.training.writer import write_record

SETTINGS: dict[str, Any] = {
    "title": "Small",
    "summary": "A small experiment.",
    "data": {
        "source": {"kind": "sklearn", "name": "digits"},
        "pixel_range": [0, 16],
        "classes": [5, 6, 7],
        "split": {"train": 0.16, "validation": 0.1, "test": 0.2},
    },
    "pretrain": {
        "classes": [0, 1, 2],
        "split": {"train": 0.2, "validation": 0.1, "test": 0.1},
        "epochs": 2,
        "lr": 0.01,
    },
    "models": ["small-cnn"],
    "libraries": ["keras", "fastai"],
    "seeds": [0, 1],
    "threads": 1,
    "recipes": {
        "matched": {
            "phases": [
                {"train": "head", "epochs": 2, "lr": 0.01},
                {"train": "all", "epochs": 2, "lr": 0.002},
            ],
            "schedule": "one-cycle",
            "weight_decay": 0.01,
            "batch_size": 16,
            "head": {"hidden": [8]},
            "frozen_batchnorm": "inference",
        }
    },
}


def make_experiment(**changes: Any) -> Experiment:
    """Make the small experiment; `data__split={…}` and the like change single settings."""
    settings = copy.deepcopy(SETTINGS)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = settings
        for parent in parents:
            place = place[parent]
        place[last] = value
    return Experiment("small", ExperimentSettings.model_validate(settings))


def write_fake_record(run: Run, folder: Path, right: float = 0.9, seconds: float = 0.5) -> Path:
    """Write a record as a worker does, of a model that is right on this share of the test images."""
    folder.mkdir(parents=True)
    tasks = {name: data.load(description) for name, description in run.spec["tasks"].items()}
    drawn = weights.draw(layers_of(run.spec, "target"), 1, run.seed)
    state = Checkpoint(hash_of(run.spec), "2020-01-01T00:00:00+00:00", weights.digest(drawn), drawn)
    for phase in run.spec["phases"]:
        for epoch in range(phase["epochs"]):
            loss = 1 / (len(state.rows) + 1) + run.seed / 20
            state.rows.append(
                {
                    "phase": phase["name"],
                    "epoch": epoch + 1,
                    "learning_rate": 0.001,
                    "momentum": 0.9,
                    "train_loss": loss,
                    "train_accuracy": 1 - loss / 2,
                    "validation_loss": loss + 0.1,
                    "validation_accuracy": 0.95 - loss / 2,
                    "train_seconds": seconds / 2,
                    "seconds": seconds,
                }
            )
        state.selected[phase["name"]] = phase["epochs"]
    labels = tasks["target"].test.labels
    classes = len(tasks["target"].classes)
    logits = np.zeros((len(labels), classes), np.float32)
    guesses = np.where(np.arange(len(labels)) < round(right * len(labels)), labels, (labels + 1) % classes)
    logits[np.arange(len(labels)), guesses] = 3.0
    facts = {
        "software": {run.library: "1.0", "backend": "numpy-like", "numpy-like": "2.0"},
        "accelerator": "none",
        "determinism": "nothing is random",
    }
    write_record(folder, run.spec, tasks, state, logits=logits, facts=facts)
    return folder / "record"
