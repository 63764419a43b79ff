"""What an experiment's records show class by class, beside published figures, and how far they compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from moocmap.experiments.classwise import ClassFigures, class_figures, confusion, most_confused
from moocmap.experiments.published import Figure, PublishedFigures
from moocmap.experiments.record import Record

SHADES = 5
"""How many shades of colour the cells of a confusion matrix have, beside none."""

Setting = tuple[str, str, str]
"""A library, a model and a recipe."""


@dataclass(frozen=True)
class Cell:
    """How many images of a class got a prediction; `shade` (0 to `SHADES`) grows with their share."""

    count: int
    share: float
    is_right: bool

    @property
    def shade(self) -> int:
        """The shade of colour, 0 where there is nothing; mistakes, which are few, show by the root of it."""
        return math.ceil((self.share if self.is_right else math.sqrt(self.share)) * SHADES)


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: a row of cells for each class, in the order of the predictions."""

    rows: Sequence[tuple[str, Sequence[Cell]]]

    @property
    def classes(self) -> list[str]:
        """The classes, as records spell them."""
        return [label for label, _ in self.rows]


@dataclass(frozen=True)
class Confusion:
    """The confusion matrices of one setting, over all its seeds and for each, and what follows from them."""

    library: str
    model: str
    recipe: str
    total: Matrix
    by_seed: Sequence[tuple[int, Matrix]]
    mistakes: Sequence[tuple[str, str, int]]
    figures: Sequence[ClassFigures]


def confusions(records: Sequence[Record]) -> list[Confusion]:
    """Return the confusion matrices of each library, model and recipe."""
    return [
        Confusion(
            *setting,
            _matrix(confusion(group)),
            [(record.seed, _matrix(confusion([record]))) for record in group],
            most_confused(confusion(group)),
            class_figures(group),
        )
        for setting, group in by_setting(records).items()
    ]


def by_setting(records: Sequence[Record]) -> dict[Setting, list[Record]]:
    """Put the records of each library, model and recipe together, seeds in order."""
    groups: dict[Setting, list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.recipe, r.model, r.library, r.seed)):
        groups.setdefault((record.library, record.model, record.recipe), []).append(record)
    return groups


def _matrix(counts: pd.DataFrame) -> Matrix:
    def cells(label: object, row: pd.Series[int]) -> list[Cell]:
        total = int(row.sum()) or 1
        return [Cell(int(count), int(count) / total, guess == label) for guess, count in row.items()]

    return Matrix([(str(label), cells(label, row)) for label, row in counts.iterrows()])


@dataclass(frozen=True)
class Beside:
    """A published figure and what was measured for it, as far as it was: mean, ends of the interval, n."""

    figure: Figure
    mean: float | None = None
    low: float = math.nan
    high: float = math.nan
    n: int = 0

    @property
    def difference(self) -> float:
        """Measured − published."""
        return math.nan if self.mean is None else self.mean - self.figure.value

    @property
    def verdict(self) -> Literal["missing", "single", "within", "above", "below"]:
        """Whether the published figure lies within our interval, or ours is above or below it."""
        if self.mean is None:
            return "missing"
        if math.isnan(self.low):
            return "single"
        value = self.figure.value
        return "within" if self.low <= value <= self.high else "above" if self.low > value else "below"


def beside_published(published: PublishedFigures, summary: Sequence[Mapping[str, Any]]) -> list[Beside]:
    """Put each published figure beside the row of `compare.summary` for its setting."""
    rows = {(row["library"], row["model"], row["recipe"]): row for row in summary}
    return [
        _beside(figure, rows.get((figure.library, figure.model, figure.recipe)))
        for figure in published.figures
    ]


def _beside(figure: Figure, row: Mapping[str, Any] | None) -> Beside:
    if row is None:
        return Beside(figure)
    mean, low, high = (row[f"{figure.metric}{end}"] for end in ("", "_low", "_high"))
    return Beside(figure, mean, low, high, int(row["n"]))


@dataclass(frozen=True)
class Check:
    """Something that must be equal for figures to compare, and whether it is, by what the records say."""

    id: Literal["data", "weights", "recipe", "versions", "machine"]
    holds: bool


def checks(records: Sequence[Record]) -> list[Check]:
    """Compare what the records say of data, initial weights, recipe, versions and machine."""
    if not records:
        return []
    found = [Check("data", _equal(records, lambda record: record.facts.data))]
    if len({record.library for record in records}) > 1:
        pairs = _groups(records, lambda record: (record.model, record.recipe, record.seed))
        found += [
            Check(
                "weights",
                all(_equal(pair, lambda record: record.facts.weights.initial_sha256) for pair in pairs),
            ),
            Check("recipe", all(_equal(pair, lambda record: record.facts.spec["phases"]) for pair in pairs)),
        ]
    libraries = _groups(records, lambda record: record.library)
    return [
        *found,
        Check("versions", all(_equal(group, lambda record: record.facts.software) for group in libraries)),
        Check("machine", _equal(records, lambda record: record.facts.hardware)),
    ]


def _equal(records: Sequence[Record], value: Callable[[Record], object]) -> bool:
    return all(value(record) == value(records[0]) for record in records)


def _groups(records: Sequence[Record], key: Callable[[Record], object]) -> list[list[Record]]:
    found: dict[object, list[Record]] = {}
    for record in records:
        found.setdefault(key(record), []).append(record)
    return list(found.values())
