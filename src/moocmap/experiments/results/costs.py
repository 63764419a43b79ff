"""What training costs: seconds by phase, epochs and seconds to an accuracy, images a second, memory, energy.

Seconds are those of `epochs.csv`, which hold training and validating. What a record does not say is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moocmap.experiments.results.compare import Interval, by_library, interval
from moocmap.experiments.results.record import Record

SHARE = 0.95
"""The share of the lowest final accuracy that counts as having got there."""


@dataclass(frozen=True)
class Arrival:
    """How long a library took to an accuracy on the validation images that all compared libraries come near.

    `reached` of `n` runs got there. `epochs` and `seconds` count from the start of the target task, without
    pre-training, and are means over the runs that did; None if none did.
    """

    library: str
    model: str
    recipe: str
    threshold: float
    n: int
    reached: int
    epochs: Interval | None
    seconds: Interval | None


@dataclass(frozen=True)
class Costs:
    """What the runs of one setting cost. Each figure is over runs; None where a run does not tell it.

    `phases` are mean seconds by phase, `seconds` those of all phases together, pre-training included;
    `images_per_second` by phase; `memory` and `gpu_memory` the highest peak in bytes; `energy` in joules.
    """

    phases: Mapping[str, Interval]
    seconds: Interval
    images_per_second: Mapping[str, Interval]
    memory: int | None
    gpu_memory: int | None
    energy: Interval | None


def arrivals(records: Iterable[Record], share: float = SHARE) -> list[Arrival]:
    """Return how long each library took to `threshold`, for each model × recipe.

    The threshold comes from the data, so that it favours none: `share` of the lowest of the libraries' final
    mean accuracies. Every library comes at least that far on average, though not with every seed.
    """
    found = []
    for (model, recipe), libraries in by_library(records).items():
        level = threshold([list(runs.values()) for runs in libraries.values()], share)
        for library, runs in libraries.items():
            times = [time for record in runs.values() if (time := time_to(record, level))]
            epochs, seconds = zip(*times, strict=True) if times else ((), ())
            found.append(
                Arrival(
                    library,
                    model,
                    recipe,
                    level,
                    len(runs),
                    len(times),
                    at_least(epochs),
                    at_least(seconds),
                )
            )
    return found


def threshold(groups: Sequence[Sequence[Record]], share: float = SHARE) -> float:
    """Return `share` of the lowest mean of the groups' last validation accuracies (0 to 1)."""
    finals = [
        [float(record.transfer_epochs["validation_accuracy"].iloc[-1]) for record in group]
        for group in groups
    ]
    return share * min(math.fsum(values) / len(values) for values in finals)


def time_to(record: Record, level: float) -> tuple[int, float] | None:
    """Return the epochs and the seconds until validation accuracy was first at `level`; None if never."""
    epochs = record.transfer_epochs.reset_index(drop=True)
    there = epochs.index[epochs["validation_accuracy"] >= level]
    if there.empty:
        return None
    place = int(there[0])
    return place + 1, float(epochs["seconds"].iloc[: place + 1].sum())


def costs(records: Sequence[Record]) -> Costs:
    """Return what the runs of one setting cost.

    Raises:
        ValueError: if there are no records.
    """
    phases = [phase_seconds(record) for record in records]
    rates = [performance(record).get("images_per_second") or {} for record in records]
    energy = _all_of(records, "energy_joules")
    return Costs(
        phases=_by_name(phases),
        seconds=_not_negative(interval([math.fsum(found.values()) for found in phases])),
        images_per_second=_by_name(rates),
        memory=_highest(records, "peak_memory_bytes"),
        gpu_memory=_highest(records, "peak_gpu_memory_bytes"),
        energy=at_least(energy),
    )


def phase_seconds(record: Record) -> dict[str, float]:
    """Return the seconds of each phase, in the order in which they ran."""
    return {str(n): float(s) for n, s in record.epochs.groupby("phase", sort=False)["seconds"].sum().items()}


def performance(record: Record) -> Mapping[str, Any]:
    """Return what a record measured of its run's speed and memory; nothing where it is older than that."""
    found = getattr(record.facts, "performance", None) or {}
    return found if isinstance(found, Mapping) else dict(found.model_dump())


def at_least(values: Sequence[float], least: float = 0.0) -> Interval | None:
    """Return mean and interval of values, the interval cut off at `least`; None without values."""
    return _not_negative(interval(values), least) if values else None


def _not_negative(found: Interval, least: float = 0.0) -> Interval:
    return found if found.n == 1 else found._replace(low=max(found.low, least))


def _by_name(tables: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    """Return mean and interval of each name that every table has."""
    names = [name for name in tables[0] if all(name in table for table in tables)] if tables else []
    return {name: _not_negative(interval([float(table[name]) for table in tables])) for name in names}


def _all_of(records: Sequence[Record], name: str) -> list[float]:
    """Return a figure of every run; nothing unless all have it."""
    values = [performance(record).get(name) for record in records]
    return [] if None in values else [float(value) for value in values if value is not None]


def _highest(records: Sequence[Record], name: str) -> int | None:
    values = _all_of(records, name)
    return int(max(values)) if values else None
