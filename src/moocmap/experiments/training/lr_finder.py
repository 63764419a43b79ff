"""Finding a learning rate: train for some steps while it rises, and look where the loss falls.

Smith (2017), "Cyclical learning rates for training neural networks". The search runs on a model of its own,
in a process of its own: it changes no weights, no optimizer and no random numbers of any run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from moocmap.experiments.spec import Phase
from moocmap.files import write_atomically

REQUEST, RESULT = "lr-find.json", "lr-found.json"
SMOOTHING = 0.98
"""How much of the running mean of losses stays at each step, as in fastai's Recorder."""
TOO_MUCH = 4.0
"""The search ends when the smoothed loss is so many times its lowest, as fastai's does."""


@dataclass(frozen=True)
class Request:
    """A search: for which phase (from 0), from which rate to which, in how many steps."""

    phase: int = 0
    start: float = 1e-7
    end: float = 10.0
    steps: int = 100

    def write(self, folder: Path) -> None:
        """Write the request into a worker's folder."""
        (folder / REQUEST).write_text(json.dumps(vars(self)) + "\n", encoding="utf-8")


def requested(folder: Path) -> Request | None:
    """Return the search that a worker's folder asks for, if it does."""
    try:
        return Request(**json.loads((folder / REQUEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def phase_of(phase: Phase, request: Request, batches: int) -> Phase:
    """Return the phase with a rising rate, long enough for the search; nothing else differs."""
    schedule: dict[str, Any] = {"kind": "exponential", "start": request.start}
    epochs = math.ceil(request.steps / batches)
    found: dict[str, Any] = {**phase, "schedule": schedule, "epochs": epochs, "early_stopping": None}
    found["lr"] = request.start * (request.end / request.start) ** (
        max(epochs * batches - 1, 1) / max(request.steps - 1, 1)
    )
    return found  # type: ignore[return-value]  # same keys


@dataclass
class Curve:
    """The loss at each rate so far, smoothed as an exponential mean without bias."""

    request: Request
    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    _sum: float = 0.0

    def add(self, rate: float, loss: float) -> bool:
        """Take the loss of a step; tell whether the search is over."""
        if not math.isfinite(loss):
            return True
        self._sum = SMOOTHING * self._sum + (1 - SMOOTHING) * loss
        smooth = self._sum / (1 - SMOOTHING ** (len(self.losses) + 1))
        self.rates.append(rate)
        self.losses.append(smooth)
        return len(self.losses) >= self.request.steps or smooth > TOO_MUCH * min(self.losses)

    def write(self, folder: Path) -> None:
        """Write the curve into a worker's folder, whole or not at all."""
        found = {"rates": self.rates, "losses": self.losses}
        write_atomically(folder / RESULT, json.dumps(found) + "\n")


@dataclass(frozen=True)
class Suggestions:
    """Rates to try: at the `valley`, and where the loss falls most steeply."""

    valley: float
    steepest: float


def suggest(rates: Sequence[float], losses: Sequence[float]) -> Suggestions:
    """Suggest rates from a curve, as fastai's `valley` and `steep` do.

    The valley is two thirds into the longest run of falling losses.

    The first tenth and the last five points are left out, as fastai leaves them out.

    Raises:
        ValueError: if there are then fewer than 4 points.
    """
    first = len(rates) // 10
    rates, losses = rates[first:-5], losses[first:-5]
    if len(rates) < 4:
        raise ValueError("too few points: the loss grew at once; begin with a lower rate")
    return Suggestions(rates[_valley(losses)], rates[_steepest(rates, losses)])


def _valley(losses: Sequence[float]) -> int:
    """Return the position two thirds into the longest falling subsequence, in steps of thirds of it."""
    n = len(losses)
    lengths = [1] * n
    start, end = 0, 0
    for i in range(1, n):
        for j in range(i):
            if losses[i] < losses[j] and lengths[i] < lengths[j] + 1:
                lengths[i] = lengths[j] + 1
        if lengths[end] < lengths[i]:
            end, start = i, i - lengths[i]
    section = (end - start) / 3
    return start + int(section) + int(section / 2)


def _steepest(rates: Sequence[float], losses: Sequence[float]) -> int:
    """Return the position where the loss falls most on a logarithmic scale of rates."""
    slopes = (np.array(losses)[1:] - np.array(losses)[:-1]) / np.diff(np.log(rates))
    return int(slopes.argmin())
