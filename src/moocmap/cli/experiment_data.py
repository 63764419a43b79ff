"""The command `experiment data`: look at an experiment's images before anything is trained on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from moocmap import tables
from moocmap.cli.common import counted, err, fail, out, root_of, say
from moocmap.cli.experiment_common import load_one, places_for
from moocmap.experiments.settings.data_settings import DataSettings
from moocmap.experiments.settings.model import Experiment
from moocmap.tables import Format

if TYPE_CHECKING:
    from moocmap.experiments.results.data_report import DataReport

EPILOG = "Example: moocmap experiment data digits"
SHOWN = 10
"""Unreadable files that are named in the terminal; all of them stand in dropped.csv."""


class TaskName(StrEnum):
    """Which of an experiment's tasks: the one to learn, or the one that the body is trained on first."""

    TARGET = "target"
    SOURCE = "source"


def data(
    context: typer.Context,
    experiment_id: Annotated[str, typer.Argument(metavar="ID", help="The experiment: the name of its file.")],
    *,
    root: Annotated[
        Path | None,
        typer.Option("--root", help="Where data lies; else $MOOCMAP_DATA, then data/ in the guide's folder."),
    ] = None,
    task: Annotated[
        TaskName, typer.Option("--task", help="The data to learn (target), or to pre-train on (source).")
    ] = TaskName.TARGET,
    near: Annotated[
        bool, typer.Option("--near", help="Also list pairs of images that look alike though they differ.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the files go; else build/data/ID.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="For reading (table), or as data.")
    ] = Format.TABLE,
) -> None:
    """Find (or download) an experiment's images, clean and split them, and tell what came of it.

    Writes a manifest with hashes, what was dropped and why, and the images of each class, also as a plot.

    In the table, `dropped` counts files, `different` the images among them: a copy is not another image.
    """
    from moocmap.experiments.results.data_report import report_on, write_data_report

    guide = root_of(context)
    experiment = load_one(guide, experiment_id)
    settings, places = _settings(experiment, task), places_for(guide, root, code=1)
    with _progress() as tell:
        found = report_on(
            settings,
            roots=places.data,
            cache=places.cache,
            downloads=places.downloads,
            near=near,
            tell=tell,
        )
    tables.show(found.steps(), form, out)
    name = experiment.id if task is TaskName.TARGET else f"{experiment.id}-{task}"
    written = write_data_report(found, folder or guide / "build" / "data" / name)
    if form is Format.TABLE:
        tables.show(found.classes(), form, out)
        _say_unreadable(found)
        if found.near is not None:
            say(f"{counted(len(found.near), 'pair')} of images look alike though they differ")
        say(f"data: {found.place or 'carried by scikit-learn'}")
        say(f"{counted(len(written), 'file')} in {written[0].parent}")


def _say_unreadable(found: DataReport) -> None:
    unreadable = found.unreadable()
    if unreadable:
        say(f"{counted(len(unreadable), 'file')} cannot be read:")
        for path, reason in unreadable[:SHOWN]:
            say(f"  {path}: {reason}")
        if len(unreadable) > SHOWN:
            say(f"  … and {len(unreadable) - SHOWN} more")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is going on (what, done, of how many), each kind of work with a bar of its own."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bars:
        running: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in running:
                running[what] = bars.add_task(what, total=total or None)
                if not err.is_terminal:
                    err.print(f"{what} …", highlight=False)
            bars.update(running[what], completed=done, total=total or None)

        yield tell


def _settings(experiment: Experiment, task: TaskName) -> DataSettings:
    tasks = experiment.tasks()
    if task not in tasks:
        fail(f"'{experiment.id}' is not pre-trained: it has no source task", code=1)
    return tasks[task]
