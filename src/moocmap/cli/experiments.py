"""Commands for experimenters: list, show, report, compare; those of other modules are put beside them.

What is heavy to import (pandas, SciPy, Matplotlib) is imported by the command that uses it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from moocmap import tables
from moocmap.cli import experiment_data, experiment_lr, experiment_new, experiment_run, experiment_verify
from moocmap.cli.common import counted, fail, known_or_fail, locale_of, out, root_of, say
from moocmap.cli.experiment_common import (
    FormatOption,
    IdArgument,
    ResultsOption,
    load_all,
    load_one,
    shelf_of,
)
from moocmap.experiments.settings.model import Run
from moocmap.fields import text_in
from moocmap.tables import Format

if TYPE_CHECKING:
    import pandas as pd

    from moocmap.experiments.results.record import Record
    from moocmap.experiments.results.significance import SignTest

app = typer.Typer(
    no_args_is_help=True,
    help="Compare deep-learning libraries: start, run, watch, report and compare experiments.",
    epilog="Example: moocmap experiment run digits",
)


@app.command("list", epilog="Example: moocmap experiment list --format json")
def list_experiments(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List all experiments, and how many of their runs are recorded."""
    from moocmap.experiments.results.shelf import best_shelf

    rows = []
    for experiment in load_all(root_of(context)):
        settings, shelf = experiment.settings, best_shelf(root_of(context), experiment)
        rows.append(
            {
                "id": experiment.id,
                "title": text_in(settings.title, locale_of(context)),
                "libraries": ", ".join(settings.libraries),
                "models": ", ".join(settings.models),
                "recipes": ", ".join(experiment.recipes),
                "runs": len(experiment.runs()),
                "recorded": len(shelf.records),
                "records": shelf.folder.as_posix(),
            }
        )
    tables.show(rows, form, out, too_wide=["models", "recipes", "libraries"])


