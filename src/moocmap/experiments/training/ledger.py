"""The rows of epochs.csv while they come in: which epoch a phase selects, and when it stops early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moocmap.experiments.spec import EarlyStopping, Selection

Row = Mapping[str, Any]


def is_better(value: float, other: float, monitor: str) -> bool:
    """Tell whether a figure is better: a lower loss, a higher accuracy."""
    return value < other if monitor.endswith("loss") else value > other


def best_epoch(rows: Sequence[Row], monitor: str) -> int:
    """Return the position of the first row whose `monitor` is not beaten by another's."""
    best = 0
    for number, row in enumerate(rows):
        if is_better(row[monitor], rows[best][monitor], monitor):
            best = number
    return best


def selected_epoch(rows: Sequence[Row], selection: Selection) -> int:
    """Return the position of the row whose weights end a phase."""
    if selection == "last":
        return len(rows) - 1
    return best_epoch(rows, selection.removeprefix("best-").replace("-", "_"))


def has_stopped(rows: Sequence[Row], rule: EarlyStopping | None) -> bool:
    """Tell whether a phase with these rows ends early: its last `patience` epochs brought nothing better."""
    if rule is None or not rows:
        return False
    return len(rows) - 1 - best_epoch(rows, rule["monitor"]) >= rule["patience"]
