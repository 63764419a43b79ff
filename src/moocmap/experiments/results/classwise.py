"""What the predictions of records say of each class: confusion matrices, precision, recall and F1.

Everything comes from `predictions.csv`. As for macro F1, a share whose denominator is zero counts as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from moocmap.experiments.results.compare import Interval, interval
from moocmap.experiments.results.record import Record


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told from the others: means over runs with their intervals; `n` images a run."""

    label: str
    n: int
    precision: Interval
    recall: Interval
    f1: Interval


def confusion(records: Sequence[Record]) -> pd.DataFrame:
    """Count test images by their class (rows) and by the prediction (columns), summed over records.

    Raises:
        ValueError: if there are no records, or their classes differ.
    """
    classes = _classes(records)
    total = np.zeros((len(classes), len(classes)), dtype=int)
    for record in records:
        labels, guesses = (
            pd.Categorical(record.predictions[column].astype(str), categories=classes).codes
            for column in ("label", "prediction")
        )
        known = (labels >= 0) & (guesses >= 0)
        np.add.at(total, (labels[known], guesses[known]), 1)
    return pd.DataFrame(total, index=classes, columns=classes)


def most_confused(matrix: pd.DataFrame, at_most: int = 5) -> list[tuple[str, str, int]]:
    """Return the most frequent mistakes as (class, prediction, count), the most frequent first."""
    mistakes = [
        (str(label), str(guess), int(count))
        for label, row in matrix.iterrows()
        for guess, count in row.items()
        if label != guess and count
    ]
    return sorted(mistakes, key=lambda mistake: -mistake[2])[:at_most]


def class_figures(records: Sequence[Record]) -> list[ClassFigures]:
    """Return precision, recall and F1 of each class: means over runs with Student's t interval."""
    tables = [_shares(confusion([record])) for record in records]
    return [
        ClassFigures(
            label,
            int(tables[0]["n"][label]),
            *(
                _share([float(table[name][label]) for table in tables])
                for name in ("precision", "recall", "f1")
            ),
        )
        for label in _classes(records)
    ]


def _shares(matrix: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Return the figures of every class in one matrix."""
    right = pd.Series(matrix.to_numpy().diagonal(), index=matrix.index)
    actual, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    parts = {
        "precision": (right, predicted),
        "recall": (right, actual),
        "f1": (2 * right, actual + predicted),
    }
    return {"n": actual, **{name: (part / whole).fillna(0.0) for name, (part, whole) in parts.items()}}


def _share(values: Sequence[float]) -> Interval:
    """Return mean and interval of shares; the interval ends at 0 and 1."""
    found = interval(values)
    if found.n == 1:
        return found
    return Interval(found.mean, max(found.low, 0.0), min(found.high, 1.0), found.n)


def _classes(records: Sequence[Record]) -> list[str]:
    found = {tuple(map(str, record.facts.spec["tasks"]["target"]["classes"])) for record in records}
    if len(found) != 1:
        raise ValueError("expected records of the same classes")
    return list(found.pop())
