"""Commands that train: run, resume; and status, which says where each run stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from moocmap import tables
from moocmap.cli.common import err, out, root_of, say
from moocmap.cli.experiment_common import (
    DataOption,
    FormatOption,
    IdArgument,
    LibraryOption,
    ModelOption,
    RecipeOption,
    RecordsOption,
    SeedOption,
    Subset,
    WeightsOption,
    duration,
    load_one,
    places_for,
)
from moocmap.cli.experiment_estimate import show_estimate
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.tables import Format

if TYPE_CHECKING:
    from moocmap.experiments.running.places import Places
    from moocmap.experiments.running.runner import Event, Summary
    from moocmap.experiments.running.status import Standing

TensorboardOption = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Also write TensorBoard's event files into a folder for each run below DIR.",
    ),
]


@dataclass(frozen=True)
class Call:
    """A call of `run` or `resume`: what to train, and where everything lies."""

    root: Path
    experiment: Experiment
    runs: Sequence[Run]
    results: Path
    places: Places
    tensorboard: Path | None = None


def run(
    context: typer.Context,
    experiment_id: IdArgument,
    *,
    libraries: LibraryOption = None,
    models: ModelOption = None,
    recipes: RecipeOption = None,
    seeds: SeedOption = None,
    data: DataOption = None,
    weights: WeightsOption = None,
    results: RecordsOption = None,
    tensorboard: TensorboardOption = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Train nothing: estimate time, memory and disk of what would be."),
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Train every run that is not recorded yet. Interrupted, the same command goes on where it stopped.

    Each run is a process of its own. Exit code: 0 all recorded, 1 a run failed, 130 interrupted.
    """
    root = root_of(context)
    experiment = load_one(root, experiment_id)
    chosen = Subset(libraries, models, recipes, seeds).runs(experiment)
    call = Call(
        root, experiment, chosen, _records(root, results), places_for(root, data, weights), tensorboard
    )
    if dry_run:
        show_estimate(call.root, experiment, chosen, call.results, call.places, form)
    else:
        train(call)


def resume(
    context: typer.Context,
    experiment_id: IdArgument,
    *,
    libraries: LibraryOption = None,
    models: ModelOption = None,
    recipes: RecipeOption = None,
    seeds: SeedOption = None,
    data: DataOption = None,
    weights: WeightsOption = None,
    results: RecordsOption = None,
    tensorboard: TensorboardOption = None,
) -> None:
    """Go on with the runs that were begun and are not recorded yet, and start no others.

    Each goes on from its last finished epoch, and ends as if it had never been interrupted. Give the same
    --results and --root as the run was begun with.
    """
    from moocmap.experiments.running.status import begun

    root = root_of(context)
    experiment = load_one(root, experiment_id)
    chosen = begun(root, experiment, Subset(libraries, models, recipes, seeds).runs(experiment))
    if not chosen:
        say("no run was begun and left: nothing to resume")
        say(f"to train what is not recorded yet: moocmap experiment run {experiment.id}")
        return
    places = places_for(root, data, weights)
    train(Call(root, experiment, chosen, _records(root, results), places, tensorboard))


