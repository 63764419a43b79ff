"""An experiment with what has been measured, in the shape that its page shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from moocmap.diagnostics import DiagnosticsError, has_errors
from moocmap.experiments import compare
from moocmap.experiments.model import Experiment, Named
from moocmap.experiments.plots import LABELS, training_plot
from moocmap.experiments.published import PublishedFigures, load_published
from moocmap.experiments.record import FILES, Record
from moocmap.experiments.shelf import OWN, Shelf, best_shelf
from moocmap.experiments.spec import Phase
from moocmap.fields import Text
from moocmap.site import findings
from moocmap.site.figures import Curves, Difference, Environment, Result, Span, axis_of, environment_of
from moocmap.site.locales import Strings

METRICS = ("accuracy", "macro_f1", "loss")


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
        return [record for group in findings.by_setting(self.shelf.records).values() for record in group]

    def named(self, kind: Literal["recipes", "models"], name: str) -> Named:
        """Return what a recipe or a model is called, and the note on it; without a name its id."""
        return getattr(self.experiment.settings.names, kind).get(name) or Named(title=name)

    def class_name(self, label: str) -> Text:
        """Return what a class is called."""
        return self.experiment.settings.names.classes.get(label, label)

    @cached_property
    def confusions(self) -> list[findings.Confusion]:
        """Which classes are taken for which others, by library, model and recipe."""
        return findings.confusions(self.records)

    @cached_property
    def checks(self) -> list[findings.Check]:
        """What is equal between the runs, and what is not."""
        return findings.checks(self.records)

    @cached_property
    def beside_published(self) -> list[findings.Beside]:
        """The published figures, each beside what was measured for it."""
        if self.published is None:
            return []
        return findings.beside_published(self.published, [result.row for result in self.results])

    @property
    def is_own(self) -> bool:
        """Whether the records were made on this machine, rather than published with the guide."""
        return bool(self.records) and self.shelf.folder == OWN

    @cached_property
    def runs_planned(self) -> int:
        """How many runs the experiment expands to."""
        return len(self.experiment.runs())

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
        for metric in METRICS if self.records else ():
            rows = compare.paired_difference(self.records, metric).to_dict("records")
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
    def environments(self) -> list[Environment]:
        """The versions and machines that the records name, each once."""
        return list(dict.fromkeys(map(environment_of, self.records)))

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
        for run in self.experiment.runs():
            key = (run.recipe, repr(run.spec["phases"]))
            _, libraries, _ = found.setdefault(key, (run.recipe, [], run.spec["phases"]))
            if run.library not in libraries:
                libraries.append(run.library)
        return list(found.values())

    def head_layers(self, recipe: str, library: str) -> list[str]:
        """Return what a recipe's head consists of, such as ["dense 32", "relu", "dense 5"]."""
        run = next(r for r in self.experiment.runs() if (r.recipe, r.library) == (recipe, library))
        return [f"{layer['layer']} {layer.get('units', '')}".strip() for layer in run.spec["heads"]["target"]]

    @cached_property
    def record_files(self) -> dict[str, Path]:
        """The files of all records, by their path below the experiment's exported folder."""
        home = self.root / self.shelf.folder / self.id
        return {
            f"{record.facts.run}/{name}": home / record.facts.run / name
            for record in self.records
            for name in FILES
        }

    @cached_property
    def data(self) -> dict[str, Any]:
        """The experiment with its results, as exported data."""
        return {
            "id": self.id,
            "settings": self.experiment.settings.model_dump(mode="json", exclude_defaults=True),
            "runs_planned": self.runs_planned,
            "runs_done": self.runs_done,
            "results": [_without_nan(result.row) for result in self.results],
            "differences": [
                _without_nan(
                    {
                        "a": d.a,
                        "b": d.b,
                        "model": d.model,
                        "recipe": d.recipe,
                        "metric": d.metric,
                        "n": d.n,
                        "mean": d.span.mean,
                        "low": d.span.low,
                        "high": d.span.high,
                    }
                )
                for d in self.differences
            ],
            "records": sorted(self.record_files),
        }

    def seconds(self, record: Record) -> float:
        """Return the median seconds of an epoch of one run."""
        return compare.seconds_per_epoch(record)

    def plot_files(self, strings: Strings) -> dict[str, str]:
        """Return the drawings of the training curves by file name, labelled in one language."""
        labels = {name: str(strings(f"plot.{name}")) for name in LABELS if name != "decimal"}
        labels["decimal"] = str(strings("format.decimal"))
        for library in self.experiment.settings.libraries:
            if strings.has(f"library.{library}"):
                labels[library] = str(strings(f"library.{library}"))
        return {
            curves.file(dark=dark): training_plot(curves.records, dark, labels)
            for curves in self.curves
            for dark in (False, True)
        }


def measure(root: Path, experiment: Experiment) -> Measured:
    """Put an experiment, its records and published figures together.

    Raises DiagnosticsError when a record is damaged, or the published figures are wrong.
    """
    shelf = best_shelf(root, experiment)
    published, problems = load_published(root, experiment.id)
    if has_errors([*shelf.problems, *problems]):
        raise DiagnosticsError([*shelf.problems, *problems])
    return Measured(experiment, shelf, root, published)


def _without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with None for what is not a number, which JSON cannot say."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
