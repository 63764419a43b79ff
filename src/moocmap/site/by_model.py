"""What libraries came to model by model, as papers print it: validation loss and accuracy, time by phase.

Each measured figure has the published one beside it, where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moocmap.experiments.results.compare import Interval
from moocmap.experiments.results.costs import Costs
from moocmap.experiments.settings.published import Figure
from moocmap.site.figures import Result
from moocmap.site.locales import Strings

Setting = tuple[str, str, str]
SHORT = 100.0
"""Below how many seconds a time is written in seconds."""
FITS = ("validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class Cell:
    """What one library came to with one model: measured, published, either may be missing."""

    library: str
    measured: Interval | None
    published: float | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return self.measured is None and self.published is None


@dataclass(frozen=True)
class Table:
    """A table of one recipe: groups of columns (metrics or phases), the libraries in each, rows by model."""

    recipe: str
    groups: Sequence[str]
    libraries: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]


def fits(
    results: Sequence[Result], published: Sequence[Figure], order: Mapping[str, Sequence[str]]
) -> list[Table]:
    """Return validation loss and accuracy by model, a table for each recipe.

    `order` lists what there is: `libraries`, `models` and `recipes`, in the order in which to show it.
    """
    rows = {(result.library, result.model, result.recipe): result for result in results}
    printed = {
        (str(figure.library), figure.model, figure.recipe, str(figure.metric)): figure.value
        for figure in published
    }

    def cell(setting: Setting, metric: str) -> Cell:
        result = rows.get(setting)
        span = result.span(metric) if result else None
        found = Interval(span.mean, span.low, span.high, result.n) if span and result else None
        return Cell(setting[0], found, printed.get((*setting, metric)))

    return _tables(order, lambda recipe: FITS, cell)


def times(
    costs: Mapping[Setting, Costs], published: Sequence[Figure], order: Mapping[str, Sequence[str]]
) -> list[Table]:
    """Return the seconds of each phase by model, a table for each recipe; `order` as for `fits`."""
    printed = {
        (str(figure.library), figure.model, figure.recipe, figure.phase): figure.value
        for figure in published
        if figure.metric == "seconds" and figure.phase
    }

    def phases(recipe: str) -> Sequence[str]:
        measured = [name for (_, _, r), found in costs.items() if r == recipe for name in found.phases]
        return list(dict.fromkeys([*measured, *(str(key[3]) for key in printed if key[2] == recipe)]))

    def cell(setting: Setting, phase: str) -> Cell:
        found = costs[setting].phases.get(phase) if setting in costs else None
        return Cell(setting[0], found, printed.get((*setting, phase)))

    return _tables(order, phases, cell)


def _tables(
    order: Mapping[str, Sequence[str]],
    groups_of: Callable[[str], Sequence[str]],
    cell: Callable[[Setting, str], Cell],
) -> list[Table]:
    """Return the tables that have any figure, without the models that have none."""
    found = []
    for recipe in order["recipes"]:
        groups, libraries = groups_of(recipe), order["libraries"]
        rows = [
            (model, [cell((library, model, recipe), group) for group in groups for library in libraries])
            for model in order["models"]
        ]
        rows = [(model, cells) for model, cells in rows if not all(one.is_empty for one in cells)]
        if rows:
            found.append(Table(recipe, groups, libraries, rows))
    return found


def duration(seconds: float, strings: Strings) -> str:
    """Write a time as h:mm:ss; below 100 seconds, which that would round too much, in seconds."""
    if seconds < SHORT:
        return str(strings("experiment.seconds_short", time=strings.number(seconds, 1)))
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def duration_interval(low: float, high: float, strings: Strings) -> str:
    """Write the ends of an interval of times in parentheses, in seconds where both are short."""
    if high >= SHORT:
        ends = duration(low, strings), duration(high, strings)
        return str(strings("experiment.interval", low=ends[0], high=ends[1]))
    return str(strings("experiment.interval", low=strings.number(low, 1), high=strings.number(high, 1)))
