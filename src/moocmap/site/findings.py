"""What an experiment's records show class by class, beside published figures, and how far they compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from moocmap.experiments.results.calibration import Calibration, calibration
from moocmap.experiments.results.classwise import ClassFigures, class_figures, confusion, most_confused
from moocmap.experiments.results.compare import by_library, grouped
from moocmap.experiments.results.costs import Costs
from moocmap.experiments.results.mistakes import TopLoss, top_losses
from moocmap.experiments.results.pictures import (
    Arrays,
    activations,
    activations_size,
    has_pictures,
    heatmaps_size,
    read_arrays,
)
from moocmap.experiments.results.record import Record
from moocmap.experiments.settings.published import Figure, PublishedFigures

Drawing = Literal["heatmaps", "activations"]
"""What can be drawn of a record's explanations."""
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
        for setting, group in grouped(records).items()
    ]


def _matrix(counts: pd.DataFrame) -> Matrix:
    def cells(label: object, row: pd.Series[int]) -> list[Cell]:
        total = int(row.sum()) or 1
        return [Cell(int(count), int(count) / total, guess == label) for guess, count in row.items()]

    return Matrix([(str(label), cells(label, row)) for label, row in counts.iterrows()])


@dataclass(frozen=True)
class Calibrated:
    """How far the probabilities of each library hold, with one model and one recipe."""

    model: str
    recipe: str
    by_library: Mapping[str, Calibration]

    def file(self, *, dark: bool) -> str:
        """Return the name of the reliability diagram."""
        return f"reliability-{self.model}-{self.recipe}-{'dark' if dark else 'light'}.svg"


def calibrations(records: Sequence[Record]) -> list[Calibrated]:
    """Return the calibration of each library, put together by model and recipe."""
    return [
        Calibrated(
            model, recipe, {library: calibration(list(runs.values())) for library, runs in libraries.items()}
        )
        for (model, recipe), libraries in by_library(records).items()
    ]


@dataclass(frozen=True)
class Worst:
    """The test images that one setting gets most wrong, and the record that shows what it looks at, if any.

    `arrays` are those that `moocmap.experiments.results.pictures` draws from; `seed` is that of their run.
    """

    library: str
    model: str
    recipe: str
    images: Sequence[TopLoss]
    seed: int | None = None
    arrays: Arrays = field(default_factory=dict, repr=False)

    @property
    def has_heat(self) -> bool:
        """Whether there are heat maps."""
        return "heatmaps" in self.arrays

    @property
    def shows_images(self) -> bool:
        """Whether the record holds the images themselves."""
        return "images" in self.arrays

    def size(self, kind: Drawing) -> tuple[int, int]:
        """Return width and height of a drawing, in CSS pixels."""
        return heatmaps_size(self.arrays) if kind == "heatmaps" else activations_size(self.arrays)

    @property
    def drawings(self) -> list[Drawing]:
        """What can be drawn."""
        there: dict[Drawing, bool] = {
            "heatmaps": has_pictures(self.arrays),
            "activations": bool(activations(self.arrays)),
        }
        return [kind for kind, is_there in there.items() if is_there]

    def file(self, kind: Drawing, *, dark: bool) -> str:
        """Return the name of a drawing."""
        setting = f"{self.library}-{self.model}-{self.recipe}"
        return f"{kind}-{setting}-{'dark' if dark else 'light'}.svg"


def worst(records: Sequence[Record]) -> list[Worst]:
    """Return the images of the highest losses of each setting, with the first explanations there are.

    Raises:
        DamagedRecordError: if explanations cannot be read.
    """
    found = []
    for setting, group in grouped(records).items():
        files = [(record.seed, record.explanations) for record in group if record.explanations]
        explained = [(seed, read_arrays(path)) for seed, path in files[:1]]
        found.append(Worst(*setting, top_losses(group), *(explained[0] if explained else ())))
    return found


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


@dataclass(frozen=True)
class Gap:
    """Two libraries' published figures for one model with one recipe."""

    model: str
    recipe: str
    a: Figure
    b: Figure

    @property
    def size(self) -> float:
        """Library b − library a."""
        return self.b.value - self.a.value


def published_gaps(figures: Sequence[Figure], metric: str = "validation_accuracy") -> list[Gap]:
    """Return the models for which the figure of two libraries is published, the libraries in their order."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        if figure.metric == metric:
            found.setdefault((figure.model, figure.recipe), []).append(figure)
    return [Gap(*setting, *pair) for setting, pair in found.items() if len(pair) == 2]


def beside_published(
    published: PublishedFigures, summary: Sequence[Mapping[str, Any]], costs: Mapping[Setting, Costs]
) -> list[Beside]:
    """Put each published figure beside the row of `compare.summary`, or the costs, of its setting."""
    rows = {(row["library"], row["model"], row["recipe"]): row for row in summary}
    settings = [(figure.library, figure.model, figure.recipe) for figure in published.figures]
    return [
        _beside(figure, rows.get(setting), costs.get(setting))
        for figure, setting in zip(published.figures, settings, strict=True)
    ]


def _beside(figure: Figure, row: Mapping[str, Any] | None, costs: Costs | None) -> Beside:
    if row is None or costs is None:
        return Beside(figure)
    if figure.metric == "seconds":
        found = costs.phases.get(figure.phase) if figure.phase else costs.seconds
        return Beside(figure, *found) if found else Beside(figure)
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
            Check("recipe", all(_equal(pair, _training) for pair in pairs)),
        ]
    libraries = _groups(records, lambda record: record.library)
    return [
        *found,
        Check("versions", all(_equal(group, lambda record: record.facts.software) for group in libraries)),
        Check("machine", _equal(records, lambda record: record.facts.hardware)),
    ]


def _training(record: Record) -> list[Any]:
    """Return all that decides how a network is built and trained, but for first weights and images."""
    keys = ("phases", "body", "heads", "initialization", "selection")
    return [record.facts.spec.get(key) for key in keys]


def _equal(records: Sequence[Record], value: Callable[[Record], object]) -> bool:
    return all(value(record) == value(records[0]) for record in records)


def _groups(records: Sequence[Record], key: Callable[[Record], object]) -> list[list[Record]]:
    found: dict[object, list[Record]] = {}
    for record in records:
        found.setdefault(key(record), []).append(record)
    return list(found.values())
