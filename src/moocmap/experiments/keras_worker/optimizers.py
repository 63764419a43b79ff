"""Optimizers whose rates follow a schedule inside the compiled step, momentum too.

The rates of all steps are a table that the compiled step looks up by its number. Setting them from outside
before each step would cost more, and on JAX it would mean to copy the whole state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.keras_worker.backend import keras
from moocmap.experiments.training.schedules import simulate
from moocmap.experiments.training.worker import PhaseTask

Table = NDArray[np.float32]


def make_optimizer(task: PhaseTask, trained: Sequence[int]) -> Any:
    """Make a phase's optimizer; `trained` are the groups of layers that move.

    Groups with rates of their own get an optimizer each, together in a `MultiOptimizer`.
    """
    by_group = {group: Scheduled.for_rate(task, task.peaks[group]) for group in trained}
    if len({task.peaks[group] for group in trained}) == 1:
        return by_group[trained[0]].alone()
    parts = {group: one.part() for group, one in by_group.items()}
    return Grouped(lambda variable: parts[task.groups[layer_of(variable)]], task.phase)


def layer_of(variable: Any) -> str:
    """Return the name of the layer that a variable belongs to."""
    return str(variable.path).rpartition("/")[0].rpartition("/")[2]


class Lookup(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
    """The rate of each step, from a table.

    Keras asks for it again for each variable; inside `looked_up` all get the one that was looked up first.
    """

    def __init__(self, table: Table) -> None:
        self.table, self.now = table, None

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step (from 0); after the last one it stays."""
        if self.now is not None:
            return self.now
        at = keras.ops.minimum(keras.ops.cast(step, "int32"), len(self.table) - 1)
        return keras.ops.take(keras.ops.convert_to_tensor(self.table), at)


@contextmanager
def looked_up(optimizer: Any) -> Iterator[None]:
    """Look up the rates of an optimizer's current step once for all its variables."""
    lookups = (optimizer.scheduled.rate, optimizer.scheduled.momentum)
    for lookup in lookups:
        lookup.now = lookup(optimizer.iterations)
    try:
        yield
    finally:
        for lookup in lookups:
            lookup.now = None


class Scheduled:
    """What one group's optimizer is made of."""

    def __init__(self, task: PhaseTask, rate: Table, momentum: Table) -> None:
        self.phase, self.rate, self.momentum = task.phase, Lookup(rate), Lookup(momentum)

    @classmethod
    def for_rate(cls, task: PhaseTask, peak: float) -> Scheduled:
        """Tabulate the rates of all steps of a phase for a (peak) learning rate."""
        table = simulate(task.phase["schedule"], peak, task.steps).astype(np.float32)
        return cls(task, table[:, 0], table[:, 1])

    def alone(self) -> Any:
        """Return the only optimizer of a model."""
        return self._make(penalized=True)

    def part(self) -> Any:
        """Return one of several optimizers; penalty and clipping are the whole's."""
        return self._make(penalized=False)

    def _make(self, *, penalized: bool) -> Any:
        kinds: dict[str, Any] = {"sgd": Sgd, "adam": Adam, "adamw": Adam}
        found = kinds[self.phase["optimizer"]["kind"]](self)
        found.penalty = Penalty(self.phase) if penalized else Penalty({"l2": 0.0, "clip_norm": None})
        found.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return found


class Penalty:
    """What happens to gradients before they are used: their norm is bounded, then L2's are added.

    This is the order in fastai and torch, whose clipping knows nothing of the penalty.
    """

    def __init__(self, phase: Any) -> None:
        self.l2, self.clip_norm = phase["l2"], phase["clip_norm"]

    def __call__(self, gradients: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        """Return gradients of at most `clip_norm` together, plus those of the penalty."""
        found = list(gradients)
        if self.clip_norm:
            squares = [keras.ops.sum(keras.ops.square(gradient)) for gradient in found]
            norm = keras.ops.sqrt(sum(squares[1:], squares[0]))
            factor = self.clip_norm / keras.ops.maximum(norm, self.clip_norm)
            found = [gradient * factor for gradient in found]
        if self.l2:
            found = [
                gradient + 2 * self.l2 * variable if is_kernel(variable) else gradient
                for gradient, variable in zip(found, variables, strict=True)
            ]
        return found


def is_kernel(variable: Any) -> bool:
    """Tell whether a variable is a kernel: no bias, no part of a BatchNorm."""
    return "kernel" in variable.name


class Adam(keras.optimizers.Adam):  # type: ignore[misc]  # Keras has no types
    """Adam whose momentum (beta 1) follows a schedule, as its learning rate does; AdamW if it decays."""

    def __init__(self, scheduled: Scheduled) -> None:
        settings = scheduled.phase["optimizer"]
        super().__init__(
            learning_rate=scheduled.rate,
            weight_decay=scheduled.phase["weight_decay"] or None,
            beta_2=settings["beta2"],
            epsilon=settings["epsilon"],
        )
        self.scheduled = scheduled

    @property
    def beta_1(self) -> Any:
        """The momentum of the current step."""
        return self.scheduled.momentum(self.iterations)

    @beta_1.setter
    def beta_1(self, value: float) -> None:
        """Ignore Keras' constant."""

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Update variables along gradients of the loss with its penalty."""
        variables = trainable_variables or self._trainable_variables  # JAX' trainer names none
        with looked_up(self):
            return super().apply(self.penalty(grads, variables), trainable_variables)


class Sgd(keras.optimizers.SGD):  # type: ignore[misc]  # Keras has no types
    """Stochastic gradient descent whose momentum follows a schedule, as its learning rate does.

    As torch's and fastai's, it multiplies the learning rate with the running sum; Keras' own sums up steps,
    which is the same as long as the rate stays.
    """

    def __init__(self, scheduled: Scheduled) -> None:
        has_momentum = bool(scheduled.momentum.table.any())
        super().__init__(
            learning_rate=scheduled.rate,
            momentum=0.9 if has_momentum else 0.0,  # Keras then makes variables for it
            weight_decay=scheduled.phase["weight_decay"] or None,
        )
        self.scheduled, self._has_momentum = scheduled, has_momentum

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move a variable along the running sum of its gradients."""
        step = gradient
        if self._has_momentum:
            kept = self.momentums[self._get_variable_index(variable)]
            step = kept * self.scheduled.momentum(self.iterations) + gradient
            self.assign(kept, step)
        self.assign_sub(variable, step * keras.ops.cast(learning_rate, variable.dtype))

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Update variables along gradients of the loss with its penalty."""
        variables = trainable_variables or self._trainable_variables  # JAX' trainer names none
        with looked_up(self):
            return super().apply(self.penalty(grads, variables), trainable_variables)


class Grouped(keras.optimizers.MultiOptimizer):  # type: ignore[misc]  # Keras has no types
    """An optimizer for each group of layers; penalty and clipping are of all gradients together."""

    def __init__(self, optimizer_of: Any, phase: Any) -> None:
        super().__init__(optimizer_of)
        self.penalty = Penalty(phase)

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Update variables along gradients of the loss with its penalty."""
        variables = trainable_variables or self._trainable_variables  # JAX' trainer names none
        return super().apply(self.penalty(grads, variables), trainable_variables)
