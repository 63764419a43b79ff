"""The figures that the page of an experiment shows: means with intervals, differences, machines, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from moocmap.experiments.results.compare import package_of
from moocmap.experiments.results.record import Record

_NAMES_OF_PACKAGES = {"torch": "pytorch"}
"""Libraries whose package has another name; a guide may know another library of that name."""


@dataclass(frozen=True)
class Span:
    """A mean with its interval, and where both lie on an axis, in percent of its length."""

    mean: float
    low: float
    high: float
    axis: tuple[float, float] = (0.0, 1.0)

    @property
    def has_interval(self) -> bool:
        """Whether there is more than one value behind the mean."""
        return not math.isnan(self.low)

    def percent(self, value: float) -> float:
        """Return where a value lies on the axis."""
        start, end = self.axis
        return round(100 * (value - start) / (end - start), 2)


@dataclass(frozen=True)
class Result:
    """What one library came to with one model and one recipe."""

    library: str
    model: str
    recipe: str
    n: int
    accuracy: Span
    row: Mapping[str, Any]

    def span(self, name: str) -> Span:
        """Return the mean and interval of another figure of the summary, such as `macro_f1`."""
        return Span(self.row[name], self.row[f"{name}_low"], self.row[f"{name}_high"])


@dataclass(frozen=True)
class Difference:
    """Library a − library b in one metric, paired on seeds."""

    a: str
    b: str
    model: str
    recipe: str
    metric: str
    n: int
    span: Span

    @property
    def verdict(self) -> str:
        """Which figure is higher, `a` or `b`; `none` if zero is in the interval; `single` without one."""
        if not self.span.has_interval:
            return "single"
        return "a" if self.span.low > 0 else "b" if self.span.high < 0 else "none"


@dataclass(frozen=True)
class Environment:
    """The versions and the machine of a record. Without an accelerator, `accelerator` is empty."""

    library: str
    version: str
    backend: str
    backend_version: str
    python: str
    cpu: str
    threads: int
    cores: int
    accelerator: str


@dataclass(frozen=True)
class Curves:
    """The training curves of one model and one recipe, and the same figures as a table."""

    model: str
    recipe: str
    records: Sequence[Record] = field(repr=False)

    def file(self, *, dark: bool) -> str:
        """Return the name of the drawing."""
        return f"curves-{self.model}-{self.recipe}-{'dark' if dark else 'light'}.svg"

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """The means over the seeds (`n`) that trained an epoch, with the lowest and the highest of them."""
        columns = ["train_loss", "validation_loss", "train_accuracy", "validation_accuracy"]
        rows = []
        for library in dict.fromkeys(record.library for record in self.records):
            mine = [record.transfer_epochs for record in self.records if record.library == library]
            every = pd.concat(mine)
            # Early stopping may end a phase sooner with one seed than with another: each epoch has its own n.
            phases = dict.fromkeys(every["phase"])
            groups = {(str(phase), int(epoch)): group for (phase, epoch), group in _by_epoch(every)}
            for phase, epoch in sorted(groups, key=lambda place: (list(phases).index(place[0]), place[1])):
                group = groups[phase, epoch]
                row = {"library": library, "phase": phase, "epoch": epoch, "n": len(group)}
                for column in columns:
                    values = [float(value) for value in group[column]]
                    row[column] = Span(math.fsum(values) / len(values), min(values), max(values))
                rows.append(row)
        return rows

    @property
    def is_ragged(self) -> bool:
        """Whether some phases ended sooner than others, so that means are over different numbers of runs."""
        return any(
            one["n"] != other["n"]
            for one in self.table
            for other in self.table
            if one["library"] == other["library"]
        )


def environment_of(record: Record) -> Environment:
    """Return the versions and the machine that a record names."""
    software, machine = record.facts.software, record.facts.hardware
    backend = software.get("backend", "")
    return Environment(
        record.library,
        software.get(package_of(record.library), "?"),
        _NAMES_OF_PACKAGES.get(backend, backend),
        software.get(backend, "?"),
        software.get("python", "?"),
        machine.cpu,
        machine.threads or machine.cores,
        machine.cores,
        "" if machine.accelerator == "none" else machine.accelerator,
    )


def _by_epoch(epochs: pd.DataFrame) -> Any:
    return epochs.groupby(["phase", "epoch"], sort=False)


def axis_of(
    spans: Sequence[Span], limits: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float]:
    """Return an axis that shows all spans with a margin, within limits."""
    values = [v for span in spans for v in (span.mean, span.low, span.high) if not math.isnan(v)]
    low, high = min(values), max(values)
    margin = 0.15 * (high - low) or 0.05
    return max(limits[0], low - margin), min(limits[1], high + margin)
