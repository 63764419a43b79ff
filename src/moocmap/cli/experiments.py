"""Commands for experimenters: list, show, run, report.

What is heavy to import (pandas, SciPy, Matplotlib) is imported by the command that uses it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from moocmap import tables
from moocmap.cli.common import (
    counted,
    err,
    fail,
    known_or_fail,
    locale_of,
    out,
    print_diagnostics,
    root_of,
    say,
)
from moocmap.diagnostics import DiagnosticsError
from moocmap.experiments.load import load_experiments
from moocmap.experiments.model import Experiment, Run
from moocmap.fields import text_in
from moocmap.tables import Format

if TYPE_CHECKING:
    import pandas as pd

    from moocmap.experiments.record import Record
    from moocmap.experiments.runner import Event, Summary
    from moocmap.experiments.shelf import Shelf

app = typer.Typer(
    no_args_is_help=True,
    help="Compare deep-learning libraries: list, show, run and report experiments.",
    epilog="Example: moocmap experiment run digits",
)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The experiment: the name of its file.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="For reading (table), or as data.")]
ResultsOption = Annotated[
    Path | None,
    typer.Option(
        "--results",
        "-r",
        help="The folder of records, seen from the guide's folder. Without it: your own in build/results "
        "when complete, else the published ones in experiments/results.",
    ),
]


@app.command("list", epilog="Example: moocmap experiment list --format json")
def list_experiments(context: typer.Context, form: FormatOption = Format.TABLE) -> None:
    """List all experiments, and how many of their runs are recorded."""
    from moocmap.experiments.shelf import best_shelf

    rows = []
    for experiment in _load(root_of(context)):
        settings, shelf = experiment.settings, best_shelf(root_of(context), experiment)
        rows.append(
            {
                "id": experiment.id,
                "title": text_in(settings.title, locale_of(context)),
                "libraries": ", ".join(settings.libraries),
                "models": ", ".join(settings.models),
                "recipes": ", ".join(settings.recipes),
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
    experiment = _one(root_of(context), experiment_id)
    shelf = _shelf(root_of(context), experiment, results)
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


@app.command(epilog="Example: moocmap experiment run digits --library keras --results build/results")
def run(
    context: typer.Context,
    experiment_id: IdArgument,
    libraries: Annotated[
        list[str] | None, typer.Option("--library", "-l", help="Only this library (may be repeated).")
    ] = None,
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", "-s", help="Only this seed (may be repeated).")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            "-r",
            help="Where records go, seen from the guide's folder; else experiments/results (published).",
        ),
    ] = None,
) -> None:
    """Train every run that is not recorded yet. Interrupted, the same command goes on where it stopped.

    Each run is a process of its own. Exit code: 0 all recorded, 1 a run failed, 130 interrupted.
    """
    from moocmap.experiments.shelf import PUBLISHED

    root = root_of(context)
    experiment = _one(root, experiment_id)
    chosen = _chosen(experiment, libraries or [], seeds or [])
    folder = root / (results or PUBLISHED)
    try:
        summary = _run_with_progress(root, experiment, chosen, folder)
    except KeyboardInterrupt:
        err.print("interrupted; run the same command again to go on from the last finished epoch")
        raise typer.Exit(130) from None
    _print_summary(summary, experiment, folder)
    if summary.failed:
        raise typer.Exit(1)


def _chosen(experiment: Experiment, libraries: list[str], seeds: list[int]) -> list[Run]:
    known_or_fail("library in this experiment", libraries, experiment.settings.libraries)
    known_or_fail("seed in this experiment", list(map(str, seeds)), map(str, experiment.settings.seeds))
    return [
        run
        for run in experiment.runs()
        if (not libraries or run.library in libraries) and (not seeds or run.seed in seeds)
    ]


def _run_with_progress(root: Path, experiment: Experiment, chosen: list[Run], folder: Path) -> Summary:
    from moocmap.experiments.runner import run_experiment

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        bar = progress.add_task("", total=sum(run.epochs for run in chosen), note="")
        done = 0

        def on_event(event: Event) -> None:
            nonlocal done
            here = escape(f"[{event.number}/{event.total}] {event.run.id}")
            if event.kind == "epoch":
                progress.update(bar, description=here, completed=done + event.epoch, note=_note(event))
                return
            if event.kind == "started":
                progress.update(bar, description=here, note="starting …")
                if not err.is_terminal:
                    err.print(f"{here} …", highlight=False)
                return
            done += event.run.epochs
            progress.update(bar, completed=done)
            verdict = {"skipped": "already recorded", "finished": "recorded", "failed": "[bold red]failed[/]"}
            message = f": {escape(event.message)}" if event.message else ""
            err.print(f"{here} {verdict[event.kind]}{message}", highlight=False, soft_wrap=True)

        return run_experiment(experiment, folder, root / "build" / "runs", on_event, chosen)


def _note(event: Event) -> str:
    left = "" if event.seconds_left is None else f", {_duration(event.seconds_left)} left"
    accuracy = event.metrics.get("validation_accuracy")
    shown = "" if accuracy is None else f", validation accuracy {accuracy:.3f}"
    return f"{event.phase}, epoch {event.epoch} of {event.epochs}{shown}{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _print_summary(summary: Summary, experiment: Experiment, folder: Path) -> None:
    parts = [f"{len(summary.recorded)} recorded", f"{len(summary.skipped)} already there"]
    if summary.failed:
        parts.append(f"{len(summary.failed)} failed")
    say(f"{', '.join(parts)}: records in {folder / experiment.id}")
    if not summary.recorded and not summary.failed:
        say("to train on this machine beside them: add --results build/results")


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
    from moocmap.experiments import compare
    from moocmap.experiments.report import with_interval, write_report

    root = root_of(context)
    experiment = _one(root, experiment_id)
    shelf = _shelf(root, experiment, results)
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


def _brief(summary: pd.DataFrame) -> list[tables.Row]:
    """Return what fits a terminal; the report and the data formats have all columns."""
    from moocmap.experiments.report import with_interval

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


def _load(root: Path) -> list[Experiment]:
    experiments, problems = load_experiments(root)
    if problems:
        raise DiagnosticsError(problems)
    return experiments


def _one(root: Path, experiment_id: str) -> Experiment:
    by_id = {experiment.id: experiment for experiment in _load(root)}
    known_or_fail("experiment", [experiment_id], by_id)
    return by_id[experiment_id]


def _shelf(root: Path, experiment: Experiment, results: Path | None) -> Shelf:
    from moocmap.experiments.shelf import best_shelf, read_shelf

    if results is not None and not (root / results).is_dir():
        fail(f"--results: no folder '{root / results}'", "it holds a folder for each experiment")
    shelf = best_shelf(root, experiment) if results is None else read_shelf(root, results, experiment)
    print_diagnostics(shelf.problems)
    return shelf