@app.command(epilog="Example: moocmap experiment show digits")
def show(
    context: typer.Context,
    experiment_id: IdArgument,
    results: ResultsOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show an experiment's runs and, where they are recorded, what each came to."""
    experiment = load_one(root_of(context), experiment_id)
    shelf = shelf_of(root_of(context), experiment, results)
    if form is Format.TABLE:
        locale = locale_of(context)
        out.print(f"[bold]{escape(text_in(experiment.settings.title, locale))}[/]", highlight=False)
        out.print(escape(text_in(experiment.settings.summary, locale)), highlight=False)
    recorded = {record.facts.run: record for record in shelf.records}
    rows = [_row(run, recorded.get(run.id)) for run in experiment.runs()]
    tables.show(rows, form, out, too_wide=["library", "recipe", "seed"])


def _row(run: Run, record: Record | None) -> dict[str, object]:
    row: dict[str, object] = {"run": run.id, "library": run.library, "recipe": run.recipe, "seed": run.seed}
    if record is None:
        return row | {"recorded": "no", "test accuracy": float("nan"), "macro F1": float("nan")}
    test = record.facts.metrics.test
    return row | {"recorded": "yes", "test accuracy": test.accuracy, "macro F1": test.macro_f1}


app.command(epilog="Example: moocmap experiment new flowers --folder data/flowers")(experiment_new.new)
app.command(epilog=experiment_data.EPILOG)(experiment_data.data)
app.command(epilog="Example: moocmap experiment run digits --library keras --results build/results")(
    experiment_run.run
)
app.command(epilog="Example: moocmap experiment status digits")(experiment_run.status)
app.command(epilog="Example: moocmap experiment resume digits --results build/results")(experiment_run.resume)
app.command(epilog="Example: moocmap experiment verify digits --count 1")(experiment_verify.verify)
app.command(epilog="Example: moocmap experiment lr-find digits --library fastai --phase all")(
    experiment_lr.lr_find
)


@app.command(epilog="Example: moocmap experiment report digits --format md")
def report(
    context: typer.Context,
    experiment_id: IdArgument,
    results: ResultsOption = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the files go; else build/reports/ID.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Derive the tables and training plots from an experiment's records."""
    from moocmap.experiments.results import compare
    from moocmap.experiments.results.report import with_interval, write_report

    root = root_of(context)
    experiment = load_one(root, experiment_id)
    shelf = shelf_of(root, experiment, results)
    if not shelf.records:
        fail(f"'{experiment.id}' has no records", f"run: moocmap experiment run {experiment.id}", code=1)
    summary = compare.summary(shelf.records)
    tables.show(_brief(summary) if form is Format.TABLE else _rows(summary), form, out)
    written = write_report(experiment, shelf.records, folder or root / "build" / "reports" / experiment.id)
    if form is Format.TABLE:
        for row in _rows(compare.paired_difference(shelf.records)):
            difference = with_interval(row["mean"], row["low"], row["high"], sign="+")
            out.print(
                f"test accuracy, {row['a']} − {row['b']}: {difference}, {row['n']} pairs", highlight=False
            )
        planned = len(experiment.runs())
        say(f"{len(shelf.records)} of {planned} runs, from {shelf.folder.as_posix()}")
        say(f"{counted(len(written), 'file')} in {written[0].parent}")


@app.command(epilog="Example: moocmap experiment compare digits -a keras -b fastai --metric macro_f1")
def compare(
    context: typer.Context,
    experiment_id: IdArgument,
    *,
    a: Annotated[str | None, typer.Option("-a", "--a", help="The one library; else every pair.")] = None,
    b: Annotated[str | None, typer.Option("-b", "--b", help="The other library.")] = None,
    metric: Annotated[
        str, typer.Option(help="Of the test set: accuracy, macro_f1 or loss; or validation_accuracy.")
    ] = "accuracy",
    results: ResultsOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell how far libraries are apart: differences of the same seeds, by model and recipe, with intervals.

    Two chances are told apart. The interval is for other random starts on the same images: if it holds 0,
    the difference may as well be chance. p is for other test images with the trained models (the exact sign
    test over seeds, McNemar's for one seed): below 0.05, chance alone would seldom divide them so unevenly.
    """
    from moocmap.experiments.results.compare import METRICS, paired_difference
    from moocmap.experiments.results.significance import sign_tests

    experiment = load_one(root_of(context), experiment_id)
    known_or_fail("metric", [metric], METRICS)
    wanted = [library for library in (a, b) if library is not None]
    known_or_fail("library in this experiment", wanted, experiment.settings.libraries)
    shelf = shelf_of(root_of(context), experiment, results)
    tests = {(test.a, test.b, test.model, test.recipe): test for test in sign_tests(shelf.records)}
    rows = [
        turned
        for row in _rows(paired_difference(shelf.records, metric))
        if (turned := _turned({**row, **_chances(row, tests)}, a, b)) is not None
    ]
    if not rows:
        between = f" of {' and '.join(wanted)}" if wanted else ""
        fail(
            f"'{experiment.id}' has no two records{between} with the same model, recipe and seed",
            f"run: moocmap experiment run {experiment.id}",
            code=1,
        )
    if form is not Format.TABLE:
        tables.show(rows, form, out)
        return
    tables.show([_difference(row) for row in rows], form, out, too_wide=["pairs"])
    say("other starts: 'chance?' if the interval over seeds holds 0")
    say("other images: may be chance if p is 0.05 or more (sign test; McNemar's for one seed)")


@app.command(epilog="Example: moocmap experiment attribute skin-cancer-mobilenet")
def attribute(
    context: typer.Context,
    experiment_id: IdArgument,
    results: ResultsOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell which step of a recipe that an experiment takes apart carries how much, in percentage points.

    Each change is the difference to the line above, over the seeds that both have, with its 95% interval.
    """
    from moocmap.experiments.results.attribution import attributions, table

    root = root_of(context)
    experiment = load_one(root, experiment_id)
    if not experiment.settings.ablations:
        fail(f"'{experiment.id}' takes no recipe apart", "write ablations, see experiments/README.md", code=1)
    found = attributions(shelf_of(root, experiment, results).records, experiment.settings.ablations)
    if not found:
        fail(
            f"'{experiment.id}' has no records of its steps",
            f"run: moocmap experiment run {experiment.id}",
            code=1,
        )
    rows = _rows(table(found, locale_of(context)))
    tables.show([_step(row) for row in rows] if form is Format.TABLE else rows, form, out)


def _step(row: tables.Row) -> tables.Row:
    from moocmap.experiments.results.report import with_interval

    def change(metric: str) -> str:
        mean, low, high = (row[f"{metric}_change{end}"] for end in ("", "_low", "_high"))
        return "" if math.isnan(mean) else with_interval(mean, low, high, sign="+")

    return {
        "recipe": f"{row['library']}: {row['recipe']}",
        "n": row["n"],
        "validation": row["validation_accuracy"],
        "change": change("validation_accuracy"),
        "test": row["accuracy"],
        "change ": change("accuracy"),
    }


def _chances(row: tables.Row, tests: Mapping[tuple[str, str, str, str], SignTest]) -> dict[str, Any]:
    """Return what the test on other images says of a difference; nothing where it could not be made."""
    test = tests.get((row["a"], row["b"], row["model"], row["recipe"]))
    names = ("images", "better_a", "better_b", "p", "adjusted")
    return {name: math.nan if test is None else getattr(test, name) for name in names}


def _turned(row: tables.Row, a: str | None, b: str | None) -> tables.Row | None:
    """Return a difference as it was asked for, `a` minus `b`; None if it was not asked for."""
    if a in (None, row["a"]) and b in (None, row["b"]):
        return row
    if a not in (None, row["b"]) or b not in (None, row["a"]):
        return None
    swapped: dict[str, Any] = {**row, "a": row["b"], "b": row["a"]}
    swapped |= {"better_a": row["better_b"], "better_b": row["better_a"]}
    return swapped | {"mean": -row["mean"], "low": -row["high"], "high": -row["low"]}


def _difference(row: tables.Row) -> tables.Row:
    from moocmap.experiments.results.report import with_interval

    holds_zero = not (row["low"] > 0 or row["high"] < 0)
    return {
        "difference": f"{row['a']} − {row['b']}",
        "setting": f"{row['model']}, {row['recipe']}",
        "pairs": row["n"],
        f"{row['metric']} (95%)": with_interval(row["mean"], row["low"], row["high"], sign="+"),
        "other starts": "too few" if row["n"] < 2 else "chance?" if holds_zero else "differs",
        "other images": f"p = {row['p']:.2g}",
    }


def _brief(summary: pd.DataFrame) -> list[tables.Row]:
    """Return what fits a terminal; the report and the data formats have all columns."""
    from moocmap.experiments.results.report import with_interval

    return [
        {
            "library": row["library"],
            "setting": f"{row['model']}, {row['recipe']}",
            "n": row["n"],
            "test accuracy (95%)": with_interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"]),
            "macro F1 (95%)": with_interval(row["macro_f1"], row["macro_f1_low"], row["macro_f1_high"]),
            "s / epoch": row["seconds_per_epoch"],
        }
        for row in _rows(summary)
    ]


def _rows(frame: pd.DataFrame) -> list[tables.Row]:
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]