def status(
    context: typer.Context,
    experiment_id: IdArgument,
    *,
    results: Annotated[
        Path | None,
        typer.Option("--results", "-r", help="Look for records only there, seen from the guide's folder."),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tell where each run stands: recorded, training, begun, failed (and why) or waiting."""
    from moocmap.experiments.running.status import WORK, is_at_work, standings
    from moocmap.experiments.running.workers import LOG

    root = root_of(context)
    experiment = load_one(root, experiment_id)
    found = standings(root, experiment, results)
    tables.show([_standing_row(one) for one in found], form, out, too_wide=["records", "message"])
    if form is not Format.TABLE:
        return
    for one in found:
        if one.message:
            log = WORK / experiment.id / one.run.id / LOG
            say(f"{one.run.id} failed: {one.message} (log: {log})")
    counts = Counter(one.state for one in found)
    say(", ".join(f"{count} {state}" for state, count in counts.items()))
    home = root / WORK / experiment.id
    working = is_at_work(home) or "training" in counts
    say("a process is at work on it" if working else "no process is at work on it")
    if not working and counts.keys() & {"begun", "failed"}:
        say(
            f"to go on with what was begun: moocmap experiment resume {experiment.id} "
            "(with the --results and --root that it was begun with)"
        )


def _standing_row(one: Standing) -> dict[str, object]:
    return {
        "run": one.run.id,
        "state": one.state,
        "phase": one.phase,
        "epoch": one.epoch,
        "epochs": one.run.epochs,
        "records": one.place,
        "message": one.message,
    }


def _records(root: Path, results: Path | None) -> Path:
    from moocmap.experiments.results.shelf import PUBLISHED

    return root / (results or PUBLISHED)


# Training ---------------------------------------------------------------------------------------------


def train(call: Call) -> None:
    """Train what a call asks for, say what became of it, and end the command where a run fails."""
    summary = train_quietly(call)
    parts = [f"{len(summary.recorded)} recorded", f"{len(summary.skipped)} already there"]
    if summary.failed:
        parts.append(f"{len(summary.failed)} failed")
    say(f"{', '.join(parts)}: records in {call.results / call.experiment.id}")
    if call.tensorboard:
        say(f"to look at the curves: tensorboard --logdir {call.tensorboard}")
    if summary.failed:
        raise typer.Exit(1)
    if not summary.recorded:
        say("to train on this machine beside them: add --results build/results")


def train_quietly(call: Call) -> Summary:
    """Train what a call asks for and show the progress, on stderr only; Ctrl-C ends the command."""
    try:
        return _run_with_progress(call)
    except KeyboardInterrupt:
        err.print("interrupted; run the same command again to go on from the last finished epoch")
        raise typer.Exit(130) from None


def _run_with_progress(call: Call) -> Summary:
    from moocmap.experiments import api
    from moocmap.experiments.running.tensorboard import EventFiles

    with ExitStack() as stack:
        listeners: list[Callable[[Event], None]] = [stack.enter_context(_progress(call.runs))]
        if call.tensorboard:
            listeners.append(stack.enter_context(EventFiles(call.tensorboard)))

        def on_event(event: Event) -> None:
            for listener in listeners:
                listener(event)

        return api.run(
            call.experiment,
            call.results,
            root=call.root,
            runs=call.runs,
            places=call.places,
            on_event=on_event,
        )


@contextmanager
def _progress(runs: Sequence[Run]) -> Iterator[Callable[[Event], None]]:
    """Show a bar for the study and one for the run at a terminal; elsewhere a line for each run."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        yield _Shown(progress, sum(run.epochs for run in runs))


class _Shown:
    """What the progress shows of a runner's events."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        self.progress, self.done = progress, 0
        self.study = progress.add_task("study", total=epochs, note="")
        self.run: TaskID | None = None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        here = escape(f"[{event.number}/{event.total}] {event.run.id}")
        if event.kind == "epoch":
            self.progress.update(
                self.study, completed=self.done + event.epoch, note=_left(event.seconds_left)
            )
            self._update_run(completed=event.epoch, note=_note(event))
            return
        self._end_run()
        if event.kind == "started":
            self.run = self.progress.add_task(here, total=event.epochs, note="starting …")
            if not err.is_terminal:
                err.print(f"{here} …", highlight=False)
            return
        self.done += event.run.epochs
        self.progress.update(self.study, completed=self.done, note=_left(event.seconds_left))
        verdict = {"skipped": "already recorded", "finished": "recorded", "failed": "[bold red]failed[/]"}
        message = f": {escape(event.message)}" if event.message else ""
        err.print(f"{here} {verdict[event.kind]}{message}", highlight=False, soft_wrap=True)

    def _update_run(self, **fields: Any) -> None:
        if self.run is not None:
            self.progress.update(self.run, **fields)

    def _end_run(self) -> None:
        if self.run is not None:
            self.progress.remove_task(self.run)
            self.run = None


def _note(event: Event) -> str:
    accuracy = event.metrics.get("validation_accuracy")
    shown = "" if accuracy is None else f"validation accuracy {accuracy:.3f}"
    place = f"{event.phase} {event.epoch}/{event.epochs}"
    return ", ".join(filter(None, (_left(event.run_seconds_left), place, shown)))


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} left"
