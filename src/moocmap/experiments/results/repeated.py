"""Whether a run that was trained again came to the same, number by number."""

from __future__ import annotations

from collections.abc import Iterator

from moocmap.experiments.results.record import Record

TIMES = ("train_seconds", "seconds")
"""Columns of `epochs.csv` that no two runs share."""


def gaps(old: Record, new: Record) -> list[str]:
    """Name what differs between two records of one run, times left out; nothing where they agree bitwise."""
    return [*_of_epochs(old, new), *_of_predictions(old, new), *_of_metrics(old, new)]


def _of_epochs(old: Record, new: Record) -> Iterator[str]:
    a, b = (record.epochs.drop(columns=list(TIMES)) for record in (old, new))
    if len(a) != len(b):
        yield f"{len(b)} epochs in place of {len(a)}"
        return
    for number in range(len(a)):
        for column in a.columns:
            was, now = a[column].iloc[number], b[column].iloc[number]
            if was != now and not (was != was and now != now):  # noqa: PLR0124 (not a number, twice)
                yield f"{column} of epoch {number + 1}: {now} in place of {was}"
                return


def _of_predictions(old: Record, new: Record) -> Iterator[str]:
    if not old.predictions.equals(new.predictions):
        differ = (old.predictions != new.predictions).any(axis=1)
        yield f"predictions of {int(differ.sum())} of {len(differ)} test images"


def _of_metrics(old: Record, new: Record) -> Iterator[str]:
    if old.facts.metrics != new.facts.metrics:
        was, now = (record.facts.metrics.test for record in (old, new))
        yield f"test accuracy {now.accuracy}, loss {now.loss} in place of {was.accuracy}, {was.loss}"
