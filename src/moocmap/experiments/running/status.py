"""Where each run of an experiment stands: recorded, at work, begun, failed, or waiting.

Everything is read from the records and from what the workers leave in the work folder; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from moocmap.experiments.results.shelf import OWN, PUBLISHED, read_shelf
from moocmap.experiments.running.runner import is_begun
from moocmap.experiments.running.workers import log_lines
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.training import checkpoint
from moocmap.experiments.training.lock import LockedError, locked

WORK = Path("build", "runs")
"""Where checkpoints and logs of runs lie, seen from the guide's folder."""

State = Literal["recorded", "training", "begun", "failed", "waiting"]


@dataclass(frozen=True)
class Standing:
    """Where a run stands.

    `phase` and `epoch` (over all phases, from 1; 0: none is done) are those of its checkpoint. `place` is the
    results folder of its record, `message` the last thing that a failed run's worker said.
    """

    run: Run
    state: State
    phase: str = ""
    epoch: int = 0
    place: str = ""
    message: str = ""


def standings(root: Path, experiment: Experiment, results: Path | None = None) -> list[Standing]:
    """Return where each run stands, in the experiment's order.

    `results` is the folder of records, seen from the guide's folder `root`; without it both are looked in,
    `build/results` and `experiments/results`.
    """
    recorded: dict[str, str] = {}
    for folder in [results] if results else [PUBLISHED, OWN]:
        for record in read_shelf(root, folder, experiment).records:
            recorded[record.facts.run] = folder.as_posix()
    return [
        Standing(run, "recorded", epoch=run.epochs, place=recorded[run.id])
        if run.id in recorded
        else standing(run, root / WORK / experiment.id / run.id)
        for run in experiment.runs()
    ]


def standing(run: Run, folder: Path) -> Standing:
    """Return where a run without a record stands, from what its worker left in its folder."""
    if not is_begun(run, folder):
        return Standing(run, "waiting")
    rows, phase = _progress(folder, run)
    if is_at_work(folder):
        return Standing(run, "training", phase, rows)
    if message := _failure(folder):
        return Standing(run, "failed", phase, rows, message=message)
    return Standing(run, "begun", phase, rows)


def is_at_work(folder: Path) -> bool:
    """Tell whether a process holds the lock of a folder, which may not be there."""
    if not folder.is_dir():
        return False
    try:
        with locked(folder):
            return False
    except LockedError:
        return True


def begun(root: Path, experiment: Experiment, runs: Sequence[Run]) -> list[Run]:
    """Return those of some runs that a worker was started on, and that left something to go on from."""
    home = root / WORK / experiment.id
    return [run for run in runs if is_begun(run, home / run.id)]


def _progress(folder: Path, run: Run) -> tuple[int, str]:
    """Return how many epochs a checkpoint has, and the phase that goes on."""
    facts = checkpoint.read_facts(folder) or {"rows": [], "phase": 0}
    phases = run.spec["phases"]
    phase = phases[facts["phase"]]["name"] if facts["phase"] < len(phases) else "test"
    return len(facts["rows"]), phase


def _failure(folder: Path) -> str:
    """Return the last line of a failed worker's log; "" if it did not fail."""
    said = log_lines(folder)
    if not said:
        return ""
    if said[-1].startswith("error: "):
        return said[-1].removeprefix("error: ")
    return said[-1] if any(line.startswith("Traceback ") for line in said) else ""
