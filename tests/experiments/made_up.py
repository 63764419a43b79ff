"""Records made up in memory, for what is derived from them: no training, no files, any predictions."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from moocmap.experiments.results.facts import Metrics, RunFacts, Selected, Test, Validation
from moocmap.experiments.results.record import Record
from moocmap.experiments.spec import EPOCH_COLUMNS

PHASES = (("head", 2), ("all", 3))


def phase(name: str, epochs: int, **settings: Any) -> dict[str, Any]:
    """Return a phase of a specification."""
    return {
        "name": name,
        "task": "source" if name == "pretrain" else "target",
        "train": "head" if name == "head" else "all",
        "epochs": epochs,
        "lr": 0.01,
        "schedule": {"kind": "constant", "momentum": 0.9},
        "optimizer": {"kind": "adam", "beta2": 0.999, "epsilon": 1e-7},
        "weight_decay": 0.0,
        "batch_size": 32,
        "frozen_batchnorm": "training",
        **settings,
    }


def spec(library: str = "keras", seed: int = 0, **parts: Any) -> dict[str, Any]:
    """Return a specification; `parts` replace what it has."""
    return {
        "experiment": "made-up",
        "library": library,
        "model": "small-cnn",
        "recipe": "matched",
        "seed": seed,
        "selection": "last",
        "tasks": {"target": {"source": {"kind": "sklearn", "name": "digits"}, "classes": ["cat", "dog"]}},
        "heads": {"target": [{"layer": "dense", "units": 2}]},
        "phases": [phase(name, epochs) for name, epochs in PHASES],
        **parts,
    }


def made_up(
    library: str = "keras",
    seed: int = 0,
    *,
    labels: Sequence[str] = ("cat", "dog"),
    dog: Sequence[float] = (0.2, 0.8),
    ids: Sequence[Any] | None = None,
    rows: Sequence[tuple[str, int, float, float]] | None = None,
    performance: Any = None,
    **parts: Any,
) -> Record:
    """Make a record of two classes.

    `dog` is each image's probability of the class "dog"; `rows` are (phase, epoch, validation accuracy,
    seconds), as planned by default; `parts` replace parts of the specification.
    """
    plan = spec(library, seed, **parts)
    table = pd.DataFrame(
        {
            "id": list(range(len(labels))) if ids is None else ids,
            "label": labels,
            "prediction": np.where(np.asarray(dog) > 0.5, "dog", "cat"),
            "of_label": np.where(np.asarray(labels) == "dog", dog, 1 - np.asarray(dog)),
            "of_prediction": np.maximum(dog, 1 - np.asarray(dog)),
            "p_cat": 1 - np.asarray(dog),
            "p_dog": dog,
        }
    )
    if rows is None:
        rows = [(p["name"], n + 1, 0.5, 1.0) for p in plan["phases"] for n in range(p["epochs"])]
    same = {
        "learning_rate": 0.01,
        "momentum": 0.9,
        "train_loss": 1.0,
        "train_accuracy": 0.5,
        "validation_loss": 1.0,
    }
    epochs = pd.DataFrame(
        [
            {**same, "phase": name, "epoch": epoch, "validation_accuracy": accuracy, "seconds": time}
            for name, epoch, accuracy, time in rows
        ]
    ).reindex(columns=list(EPOCH_COLUMNS))
    share = float((table["label"] == table["prediction"]).mean())
    off = float(2 * ((1 - table["of_label"]) ** 2).mean())  # of two classes
    metrics = Metrics(
        selected=Selected(phase="all", epoch=3, rule="last"),
        validation=Validation(n=10, accuracy=0.6, loss=0.9 + seed / 10),
        test=Test(n=len(table), accuracy=share, loss=0.5, macro_f1=share, brier=off),
    )
    facts = RunFacts.model_construct(
        run=f"{library}-seed{seed}",
        spec=plan,
        metrics=metrics,
        software={library: "1", "backend": "b", "b": "2"},
        hardware=SimpleNamespace(cpu="A Processor", cores=2, threads=1, accelerator="none"),
        weights=SimpleNamespace(parameters=10, initial_sha256="0"),
        data={},
    )
    if performance is not None:
        object.__setattr__(facts, "performance", performance)
    return Record(facts, epochs, table)
