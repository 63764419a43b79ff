"""The command that trains recorded runs again and holds both records against each other."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Annotated

import typer

from moocmap import tables
from moocmap.cli.common import fail, out, root_of, say
from moocmap.cli.experiment_common import (
    DataOption,
    FormatOption,
    IdArgument,
    LibraryOption,
    ModelOption,
    RecipeOption,
    ResultsOption,
    SeedOption,
    Subset,
    WeightsOption,
    load_one,
    places_for,
    shelf_of,
)
from moocmap.cli.experiment_run import Call, train_quietly
from moocmap.tables import Format

AGAIN = Path("build", "verify")
"""Where the new records go."""


def verify(
    context: typer.Context,
    experiment_id: IdArgument,
    *,
    count: Annotated[int, typer.Option(min=1, help="How many recorded runs to train again.")] = 2,
    chosen_by: Annotated[
        int | None, typer.Option("--random", help="Choose the same ones again: a number to draw them by.")
    ] = None,
    libraries: LibraryOption = None,
    models: ModelOption = None,
    recipes: RecipeOption = None,
    seeds: SeedOption = None,
    data: DataOption = None,
    weights: WeightsOption = None,
    results: ResultsOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Train recorded runs again, drawn at random, and compare: every epoch, every prediction, bit by bit.

    Exit code: 0 all equal, 1 any differs. On another processor or with other versions of the libraries
    runs may differ in their last digits; the records say where they were made.
    """
    from moocmap.experiments.results.compare import hardware, versions
    from moocmap.experiments.results.record import read_record
    from moocmap.experiments.results.repeated import gaps

    root = root_of(context)
    experiment = load_one(root, experiment_id)
    wanted = {run.id: run for run in Subset(libraries, models, recipes, seeds).runs(experiment)}
    recorded = {r.facts.run: r for r in shelf_of(root, experiment, results).records if r.facts.run in wanted}
    if not recorded:
        fail(f"'{experiment.id}' has no such records", f"run: moocmap experiment run {experiment.id}", code=1)
    drawn = random.Random(chosen_by).sample(sorted(recorded), min(count, len(recorded)))
    home = root / AGAIN
    for run in drawn:
        shutil.rmtree(home / experiment.id / run, ignore_errors=True)
    places = places_for(root, data, weights)
    summary = train_quietly(Call(root, experiment, [wanted[run] for run in drawn], home, places))
    if summary.failed:
        raise typer.Exit(1)
    rows = []
    for run in drawn:
        old, new = recorded[run], read_record(home / experiment.id / run)
        found = gaps(old, new)
        same_place = (versions(old), hardware(old)) == (versions(new), hardware(new))
        rows.append(
            {
                "run": run,
                "epochs": len(new.epochs),
                "images": len(new.predictions),
                "verdict": "equal" if not found else "differs",
                "where": "; ".join(found),
                "made on": "the same machine and versions" if same_place else "another machine or versions",
            }
        )
    tables.show(rows, form, out, too_wide=["where", "made on"])
    if any(row["where"] for row in rows):
        for row in rows:
            if row["where"]:
                say(f"{row['run']}: {row['where']} (made on {row['made on']})")
        raise typer.Exit(1)
