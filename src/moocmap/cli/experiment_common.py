"""What the commands for experimenters share: options, and finding an experiment and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from moocmap.cli.common import err, fail, known_or_fail, print_diagnostics
from moocmap.diagnostics import DiagnosticsError
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.tables import Format

if TYPE_CHECKING:
    from moocmap.experiments.results.shelf import Shelf
    from moocmap.experiments.running.places import Places

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
LibraryOption = Annotated[
    list[str] | None, typer.Option("--library", "-l", help="Only this library (may be repeated).")
]
ModelOption = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="Only this model (may be repeated).")
]
RecipeOption = Annotated[
    list[str] | None, typer.Option("--recipe", help="Only this recipe (may be repeated).")
]
SeedOption = Annotated[
    list[int] | None, typer.Option("--seed", "-s", help="Only this seed (may be repeated).")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--root", help="Where data lies; else $MOOCMAP_DATA, then data/ in the guide's folder."),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        help="Where files of weights lie; else $MOOCMAP_WEIGHTS, then weights/ in the guide's folder.",
    ),
]
RecordsOption = Annotated[
    Path | None,
    typer.Option(
        "--results",
        "-r",
        help="Where records go, seen from the guide's folder; else experiments/results (published).",
    ),
]


@dataclass(frozen=True)
class Subset:
    """The words that restrict an experiment to some of its runs; none of a kind means all of it."""

    libraries: Sequence[str] | None = None
    models: Sequence[str] | None = None
    recipes: Sequence[str] | None = None
    seeds: Sequence[int] | None = None

    def runs(self, experiment: Experiment) -> list[Run]:
        """Return the runs that fit; a word that the experiment does not know ends the command."""
        settings = experiment.settings
        known_or_fail("library in this experiment", self.libraries or [], settings.libraries)
        known_or_fail("model in this experiment", self.models or [], settings.models)
        known_or_fail("recipe in this experiment", self.recipes or [], experiment.recipes)
        known_or_fail("seed in this experiment", list(map(str, self.seeds or [])), map(str, settings.seeds))
        return [
            run
            for run in experiment.runs()
            if (not self.libraries or run.library in self.libraries)
            and (not self.models or run.model in self.models)
            and (not self.recipes or run.recipe in self.recipes)
            and (not self.seeds or run.seed in self.seeds)
        ]


def load_all(root: Path) -> list[Experiment]:
    """Load all experiments of a guide; mistakes in their files end the command."""
    experiments, problems = load_experiments(root)
    if problems:
        raise DiagnosticsError(problems)
    return experiments


def load_one(root: Path, experiment_id: str) -> Experiment:
    """Load one experiment; mistakes in its file, or no such file, end the command.

    Mistakes in other files are none of its business.
    """
    experiments, problems = load_experiments(root)
    by_id = {experiment.id: experiment for experiment in experiments}
    if experiment_id not in by_id:
        own = [problem for problem in problems if Path(problem.file).stem == experiment_id]
        if own:
            raise DiagnosticsError(own)
        known_or_fail("experiment", [experiment_id], by_id)
    return by_id[experiment_id]


def places_for(
    root: Path,
    data: Path | None,
    weights: Path | None = None,
    *,
    code: int = 2,
) -> Places:
    """Return where images and weights are looked for; a folder that is none ends the command with `code`.

    Downloads are told beside the results, on stderr.
    """
    from moocmap.experiments.running.places import Places

    for option, folder, holds in (
        ("--root", data, "a folder or file for each data set"),
        ("--weights", weights, "files of weights"),
    ):
        if folder is not None and not folder.is_dir():
            fail(f"{option}: no folder '{folder}'", f"it holds {holds}", code=code)
    return Places.of_guide(root, data, weights, _tell)


def _tell(sentence: str) -> None:
    err.print(escape(sentence), highlight=False, soft_wrap=True)


def shelf_of(root: Path, experiment: Experiment, results: Path | None) -> Shelf:
    """Read an experiment's records, and print what is wrong with them."""
    from moocmap.experiments.results.shelf import best_shelf, read_shelf

    if results is not None and not (root / results).is_dir():
        fail(f"--results: no folder '{root / results}'", "it holds a folder for each experiment")
    shelf = best_shelf(root, experiment) if results is None else read_shelf(root, results, experiment)
    print_diagnostics(shelf.problems)
    return shelf


def duration(seconds: float) -> str:
    """Write a time for reading, such as "2 h 5 min", "3 min 20 s" or "7 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
