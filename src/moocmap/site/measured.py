"""An experiment with what has been measured, in the shape that its page shows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from moocmap.diagnostics import Diagnostic, DiagnosticsError, has_errors
from moocmap.experiments.results import compare, significance
from moocmap.experiments.results.attribution import Attribution, attributions
from moocmap.experiments.results.costs import Arrival, Costs, arrivals, costs
from moocmap.experiments.results.inspection import EXPLANATIONS, FILES, DamagedRecordError
from moocmap.experiments.results.record import Record
from moocmap.experiments.results.shelf import OWN, Shelf, best_shelf
from moocmap.experiments.results.significance import SignTest
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.settings.model import Experiment, Named, Run
from moocmap.experiments.settings.published import Figure, PublishedFigures, load_published
from moocmap.experiments.settings.recipe_settings import Recipe
from moocmap.experiments.spec import Phase, Spec
from moocmap.experiments.training import pretrained
from moocmap.fields import Text
from moocmap.site import by_model, findings
from moocmap.site.figures import Curves, Difference, Environment, Result, Span, axis_of, environment_of
from moocmap.site.locales import Strings
from moocmap.site.settings_words import Settings, SettingWords, settings_of

LEVEL = 0.05
"""Below which p-value a difference is called shown."""
FEW = 4
"""How many settings a page shows unfolded."""
MANY = 400
"""How many rows the tables of the training curves may have, together."""


@dataclass(frozen=True)
class Measured:
    """An experiment beside its records. Without records all tables are empty."""

    experiment: Experiment
    shelf: Shelf
    root: Path
    published: PublishedFigures | None = None

    @property
    def id(self) -> str:
        """The experiment's id."""
        return self.experiment.id

    @property
    def title(self) -> str | dict[str, str]:
        """What the experiment is called."""
        return self.experiment.settings.title

    @property
    def question(self) -> str | dict[str, str]:
        """What it asks."""
        return self.experiment.settings.summary

    @cached_property
    def records(self) -> list[Record]:
        """The records of runs as they are written today, by recipe, model, library and seed."""
        every = [record for group in compare.grouped(self.shelf.records).values() for record in group]
        return sorted(every, key=lambda record: self._place(record.model, record.recipe))

    def named(self, kind: Literal["recipes", "models"], name: str) -> Named:
        """Return what a recipe or a model is called, and the note on it; without a name its id."""
        settings = self.experiment.settings
        known: dict[str, Named] = dict(getattr(settings.names, kind))
        if kind == "recipes":
            steps = {name: step for ablation in settings.ablations for name, step in ablation.made.items()}
            known = {name: Named(title=step.title, note=step.note) for name, step in steps.items()} | known
        return known.get(name) or Named(title=name)

    def class_name(self, label: str) -> Text:
        """Return what a class is called."""
        return self.experiment.settings.names.classes.get(label, label)

    @property
    def has_curve_tables(self) -> bool:
        """Whether the curves are also shown as tables: not where these would be long; epochs.csv has them."""
        return sum(len(curves.table) for curves in self.curves) <= MANY

    @property
    def is_long(self) -> bool:
        """Whether there is so much that the page shows its details folded."""
        return len(self.confusions) > FEW

    @cached_property
    def confusions(self) -> list[findings.Confusion]:
        """Which classes are taken for which others, by library, model and recipe."""
        found = findings.confusions(self.records)
        return sorted(found, key=lambda one: self._place(one.model, one.recipe))

    @cached_property
    def checks(self) -> list[findings.Check]:
        """What is equal between the runs, and what is not."""
        return findings.checks(self.records)

    @cached_property
    def beside_published(self) -> list[findings.Beside]:
        """The published figures, each beside what was measured for it."""
        if self.published is None:
            return []
        return findings.beside_published(self.published, [result.row for result in self.results], self.costs)

    @cached_property
    def published_gaps(self) -> list[findings.Gap]:
        """How far the libraries are apart in validation accuracy, by model, in the published figures."""
        return findings.published_gaps(self._published_figures)

    @cached_property
    def sign_tests(self) -> list[SignTest]:
        """Whether libraries get different test images right, by model and recipe."""
        found = significance.sign_tests(self.records)
        return sorted(found, key=lambda test: self._place(test.model, test.recipe))

    @cached_property
    def worst(self) -> list[findings.Worst]:
        """Which test images cost the most, by library, model and recipe."""
        found = findings.worst(self.records)
        return sorted(found, key=lambda one: self._place(one.model, one.recipe))

    @property
    def explained(self) -> list[findings.Worst]:
        """The settings with pictures of what their models look at."""
        return [one for one in self.worst if one.drawings]

    @cached_property
    def calibrations(self) -> list[findings.Calibrated]:
        """Whether probabilities mean what they say, by model and recipe."""
        found = findings.calibrations(self.records)
        return sorted(found, key=lambda one: self._place(one.model, one.recipe))

    @cached_property
    def costs(self) -> dict[by_model.Setting, Costs]:
        """Time, speed, memory and energy of training, by library, model and recipe."""
        return {setting: costs(group) for setting, group in compare.grouped(self.records).items()}

    @cached_property
    def arrivals(self) -> list[Arrival]:
        """How long each library took to an accuracy that all of them reach."""
        return sorted(arrivals(self.records), key=lambda one: self._place(one.model, one.recipe))

    @cached_property
    def fits(self) -> list[by_model.Table]:
        """Validation loss and accuracy by model, where there are several models or published figures."""
        tables = by_model.fits(self.results, self._published_figures, self._order)
        return [table for table in tables if len(table.rows) > 1 or _has_published(table)]

    @cached_property
    def times(self) -> list[by_model.Table]:
        """The time of each phase by model."""
        return by_model.times(self.costs, self._published_figures, self._order)

    @property
    def _published_figures(self) -> list[Figure]:
        return self.published.figures if self.published else []

    @property
    def _order(self) -> dict[str, list[str]]:
        """What there is, measured or published, in the experiment's order."""
        settings, printed = self.experiment.settings, self._published_figures
        names: dict[str, list[str]] = {
            "libraries": [*settings.libraries, *(figure.library for figure in printed)],
            "models": [*settings.models, *(figure.model for figure in printed)],
            "recipes": [*self.experiment.recipes, *(figure.recipe for figure in printed)],
        }
        return {name: list(dict.fromkeys(values)) for name, values in names.items()}

    def _place(self, model: str, recipe: str) -> tuple[int, int]:
        """Return where a recipe and a model stand in the experiment, to sort by."""
        settings = self.experiment.settings
        return list(self.experiment.recipes).index(recipe), list(settings.models).index(model)

    def settings(self, strings: Strings) -> list[Settings]:
        """Return the settings of each recipe, library by library, in words."""
        return settings_of([run.spec for run in self.runs], strings)

    def rate(self, rate: float | list[float], strings: Strings) -> str:
        """Write a learning rate, or the two between which those of the layers lie."""
        return SettingWords(strings).value("lr", rate)

    def epochs_planned(self, recipe: str, library: str, phase: str) -> int | None:
        """Return how many epochs a phase has; None if the experiment has no such phase."""
        for run in self.runs:
            if (run.recipe, run.library) == (recipe, library):
                return next((p["epochs"] for p in run.spec["phases"] if p["name"] == phase), None)
        return None

    def has_cost(self, name: str) -> bool:
        """Whether any record tells this part of its costs."""
        return any(getattr(found, name) for found in self.costs.values())

    @property
    def phases_timed(self) -> list[str]:
        """The phases whose images per second records tell."""
        return list(dict.fromkeys(name for found in self.costs.values() for name in found.images_per_second))

    def verdict_of(self, test: SignTest) -> Literal["a", "b", "none"]:
        """Return which library is right on more images, if that is more than chance would often give."""
        if test.adjusted >= LEVEL:
            return "none"
        return "a" if test.better_a > test.better_b else "b"

    def duration(self, seconds: float, strings: Strings) -> str:
        """Write a time as people read it."""
        return by_model.duration(seconds, strings)

    def duration_interval(self, low: float, high: float, strings: Strings) -> str:
        """Write the ends of an interval of times."""
        return by_model.duration_interval(low, high, strings)

    @property
    def is_own(self) -> bool:
        """Whether the records were made on this machine, rather than published with the guide."""
        return bool(self.records) and self.shelf.folder == OWN

    @cached_property
    def runs(self) -> list[Run]:
        """The runs that the experiment expands to."""
        return self.experiment.runs()

    @property
    def runs_planned(self) -> int:
        """How many runs the experiment expands to."""
        return len(self.runs)

    @property
    def runs_done(self) -> int:
        """How many of them are recorded."""
        return len(self.records)

    @property
    def stale(self) -> int:
        """How many records were left out because the experiment has changed since."""
        return sum(problem.rule == "stale-record" for problem in self.shelf.problems)

    @property
    def command(self) -> str:
        """The command that measures all of it on the reader's own machine, beside published records."""
        return f"moocmap experiment run {self.id} --results {OWN.as_posix()}"

    @cached_property
    def results(self) -> list[Result]:
        """What each library came to, on a common axis."""
        if not self.records:
            return []
        rows = compare.summary(self.records).to_dict("records")
        rows.sort(key=lambda row: self._place(row["model"], row["recipe"]))
        spans = [Span(row["accuracy"], row["accuracy_low"], row["accuracy_high"]) for row in rows]
        axis = axis_of(spans, limits=(0.0, 1.0))
        return [
            Result(
                row["library"],
                row["model"],
                row["recipe"],
                int(row["n"]),
                Span(span.mean, span.low, span.high, axis),
                {str(name): value for name, value in row.items()},
            )
            for row, span in zip(rows, spans, strict=True)
        ]

    @cached_property
    def differences(self) -> list[Difference]:
        """How far the libraries are apart, metric by metric."""
        found = []
        for metric in compare.METRICS if self.records else ():
            rows = compare.paired_difference(self.records, metric).to_dict("records")
            rows.sort(key=lambda row: self._place(row["model"], row["recipe"]))
            spans = [Span(row["mean"], row["low"], row["high"]) for row in rows]
            axis = axis_of([*spans, Span(0.0, 0.0, 0.0)])
            for row, span in zip(rows, spans, strict=True):
                placed = Span(span.mean, span.low, span.high, axis)
                found.append(
                    Difference(row["a"], row["b"], row["model"], row["recipe"], metric, int(row["n"]), placed)
                )
        return found

    @property
    def findings(self) -> list[Difference]:
        """What the experiment was made for: how far the libraries are apart in accuracy."""
        return [found for found in self.differences if found.metric == "accuracy"]

    def difference(self, recipe: str, model: str, metric: str) -> Difference | None:
        """Return how far the first two libraries are apart with a recipe and a model, if it is measured."""
        asked = (recipe, model, metric)
        return next((one for one in self.differences if (one.recipe, one.model, one.metric) == asked), None)

    @property
    def like_for_like(self) -> list[tuple[str, str]]:
        """The recipes that all libraries follow alike, with each model: what differs then is the library."""
        settings = self.experiment.settings
        shared = [name for name, recipe in settings.recipes.items() if isinstance(recipe, Recipe)]
        return [(recipe, model) for recipe in shared for model in settings.models]

    @property
    def published_seconds(self) -> float:
        """The sum of all published times."""
        return math.fsum(figure.value for figure in self._published_figures if figure.metric == "seconds")

    @property
    def seconds_spent(self) -> float:
        """How long all recorded runs took, one after the other; a body that several share counts once."""
        bodies = {
            pretrained.key_of(cast(Spec, spec)): record.facts.seconds.get("pretrain", 0.0)
            for record in self.records
            if "source" in (spec := record.facts.spec)["tasks"]
        }
        own = [r.facts.seconds["total"] - r.facts.seconds.get("pretrain", 0.0) for r in self.records]
        return math.fsum([*own, *bodies.values()])

    @property
    def tally(self) -> list[tuple[str, str, str, int]]:
        """How many findings have which verdict, as (library a, library b, verdict, count)."""
        counts = Counter((found.a, found.b, found.verdict) for found in self.findings)
        return [(*key, count) for key, count in sorted(counts.items())]

    @property
    def state(self) -> Literal["measured", "partly", "planned"]:
        """How far the experiment has come."""
        return (
            "planned" if not self.records else "partly" if self.runs_done < self.runs_planned else "measured"
        )

    @cached_property
    def curves(self) -> list[Curves]:
        """The training curves, one drawing for each model and recipe."""
        settings = dict.fromkeys((record.model, record.recipe) for record in self.records)
        return [
            Curves(m, r, [record for record in self.records if (record.model, record.recipe) == (m, r)])
            for m, r in settings
        ]

    @cached_property
    def attributions(self) -> list[Attribution]:
        """Which part of the recipes carries how much, by model, where the experiment takes them apart."""
        return attributions(self.records, self.experiment.settings.ablations)

    def placed_change(self, one: Attribution, change: compare.Interval, metric: str) -> Span:
        """Return a step's change on the axis that all changes of a metric share."""
        every = [changes[metric] for changes in (*(link.changes for link in one.links), one.whole) if changes]
        axis = axis_of([*(Span(*found[:3]) for found in every), Span(0.0, 0.0, 0.0)])
        return Span(*change[:3], axis)

    @cached_property
    def environments(self) -> list[Environment]:
        """The versions and machines that the records name, each once."""
        return list(dict.fromkeys(map(environment_of, self.records)))

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The images of each task (source or target), as the specifications of the runs have them."""
        return dict(self.runs[0].spec["tasks"])

    @cached_property
    def data_parts(self) -> dict[str, dict[str, int]]:
        """By task (source or target): how many images each part has; empty before anything is measured."""
        if not self.records:
            return {}
        data = self.records[0].facts.data
        return {task: {part: int(facts["n"]) for part, facts in data[task]["parts"].items()} for task in data}

    @cached_property
    def recipes(self) -> list[tuple[str, list[str], list[Phase]]]:
        """Every recipe: its name, the libraries that follow it alike, and its phases with all settings."""
        found: dict[tuple[str, str], tuple[str, list[str], list[Phase]]] = {}
        for run in self.runs:
            key = (run.recipe, repr(run.spec["phases"]))
            _, libraries, _ = found.setdefault(key, (run.recipe, [], run.spec["phases"]))
            if run.library not in libraries:
                libraries.append(run.library)
        return list(found.values())

    def head_layers(self, recipe: str, library: str) -> list[str]:
        """Return what a recipe's head consists of, such as ["dense 32", "relu", "dense 5"]."""
        run = next(r for r in self.runs if (r.recipe, r.library) == (recipe, library))
        return [f"{layer['layer']} {layer.get('units', '')}".strip() for layer in run.spec["heads"]["target"]]

    @cached_property
    def record_files(self) -> dict[str, Path]:
        """The files of all records, by their path below the experiment's exported folder."""
        home = self.root / self.shelf.folder / self.id
        return {
            f"{record.facts.run}/{name}": home / record.facts.run / name
            for record in self.records
            for name in self.files_of(record)
        }

    def files_of(self, record: Record) -> list[str]:
        """Return the names of a record's files."""
        return [*FILES, *([EXPLANATIONS] if record.explanations else [])]

    def seconds(self, record: Record) -> float:
        """Return the median seconds of an epoch of one run."""
        return compare.seconds_per_epoch(record)


