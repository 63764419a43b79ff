"""Whether probabilities mean what they say: reliability bins, expected calibration error, Brier score.

Everything comes from `predictions.csv`. Reliability and the expected calibration error are those of the
predicted class ("top label"), in bins of equal width, as in Guo et al. (2017), "On calibration of modern
neural networks". Runs of several seeds predict the same images, so that their predictions are not
independent: each figure is computed run by run, and means over runs carry Student's t interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.results.compare import Interval, interval
from moocmap.experiments.results.record import Record

BINS = 10
"""How many bins of equal width the confidences fall into. More of them would be empty in small test sets."""


@dataclass(frozen=True)
class Bin:
    """The test images whose confidence is above `low` and at most `high`.

    `images` is how many there are in a run, on average over all runs; `runs` in how many of them there is
    any. `confidence` and `accuracy` (0 to 1) are means over these runs.
    """

    low: float
    high: float
    images: float
    runs: int
    confidence: float
    accuracy: Interval


@dataclass(frozen=True)
class Calibration:
    """How well one setting's probabilities hold: bins that are not empty, and figures over `n` runs.

    `error` is the expected calibration error (0 to 1); `gap` is mean confidence − accuracy (−1 to 1, above
    zero: too sure); `brier` the Brier score over all classes (0 to 2).
    """

    n: int
    images: int
    bins: Sequence[Bin]
    error: Interval
    gap: Interval
    brier: Interval


def calibration(records: Sequence[Record], bins: int = BINS) -> Calibration:
    """Return how well the probabilities of records, one for each run of a setting, hold.

    Raises:
        ValueError: if there are no records, or fewer than one bin.
    """
    if not records or bins < 1:
        raise ValueError("expected records, and one bin at least")
    runs = [_sure_and_right(record) for record in records]
    tables = [_binned(sure, right, bins) for sure, right in runs]
    errors = [_error(table) for table in tables]
    gaps = [float(sure.mean() - right.mean()) for sure, right in runs]
    return Calibration(
        n=len(records),
        images=len(records[0].predictions),
        bins=[found for number in range(bins) if (found := _bin(tables, number, bins))],
        error=_within(interval(errors), 0.0, 1.0),
        gap=_within(interval(gaps), -1.0, 1.0),
        brier=_within(interval([record.facts.metrics.test.brier for record in records]), 0.0, 2.0),
    )


def expected_calibration_error(record: Record, bins: int = BINS) -> float:
    """Return the mean distance of confidence and accuracy over bins, weighted by their images (0 to 1)."""
    return _error(_binned(*_sure_and_right(record), bins))


def _sure_and_right(record: Record) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the confidence in each prediction, and whether it was right, both (n,)."""
    right = (record.predictions["label"] == record.predictions["prediction"]).to_numpy()
    return record.predictions["of_prediction"].to_numpy(dtype=np.float64), right


def _binned(sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> NDArray[np.float64]:
    """Return for each bin the number of images, the sum of confidences and the number right: (bins, 3)."""
    # Bins are open below and closed above: 0.1 belongs to the first of ten, as in Guo et al.
    edges = np.linspace(0.0, 1.0, bins + 1)
    places = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    columns = (np.ones_like(sure), sure, right.astype(float))
    return np.stack([np.bincount(places, column, minlength=bins) for column in columns], axis=1)


def _error(table: NDArray[np.float64]) -> float:
    n, sure, right = table.T
    return float(np.abs(sure - right).sum() / n.sum())


def _bin(tables: Sequence[NDArray[np.float64]], number: int, bins: int) -> Bin | None:
    """Return the means of one bin over the runs that have images in it; None if there is none."""
    rows = [table[number] for table in tables if table[number][0]]
    if not rows:
        return None
    accuracy = interval([float(right / n) for n, _, right in rows])
    confidence = math.fsum(sure / n for n, sure, _ in rows) / len(rows)
    images = math.fsum(n for n, _, _ in rows) / len(tables)
    return Bin(number / bins, (number + 1) / bins, images, len(rows), confidence, _within(accuracy, 0.0, 1.0))


def _within(found: Interval, least: float, most: float) -> Interval:
    """Cut an interval off where values end."""
    if found.n == 1:
        return found
    return Interval(found.mean, max(found.low, least), min(found.high, most), found.n)
