"""The command `experiment lr-find`: train some steps at a rising rate, and see where the loss falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from moocmap import tables
from moocmap.cli.common import err, out, root_of, say
from moocmap.cli.experiment_common import (
    DataOption,
    FormatOption,
    IdArgument,
    LibraryOption,
    Subset,
    WeightsOption,
    load_one,
    places_for,
)
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.tables import Format

if TYPE_CHECKING:
    from moocmap.experiments.running.lr_find import FoundRates
    from moocmap.experiments.running.places import Places
    from moocmap.experiments.training.lr_finder import Request


def lr_find(
    context: typer.Context,
    experiment_id: IdArgument,
    *,
    libraries: LibraryOption = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="The model; else the first.")] = None,
    recipe: Annotated[str | None, typer.Option(help="The recipe; else the first.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", "-s", help="The seed; else the first.")] = None,
    phase: Annotated[
        str | None,
        typer.Option(help="The phase, by its name or number; else the first on the experiment's own task."),
    ] = None,
    start: Annotated[float, typer.Option("--from", min=0, help="The lowest rate.")] = 1e-7,
    end: Annotated[float, typer.Option("--to", min=0, help="The highest rate.")] = 10.0,
    steps: Annotated[int, typer.Option(min=20, max=10_000, help="How many steps at most.")] = 100,
    data: DataOption = None,
    weights: WeightsOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Search a learning rate for one phase: the rate rises step by step, until the loss does too.

    Tells two rates to try for each library: at the valley (where the loss has been falling for long), and
    where it falls most steeply. Records, checkpoints and weights of runs stay as they are.
    """
    from moocmap.experiments.api import LR_WORK
    from moocmap.experiments.running.lr_find import write_search
    from moocmap.experiments.spec import ExperimentError
    from moocmap.experiments.training.lr_finder import Request

    if not 0 < start < end:
        raise ExperimentError(f"expected rates from a lower to a higher one, got --from {start} --to {end}")
    root = root_of(context)
    experiment = load_one(root, experiment_id)
    settings = experiment.settings
    subset = Subset(
        libraries,
        [model or settings.models[0]],
        [recipe or next(iter(settings.recipes))],
        [settings.seeds[0] if seed is None else seed],
    )
    places = places_for(root, data, weights)
    request = Request(start=start, end=end, steps=steps)
    try:
        found = [_search(context, experiment, run, places, phase, request) for run in subset.runs(experiment)]
    except KeyboardInterrupt:
        err.print("interrupted; nothing was written")
        raise typer.Exit(130) from None
    tables.show([_row(one) for one in found], form, out, too_wide=["run"])
    written = write_search(found, root / LR_WORK / experiment.id)
    if form is Format.TABLE:
        say("to try a rate, write it as this phase's lr; for several libraries at once, take the lowest")
        say(f"curves: {', '.join(path.name for path in written)} in {written[0].parent}")


def _search(  # noqa: PLR0917 (all of a search)
    context: typer.Context,
    experiment: Experiment,
    run: Run,
    places: Places,
    phase: str | None,
    request: Request,
) -> FoundRates:
    from moocmap.experiments.api import find_lr

    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        bar = progress.add_task(run.id, total=request.steps)
        if not err.is_terminal:
            err.print(f"{run.id} …", highlight=False)
        return find_lr(
            experiment,
            run,
            phase=phase,
            root=root_of(context),
            places=places,
            request=request,
            on_step=lambda done, total: progress.update(bar, completed=done, total=total),
        )


def _row(found: FoundRates) -> dict[str, object]:
    return {
        "run": found.run.id,
        "library": found.run.library,
        "phase": found.phase,
        "valley": float(f"{found.suggestions.valley:.3g}"),
        "steepest": float(f"{found.suggestions.steepest:.3g}"),
        "steps": len(found.rates),
    }
