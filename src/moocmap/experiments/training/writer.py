"""Writes the record of a finished run: `run.json`, `epochs.csv` and `predictions.csv`.

A record names no host, no user and no path. The folder appears under its name when all of it is written.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moocmap.experiments.data.tasks import Part, Task, manifest
from moocmap.experiments.models import weights
from moocmap.experiments.spec import EPOCH_COLUMNS, Spec, hash_of, layers_of
from moocmap.experiments.training import starting_weights
from moocmap.experiments.training.checkpoint import Checkpoint
from moocmap.experiments.training.targets import one_hot

FORMAT = 2
"""The version of the record's layout."""
RECORD = "record"
"""The folder, inside a worker's, that the finished record stands in."""
EXPLANATIONS = "explanations.npz"
"""The file of what a model looks at (`training.explanations`), where an experiment asks for it."""
DIGITS = "%.7g"
"""How figures are written: as many digits as float32 has."""
FEWER_DIGITS = "%.5g"
"""How probabilities are written."""


def write_record(
    folder: Path,
    spec: Spec,
    tasks: dict[str, Task],
    state: Checkpoint,
    *,
    logits: NDArray[np.float32],
    facts: dict[str, Any],
    explained: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write `folder/record/` from the finished training and the logits of the test images (n, classes).

    `explained` is what `explanations.npz` is to hold; without it there is no such file.
    """
    target = tasks["target"]
    chances = probabilities(logits)
    final = weights.of_layers(state.weights, layers_of(spec, "target"))
    selected = _selected(state)
    information = {
        "format": FORMAT,
        "experiment": spec["experiment"],
        "run": spec["run"],
        "spec_hash": hash_of(spec),
        "spec": spec,
        "data": {name: manifest(task) for name, task in tasks.items()},
        "weights": {
            "initial": starting_weights.description(spec),
            "initial_sha256": state.initial_sha256,
            "final_sha256": weights.digest(final),
            "parameters": weights.count(final),
            "parameters_in_head": weights.count(weights.of_layers(final, spec["heads"]["target"])),
        },
        "software": {"python": platform.python_version(), **facts["software"], **_shared_versions()},
        "hardware": {**hardware(), "accelerator": facts["accelerator"], "threads": spec["threads"]},
        "determinism": facts["determinism"],
        "started": state.started,
        "resumed": state.resumed,
        "seconds": _seconds(spec, state),
        "performance": {
            "images_per_second": _speeds(spec, tasks, state),
            "peak_memory_bytes": state.peaks.get("memory"),
            "peak_gpu_memory_bytes": state.peaks.get("gpu"),
            "energy_joules": state.joules,
        },
        "metrics": {
            "selected": {
                "phase": selected["phase"],
                "epoch": selected["epoch"],
                "rule": spec["selection"],
            },
            "validation": {
                "n": len(target.validation),
                "accuracy": selected["validation_accuracy"],
                "loss": selected["validation_loss"],
            },
            "test": test_metrics(target.test, chances),
        },
    }
    partial = folder / f"{RECORD}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    text = json.dumps(information, indent=2, ensure_ascii=False) + "\n"
    (partial / "run.json").write_text(text, encoding="utf-8")
    pd.DataFrame(state.rows, columns=list(EPOCH_COLUMNS)).to_csv(
        partial / "epochs.csv", index=False, float_format=DIGITS, lineterminator="\n"
    )
    predictions(target, chances).to_csv(
        partial / "predictions.csv", index=False, float_format=FEWER_DIGITS, lineterminator="\n"
    )
    if explained:
        np.savez_compressed(partial / EXPLANATIONS, allow_pickle=False, **explained)
    partial.rename(folder / RECORD)


def _selected(state: Checkpoint) -> dict[str, Any]:
    """Return the row of the epoch whose weights were tested: the one that ended the last phase."""
    phase = state.rows[-1]["phase"]
    rows = [row for row in state.rows if row["phase"] == phase]
    return rows[state.selected[phase] - 1]


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn logits (n, classes) into probabilities, each row of sum 1 (softmax, in float64)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def test_metrics(part: Part, chances: NDArray[np.float64]) -> dict[str, float]:
    """Return figures of predictions.

    They are n, accuracy and macro-averaged F1 (0 to 1), the mean cross-entropy (nats), and the Brier score:
    the mean squared distance of probabilities to 1 for the true class and 0 for the others (0 to 2).
    """
    from sklearn.metrics import accuracy_score, f1_score, log_loss

    found, classes = chances.argmax(axis=1), list(range(chances.shape[1]))
    return {
        "n": len(part),
        "accuracy": float(accuracy_score(part.labels, found)),
        "macro_f1": float(f1_score(part.labels, found, average="macro", labels=classes, zero_division=0)),
        "loss": float(log_loss(part.labels, chances, labels=classes)),
        "brier": float(((chances - one_hot(part.labels, len(classes))) ** 2).sum(axis=1).mean()),
    }


EVERY_CLASS_UP_TO = 1000
"""For so many test images at most, predictions.csv has the probability of every class: it stays small."""


def predictions(task: Task, chances: NDArray[np.float64]) -> pd.DataFrame:
    """Tabulate the test images: id, class, predicted class, and the probabilities of these two.

    The probability of each class stands beside them, in columns `p_<class>`, unless the images are many
    (`EVERY_CLASS_UP_TO`).
    """
    classes, rows = np.array(task.classes), np.arange(len(chances))
    found = chances.argmax(axis=1)
    table = pd.DataFrame(
        {
            "id": task.test.ids,
            "label": classes[task.test.labels],
            "prediction": classes[found],
            "of_label": chances[rows, task.test.labels],
            "of_prediction": chances[rows, found],
        }
    )
    if len(chances) <= EVERY_CLASS_UP_TO:
        every = {f"p_{label}": chances[:, number] for number, label in enumerate(task.classes)}
        table = table.assign(**every)
    return table


def hardware() -> dict[str, Any]:
    """Describe this machine without naming it: processor, cores that may be used, system."""
    return {"cpu": _cpu_model(), "cores": _cores(), "system": f"{platform.system()} {platform.machine()}"}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _shared_versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("numpy", "pandas", "scikit-learn")}


def _seconds(spec: Spec, state: Checkpoint) -> dict[str, float]:
    """Sum the seconds of training and validating by phase, and of all phases."""
    by_phase = {
        phase["name"]: sum(row["seconds"] for row in state.rows if row["phase"] == phase["name"])
        for phase in spec["phases"]
    }
    return {name: round(value, 3) for name, value in (by_phase | {"total": sum(by_phase.values())}).items()}


def _speeds(spec: Spec, tasks: dict[str, Task], state: Checkpoint) -> dict[str, float]:
    """Return the images trained on in a second, by phase: the median over epochs, without validation."""
    found = {}
    for phase in spec["phases"]:
        seconds = [row["train_seconds"] for row in state.rows if row["phase"] == phase["name"]]
        if seconds:
            median = max(statistics.median(seconds), 1e-9)
            found[phase["name"]] = round(len(tasks[phase["task"]].train) / median, 2)
    return found