def measure_all(root: Path) -> list[Measured]:
    """Return all experiments of a guide with what is measured.

    Raises DiagnosticsError when an experiment, a record or published figures are wrong.
    """
    experiments, problems = load_experiments(root)
    if has_errors(problems):
        raise DiagnosticsError(problems)
    return [measure(root, experiment) for experiment in experiments]


def measure(root: Path, experiment: Experiment) -> Measured:
    """Put an experiment, its records and published figures together.

    Raises DiagnosticsError when a record is damaged, or the published figures are wrong.
    """
    shelf = best_shelf(root, experiment)
    published, problems = load_published(root, experiment.id)
    if has_errors([*shelf.problems, *problems]):
        raise DiagnosticsError([*shelf.problems, *problems])
    found = Measured(experiment, shelf, root, published)
    try:
        _ = found.worst  # the one part that reads more files
    except DamagedRecordError as error:
        label = error.file.relative_to(root).as_posix()
        hint = f"restore it, or remove the folder '{error.file.parent.name}' and run the experiment again"
        raise DiagnosticsError(
            [Diagnostic(label, 1, 1, "error", "damaged-record", str(error), hint)]
        ) from error
    return found


def _has_published(table: by_model.Table) -> bool:
    return any(cell.published is not None for _, cells in table.rows for cell in cells)
