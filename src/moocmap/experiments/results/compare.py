"""Tables from records: what each library came to, and how far two libraries are apart.

All figures are derived; n and a 95% interval stand beside every mean. Intervals are Student's t over seeds:
they hold for other random starts on the same split of the data, not for other data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import pandas as pd
from scipy.special import stdtrit

from moocmap.experiments.results.record import Record

METRICS = ("accuracy", "macro_f1", "loss", "validation_accuracy")
"""What libraries are compared in: of the test set, and the one that papers report of the validation set."""


class Interval(NamedTuple):
    """A mean with its confidence interval, which is not a number where n is 1."""

    mean: float
    low: float
    high: float
    n: int


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the mean of values and Student's t interval for it.

    Raises:
        ValueError: if there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("expected at least one value")
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stdtrit(n - 1, (1 + level) / 2)) * deviation / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def summary(records: Iterable[Record]) -> pd.DataFrame:
    """Tabulate one row for each library × model × recipe.

    Columns: `library`, `model`, `recipe`; `n` (seeds); of the test set `accuracy`, `macro_f1` and `loss`;
    `validation_accuracy` and `validation_loss`; `seconds_per_epoch` (the median over a run's epochs on the
    target task): each the mean over seeds, followed by the ends of its 95% interval, `…_low` and `…_high`,
    cut off where values end (0 and, for shares, 1); `parameters`; `versions` and `hardware`, with " | "
    between them where records differ.
    """
    rows = []
    for (library, model, recipe), group in grouped(records).items():
        rows.append(
            {
                "library": library,
                "model": model,
                "recipe": recipe,
                "n": len(group),
                **_with_interval("accuracy", [r.facts.metrics.test.accuracy for r in group], most=1.0),
                **_with_interval("macro_f1", [r.facts.metrics.test.macro_f1 for r in group], most=1.0),
                **_with_interval("loss", [r.facts.metrics.test.loss for r in group]),
                **_with_interval(
                    "validation_accuracy", [r.facts.metrics.validation.accuracy for r in group], most=1.0
                ),
                **_with_interval("validation_loss", [r.facts.metrics.validation.loss for r in group]),
                **_with_interval("seconds_per_epoch", [seconds_per_epoch(r) for r in group]),
                "parameters": group[0].facts.weights.parameters,
                "versions": " | ".join(dict.fromkeys(versions(record) for record in group)),
                "hardware": " | ".join(dict.fromkeys(hardware(record) for record in group)),
            }
        )
    return pd.DataFrame(rows)


def paired_difference(records: Iterable[Record], metric: str = "accuracy") -> pd.DataFrame:
    """Tabulate library A − library B for each model × recipe, paired on seeds.

    `metric` is one of METRICS. Columns: `a`, `b`, `model`, `recipe`,
    `metric`, `n` (seeds that both have), `mean`, `low`, `high`. Pairs without a common seed are left out.
    """
    rows = []
    for (model, recipe), libraries in by_library(records).items():
        for a, b in combinations(libraries, 2):
            found = paired(libraries[a], libraries[b], metric)
            if found:
                rows.append(
                    {
                        "a": a,
                        "b": b,
                        "model": model,
                        "recipe": recipe,
                        "metric": metric,
                        "n": found.n,
                        "mean": found.mean,
                        "low": found.low,
                        "high": found.high,
                    }
                )
    return pd.DataFrame(rows, columns=["a", "b", "model", "recipe", "metric", "n", "mean", "low", "high"])


def paired(a: Mapping[int, Record], b: Mapping[int, Record], metric: str) -> Interval | None:
    """Return the interval of a − b in a metric over the seeds that both have; None where they share none."""
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        return None
    return interval([measure_of(a[seed], metric) - measure_of(b[seed], metric) for seed in seeds])


def measure_of(record: Record, metric: str) -> float:
    """Return a figure of a record: accuracy, macro_f1 or loss of the test set, or validation_… of these.

    Of the validation set accuracy and loss are known.
    """
    metrics = record.facts.metrics
    if metric.startswith("validation_"):
        return float(getattr(metrics.validation, metric.removeprefix("validation_")))
    return float(getattr(metrics.test, metric))


def by_library(records: Iterable[Record]) -> dict[tuple[str, str], dict[str, dict[int, Record]]]:
    """Put the records of each model × recipe together, by library and seed."""
    found: dict[tuple[str, str], dict[str, dict[int, Record]]] = {}
    for (library, model, recipe), group in grouped(records).items():
        found.setdefault((model, recipe), {})[library] = {record.seed: record for record in group}
    return found


def grouped(records: Iterable[Record]) -> dict[tuple[str, str, str], list[Record]]:
    """Put the records of each library × model × recipe together, seeds in order."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.recipe, r.model, r.library, r.seed)):
        groups.setdefault((record.library, record.model, record.recipe), []).append(record)
    return groups


def seconds_per_epoch(record: Record) -> float:
    """Return the median seconds of an epoch on the target task; the first ones build the graph."""
    return float(record.transfer_epochs["seconds"].median())


def versions(record: Record) -> str:
    """Name the library and its backend with their versions, such as "keras 3.15.1 on tensorflow 2.21.0"."""
    software = record.facts.software
    backend, package = software["backend"], package_of(record.library)
    return f"{package} {software.get(package, '?')} on {backend} {software.get(backend, '?')}"


def package_of(library: str) -> str:
    """Return the package behind a library's name, which may name its backend too: keras for "keras-jax"."""
    return library.partition("-")[0]


def hardware(record: Record) -> str:
    """Name processor, threads and accelerator of a run."""
    place = record.facts.hardware
    threads = place.threads or place.cores
    used = f"{threads} {'thread' if threads == 1 else 'threads'} of {place.cores} cores"
    accelerator = "no accelerator" if place.accelerator == "none" else place.accelerator
    return f"{place.cpu}, {used}, {accelerator}"


def _with_interval(name: str, values: Sequence[float], most: float = math.inf) -> dict[str, float]:
    found = interval(values)
    low, high = (min(max(end, 0.0), most) if not math.isnan(end) else end for end in (found.low, found.high))
    return {name: found.mean, f"{name}_low": low, f"{name}_high": high}
