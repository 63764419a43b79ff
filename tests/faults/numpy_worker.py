"""A worker of no library: the real session, with a training that NumPy pretends. It starts in a second.

Each epoch moves all weights by numbers drawn from the phase and the epoch, and by a momentum that is kept
with the optimizer's state; so a resumed run ends as an uninterrupted one only if all of that was kept.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np

from moocmap.experiments.spec import METRICS
from moocmap.experiments.training import worker

SECONDS = float(os.environ.get("EPOCH_SECONDS", "0.02"))


def train(task: worker.PhaseTask, on_epoch: worker.OnEpoch, on_step: worker.OnStep | None) -> None:
    weights = dict(task.weights)
    moved = task.optimizer or {name: np.zeros_like(value) for name, value in weights.items()}
    for epoch in range(task.first_epoch, task.phase["epochs"]):
        began = time.perf_counter()
        rng = np.random.default_rng([*map(ord, task.phase["name"]), epoch])
        for name, value in weights.items():
            moved[name] = (0.9 * moved[name] + 0.01 * rng.standard_normal(value.shape)).astype(value.dtype)
            weights[name] = value + moved[name]
        time.sleep(SECONDS)
        figures = {name: float(share) for name, share in zip(METRICS, rng.random(len(METRICS)), strict=True)}
        spent = time.perf_counter() - began
        if on_epoch(worker.EpochEnd(epoch, spent, spent, figures, dict(weights), dict(moved))):
            return


def logits(layers: Any, weights: Any, images: Any) -> Any:
    """Mix the images with numbers that depend on every weight."""
    total = sum(float(np.abs(value).sum()) for value in weights.values())
    rng = np.random.default_rng(int(total * 1e6))
    classes = next(reversed(weights.values())).shape[-1]
    flat = np.asarray(images, np.float64).reshape(len(images), -1) / 255
    return (flat @ rng.standard_normal((flat.shape[1], classes))).astype(np.float32)


def facts() -> dict[str, Any]:
    software = {"keras": "0", "fastai": "0", "backend": "numpy", "numpy": np.__version__}
    return {"software": software, "accelerator": "none", "determinism": "drawn for each epoch"}


LIBRARY = worker.Library(
    prepare=lambda threads: None,
    facts=facts,
    train=train,
    logits=logits,
    peak_gpu_memory=lambda: None,
    explain=lambda layers, weights, images, classes: {},
)

if __name__ == "__main__":
    sys.exit(worker.main(LIBRARY))
