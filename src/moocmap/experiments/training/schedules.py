"""Learning-rate schedules: pure functions from a step to the rates the optimizer uses in that step.

Steps count from 0 within a phase; `steps` is the number of steps of the whole phase.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rates(NamedTuple):
    """What an optimizer uses in one step: the learning rate and the momentum (beta 1 in Adam)."""

    learning_rate: float
    momentum: float


def constant(step: int, steps: int, lr: float, *, momentum: float = 0.9) -> Rates:
    """Return the same rates for every step."""
    return Rates(lr, momentum)


def one_cycle(
    step: int,
    steps: int,
    lr: float,
    *,
    warmup: float = 0.25,
    start_div: float = 25.0,
    final_div: float = 1e5,
    momentum: Sequence[float] = (0.95, 0.85, 0.95),
) -> Rates:
    """Return the rates of the one-cycle policy, with cosine annealing as fastai's `fit_one_cycle` has it.

    The learning rate rises from `lr / start_div` to `lr` over the share `warmup` (0 to 1, both excluded) of
    the steps and falls to `lr / final_div` over the rest; momentum moves the other way through its three
    values. Smith (2018), "A disciplined approach to neural network hyper-parameters: part 1".

    Raises:
        ValueError: if `step` is not one of the `steps`.
    """
    if not 0 <= step < steps:
        raise ValueError(f"expected a step from 0 to {steps - 1}, got {step}")
    position = step / steps
    start, middle, end = momentum
    if position < warmup:
        share = position / warmup
        return Rates(_cosine(lr / start_div, lr, share), _cosine(start, middle, share))
    share = (position - warmup) / (1 - warmup)
    return Rates(_cosine(lr, lr / final_div, share), _cosine(middle, end, share))


def cosine(
    step: int,
    steps: int,
    lr: float,
    *,
    warmup: float = 0.0,
    final_share: float = 0.0,
    momentum: float = 0.9,
) -> Rates:
    """Return the rates of cosine annealing: a fall from `lr` to `lr * final_share` along half a cosine wave.

    Before it, the learning rate rises linearly from 0 over the share `warmup` (0 to 1) of the steps. As
    `keras.optimizers.schedules.CosineDecay` computes it; Loshchilov and Hutter (2017), "SGDR: stochastic
    gradient descent with warm restarts".

    Raises:
        ValueError: if `step` is not one of the `steps`.
    """
    if not 0 <= step < steps:
        raise ValueError(f"expected a step from 0 to {steps - 1}, got {step}")
    rising = warmup * steps
    if step < rising:
        return Rates(lr * step / rising, momentum)
    return Rates(_cosine(lr, lr * final_share, (step - rising) / (steps - rising)), momentum)


def exponential(step: int, steps: int, lr: float, *, start: float, momentum: float = 0.9) -> Rates:
    """Return the rates of a learning-rate finder: from `start` to `lr`, evenly on a logarithmic scale."""
    return Rates(start * (lr / start) ** (step / max(steps - 1, 1)), momentum)


def _cosine(start: float, end: float, share: float) -> float:
    """Go from `start` to `end` along half a cosine wave; `share` (0 to 1) is the way gone."""
    return start + (1 + math.cos(math.pi * (1 - share))) * (end - start) / 2


SCHEDULES: dict[str, Callable[..., Rates]] = {
    "constant": constant,
    "one-cycle": one_cycle,
    "cosine": cosine,
    "exponential": exponential,
}
"""Schedules by the name that experiments call them."""


def rates(schedule: Mapping[str, Any], lr: float, step: int, steps: int) -> Rates:
    """Return the rates of a schedule as a specification writes it: `{kind: one-cycle, warmup: 0.25, …}`."""
    options = {key: value for key, value in schedule.items() if key != "kind"}
    return SCHEDULES[schedule["kind"]](step, steps, lr, **options)


def simulate(schedule: Mapping[str, Any], lr: float, steps: int) -> NDArray[np.float64]:
    """Return learning rate and momentum of every step (steps, 2), without training anything."""
    return np.array([rates(schedule, lr, step, steps) for step in range(steps)])


def spread(lr: float | Sequence[float], groups: int) -> list[float]:
    """Return the learning rate of each group of layers, from the first to the last.

    One rate is every group's; of two the first group gets the one, the last the other, and those between are
    spaced evenly on a logarithmic scale, as fastai does with `slice(low, high)` (`even_mults`).
    """
    if isinstance(lr, float | int):
        return [float(lr)] * groups
    low, high = lr
    if groups == 1:
        return [float(high)]
    return [low * (high / low) ** (number / (groups - 1)) for number in range(groups)]
