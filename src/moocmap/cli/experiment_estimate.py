"""What `experiment run --dry-run` shows: what would be trained, and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from moocmap import tables
from moocmap.cli.common import counted, err, out, say
from moocmap.cli.experiment_common import duration
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.tables import Format

if TYPE_CHECKING:
    from moocmap.experiments.running.estimate import Estimate
    from moocmap.experiments.running.places import Places

BASES = {
    "own records": "times: from records of this machine (build/results)",
    "published records": "times: from published records, which may be another machine's",
    "rule": "times: from the layers' multiply-adds and this processor's speed; right within a factor of "
    "about five, and far too long where an accelerator trains",
}


def show_estimate(  # noqa: PLR0917 (all of a call of `run`)
    root: Path, experiment: Experiment, runs: Sequence[Run], results: Path, places: Places, form: Format
) -> None:
    """Show which of some runs would be trained and what they would cost; warn of what will not do.

    In a table for reading, runs that differ in their seeds only share a row.
    """
    from moocmap.experiments.results.shelf import OWN, PUBLISHED
    from moocmap.experiments.running.estimate import estimate, free_disk, gigabytes, read_paces, warnings
    from moocmap.experiments.running.runner import is_recorded
    from moocmap.experiments.running.status import WORK

    pending = [run for run in runs if not is_recorded(run, results / experiment.id)]
    found = estimate(experiment, pending, places, read_paces(root / OWN, root / PUBLISHED))
    known = [costs for costs in found if costs is not None]
    if form is Format.TABLE:
        if pending:
            tables.show(_grouped(pending, found), form, out)
        say(f"{counted(len(pending), 'run')} to train, {len(runs) - len(pending)} already recorded")
        if known:
            say(f"images: {', '.join(f'{n:,}' for n in dict.fromkeys(costs.images for costs in known))}")
            disk = gigabytes(max(costs.disk for costs in known))
            say(f"checkpoints: up to {disk} at a time, of {gigabytes(free_disk(root / WORK))} that are free")
            say(f"together about {duration(sum(costs.seconds for costs in known))}, one run after the other")
        for basis in dict.fromkeys(costs.basis for costs in known):
            say(BASES[basis])
    else:
        tables.show([_row(*pair) for pair in zip(pending, found, strict=True)], form, out)
    for sentence in [*_lacking(pending, found, places), *warnings(known, root / WORK)]:
        err.print(f"[yellow]warning:[/] {escape(sentence)}", highlight=False, soft_wrap=True)


def _row(run: Run, costs: Estimate | None) -> dict[str, object]:
    names = ("images", "parameters", "seconds", "memory", "disk", "basis")
    return {
        "run": run.id,
        "epochs": run.epochs,
        **{name: None if costs is None else getattr(costs, name) for name in names},
    }


def _grouped(runs: Sequence[Run], found: Sequence[Estimate | None]) -> list[dict[str, object]]:
    """Return a row for each library, model and recipe; its costs are those of one run."""
    from moocmap.experiments.running.estimate import gigabytes

    groups: dict[tuple[str, str, str], list[tuple[Run, Estimate | None]]] = {}
    for run, costs in zip(runs, found, strict=True):
        groups.setdefault((run.library, run.model, run.recipe), []).append((run, costs))
    rows: list[dict[str, object]] = []
    for (library, model, recipe), members in groups.items():
        run, costs = members[0]
        row: dict[str, object] = {
            "runs": f"{library}-{model}-{recipe}",
            "seeds": len(members),
            "epochs": run.epochs,
        }
        if costs is None:
            rows.append(row | dict.fromkeys(("parameters", "each", "memory"), "?"))
            continue
        row |= {"parameters": f"{costs.parameters / 1e6:.3g} M", "each": duration(costs.seconds)}
        rows.append(row | {"memory": gigabytes(costs.memory)})
    return rows


def _lacking(runs: Sequence[Run], found: Sequence[Estimate | None], places: Places) -> list[str]:
    """Say what is not on this machine yet, in a sentence each."""
    from moocmap.experiments.running.whereabouts import missing_weights

    sentences = []
    if None in found:
        sentences.append(
            "where a ? stands, the images are not on this machine: run fetches them if the experiment says "
            "from where; or name their folder with --root"
        )
    for run in runs:
        file = missing_weights(run, places)
        if file and run.spec["weights"]["kind"] == "imagenet":
            sentences.append(f"{file} is not on this machine: run downloads it")
        elif file:
            sentences.append(
                f"{file} is not on this machine: put it into weights/, or name its folder: --weights"
            )
    return list(dict.fromkeys(sentences))
