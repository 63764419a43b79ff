"""Which part of a recipe carries a difference: an ablation's records, step by step.

Every step is compared with the one before it, paired on seeds: runs of one seed start from the same weights
and see the images in the same order. Intervals are Student's t, as in `compare`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from moocmap.experiments.results.compare import Interval, grouped, interval, measure_of, paired
from moocmap.experiments.results.record import Record
from moocmap.experiments.settings.ablation import Ablation, AblationStep
from moocmap.fields import Text, text_in

METRICS = ("validation_accuracy", "accuracy")
"""What is told of each step: what the thesis reports, and what it never does."""

NOTHING = Interval(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Link:
    """A recipe on the way, followed by a library; `step` is None for what that library does by itself.

    `values` has the mean of each metric, `changes` its difference to the link before, as far as both have
    records of common seeds.
    """

    library: str
    recipe: str
    step: AblationStep | None
    values: dict[str, Interval]
    changes: dict[str, Interval]


@dataclass(frozen=True)
class Attribution:
    """The way of one model from one library's recipe to the other's; `whole` is the end less the start."""

    title: Text
    model: str
    links: Sequence[Link]
    whole: dict[str, Interval]

    def link(self, step_id: str) -> Link:
        """Return the link that a step makes.

        Raises:
            KeyError: if there is no such step.
        """
        for link in self.links:
            if link.step and link.step.id == step_id:
                return link
        raise KeyError(step_id)

    def largest(self, metric: str) -> Link | None:
        """Return the link that changes a metric most, up or down; None while none is known."""
        known = [link for link in self.links if metric in link.changes]
        return max(known, key=lambda link: abs(link.changes[metric].mean), default=None)


def attributions(records: Iterable[Record], ablations: Sequence[Ablation]) -> list[Attribution]:
    """Return the way that each ablation goes with each model that has records of it."""
    groups = {setting: _by_seed(group) for setting, group in grouped(records).items()}
    return [
        _attribution(model, groups, ablation)
        for ablation in ablations
        for model in dict.fromkeys(m for _, m, recipe in groups if recipe in ablation.made)
    ]


def table(found: Iterable[Attribution], locale: str = "en") -> pd.DataFrame:
    """Tabulate one row for each recipe on each way.

    Columns: `way` (its title), `model`, `library`, `recipe`, `n` (seeds); for `validation_accuracy` and
    `accuracy` (of the test set) each the mean over seeds, and after it the change from the row before with
    the ends of its 95% interval: `…_change`, `…_change_low`, `…_change_high`. What is not measured is NaN.
    """
    rows = []
    for one in found:
        for link in one.links:
            row: dict[str, object] = {
                "way": text_in(one.title, locale),
                "model": one.model,
                "library": link.library,
                "recipe": link.recipe,
                "n": link.values[METRICS[0]].n if link.values else 0,
            }
            for metric in METRICS:
                change = link.changes.get(metric, NOTHING)
                row[metric] = link.values.get(metric, NOTHING).mean
                row |= {f"{metric}_change": change.mean}
                row |= {f"{metric}_change_low": change.low, f"{metric}_change_high": change.high}
            rows.append(row)
    return pd.DataFrame(rows)


def _by_seed(group: Sequence[Record]) -> dict[int, Record]:
    return {record.seed: record for record in group}


def _attribution(
    model: str, groups: dict[tuple[str, str, str], dict[int, Record]], ablation: Ablation
) -> Attribution:
    runs = [groups.get((library, model, recipe), {}) for library, recipe, _ in ablation.chain]
    links = [
        Link(library, recipe, step, _values(mine), _changes(before, mine))
        for (library, recipe, step), before, mine in zip(ablation.chain, [{}, *runs], runs, strict=False)
    ]
    return Attribution(ablation.title, model, links, _changes(runs[0], runs[-1]))


def _values(runs: dict[int, Record]) -> dict[str, Interval]:
    return {
        metric: interval([measure_of(record, metric) for record in runs.values()])
        for metric in METRICS
        if runs
    }


def _changes(before: dict[int, Record], after: dict[int, Record]) -> dict[str, Interval]:
    found = {metric: paired(after, before, metric) for metric in METRICS}
    return {metric: change for metric, change in found.items() if change}
