"""Runs what an experiment still lacks: each run in a process of its own, one after the other.

The work folder holds checkpoints and logs; only a complete record moves to the results, and what stands
there is never changed.
"""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal

from moocmap.experiments.results.inspection import EXPLANATIONS, FILES, DamagedRecordError, inspect
from moocmap.experiments.running.clock import Clock, seconds_left
from moocmap.experiments.running.places import Places
from moocmap.experiments.running.workers import WorkerError, require_libraries, worker_events
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.spec import ExperimentError, differences, hash_of
from moocmap.experiments.training import pretrained
from moocmap.experiments.training.lock import LockedError, locked
from moocmap.experiments.training.machine import Machine
from moocmap.experiments.training.writer import RECORD
from moocmap.files import NO_ROOM, worded

SPEC = "spec.json"
LAST_WORKER = 60.0
"""Seconds that the worker of a runner that was killed gets to notice it and end: it may be in an import."""
INCOMING, GONE = ".incoming", ".gone"
"""Endings of hidden folders: a record on its way to the results, a worker's that is being removed."""


@dataclass(frozen=True)
class Event:
    """What happens, for whoever shows the progress.

    `number` counts runs from 1 to `total`; `epoch` of `epochs` are done in this run, over all phases;
    `metrics` are those of the last epoch, with the names of epochs.csv; `seconds_left` estimates the time to
    the end of all runs, `run_seconds_left` that to the end of this one, None while nothing was measured;
    `message` says what a failure was.
    """

    kind: Literal["skipped", "started", "epoch", "finished", "failed"]
    run: Run
    number: int
    total: int
    phase: str = ""
    epoch: int = 0
    epochs: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds_left: float | None = None
    run_seconds_left: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Summary:
    """The ids of runs that were recorded now, or were there already, and what made others fail."""

    recorded: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def run_experiment(  # noqa: PLR0917 (all but the first three are seldom given)
    experiment: Experiment,
    results: Path,
    work: Path,
    on_event: Callable[[Event], None] = lambda event: None,
    runs: Sequence[Run] | None = None,
    places: Places | None = None,
) -> Summary:
    """Run what is not recorded yet, and record it in `results/<experiment>/<run>/`.

    `work` is for checkpoints: interrupted runs go on from there. `runs` restricts to some of the
    experiment's runs. `places` says where images and weights lie; without it, nothing but `work` is looked
    in. A run that fails leaves no record, and the others go on. Ctrl-C stops the worker and is raised again;
    the next call resumes.

    Raises:
        ExperimentError: before anything runs, if a record has other settings or is damaged, a library is not
            installed, or images or weights are nowhere.
        LockedError: if another runner works on the same experiment's results or checkpoints.
    """
    chosen = list(experiment.runs() if runs is None else runs)
    home = results / experiment.id
    home.mkdir(parents=True, exist_ok=True)
    place = work / experiment.id
    place.mkdir(parents=True, exist_ok=True)
    with locked(home), locked(place):
        recorded = {run.id for run in chosen if is_recorded(run, home)}
        clear_up(home, place, recorded)
        pending = [run for run in chosen if run.id not in recorded]
        require_libraries({run.library for run in pending} | _pretrainers(pending))
        places = places or Places((), (), work / "cache")
        machines = {run.id: places.machine_for(experiment, run) for run in pending}
        return _Session(home, place, on_event, chosen, machines).run()


def _pretrainers(runs: Iterable[Run]) -> set[str]:
    """Return the libraries that train bodies for the runs of others."""
    return {run.spec["pretrained_by"] for run in runs if run.spec["pretrained_by"]}


def is_recorded(run: Run, home: Path) -> bool:
    """Tell whether `home` has the record of a run.

    Raises:
        ExperimentError: if it has one with other settings, or a damaged one.
    """
    place = home / run.id
    if not place.exists():
        return False
    try:
        facts = inspect(place)
    except DamagedRecordError as error:
        raise ExperimentError(
            f"the record in {place} is damaged ({error}); restore it, or remove the folder, and run again"
        ) from error
    if facts.spec_hash != run.spec_hash:
        changed = "\n  ".join(differences(facts.spec, run.spec))
        raise ExperimentError(
            f"{place} was recorded with other settings:\n  {changed}\n"
            "Records are not overwritten: give the changed recipe or experiment another name, "
            "or remove that folder, and run again"
        )
    return True


class _Session:
    """One call of `run_experiment`: it goes from run to run and keeps the time."""

    def __init__(
        self,
        home: Path,
        work: Path,
        on_event: Callable[[Event], None],
        runs: list[Run],
        machines: Mapping[str, Machine],
    ) -> None:
        self.home, self.work, self.on_event, self.runs, self.machines = home, work, on_event, runs, machines
        self.clock = Clock(run for run in runs if run.id in machines)

    def run(self) -> Summary:
        """Run what is pending; return what came of it."""
        summary = Summary()
        for number, run in enumerate(self.runs, start=1):
            if run.id not in self.machines:
                summary.skipped.append(run.id)
                self.tell("skipped", run, number)
                continue
            try:
                self.train(run, number)
            except (WorkerError, OSError) as error:
                message = worded(error) if isinstance(error, OSError) else str(error)
                summary.failed[run.id] = message
                self.clock.drop(run)
                self.tell("failed", run, number, message=message)
            else:
                summary.recorded.append(run.id)
                self.clock.drop(run)
                self.tell("finished", run, number, epoch=run.epochs)
        return summary

    def tell(self, kind: Any, run: Run, number: int, **facts: Any) -> None:
        """Tell what happens, with the time left."""
        facts["seconds_left"] = self.clock.seconds_left()
        facts["run_seconds_left"] = seconds_left(self.clock.left.get(run.id, ()), self.clock.spent)
        self.on_event(Event(kind, run, number, len(self.runs), epochs=run.epochs, **facts))

    def train(self, run: Run, number: int) -> None:
        """Train one run in a process of its own and record it."""
        self.tell("started", run, number)
        self.clock.begin()
        machine = self.machines[run.id]
        self.pretrain(run, machine, number)
        folder = prepare_folder(self.work / run.id, run, machine)
        self.follow(run, folder, number)
        publish(folder / RECORD, self.home / run.id)
        discard(folder)

    def pretrain(self, run: Run, machine: Machine, number: int) -> None:
        """Let the library that trains the bodies for all train this run's, if it is not in the cache."""
        if run.spec["pretrained_by"] in (None, run.library):
            return
        folder = self.work / f"pretrain-{pretrained.key_of(run.spec)[:16]}"
        other = body_run(run, machine)
        if other is not None:
            prepare_folder(folder, other, replace(machine, only_pretrain=True))
            self.follow(other, folder, number)
        discard(folder)

    def follow(self, run: Run, folder: Path, number: int) -> None:
        """Start a worker and tell its progress."""
        for event in worker_events(run, folder):
            if event["event"] == "start":
                self.clock.start(run, event["done"])
            elif event["event"] == "epoch":
                self.clock.epoch(run, event["phase"])
                metrics = {k: v for k, v in event.items() if isinstance(v, float)}
                self.tell("epoch", run, number, phase=event["phase"], epoch=event["done"], metrics=metrics)


def body_run(run: Run, machine: Machine) -> Run | None:
    """Return the run that trains another's body on its source task; None if it has none, or it is cached.

    Its worker is to be told to `only_pretrain`.
    """
    if "source" not in run.spec["tasks"] or pretrained.file_of(run.spec, Path(machine.cache or "")).is_file():
        return None
    library = run.spec["pretrained_by"] or run.library
    return replace(run, library=library, spec={**run.spec, "library": library})


def is_begun(run: Run, folder: Path) -> bool:
    """Tell whether a worker's folder was made for a run as it is written today."""
    try:
        spec = json.loads((folder / SPEC).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return hash_of(spec) == run.spec_hash


def prepare_folder(folder: Path, run: Run, machine: Machine | None = None) -> Path:
    """Make the worker's folder with `spec.json` and `machine.json`; what another run left in it goes.

    Raises:
        WorkerError: if a worker is still in it that has lost its runner, and does not end (`LAST_WORKER`).
    """
    _let_end(folder)
    if not is_begun(run, folder):
        discard(folder)
        folder.mkdir(parents=True)
        (folder / SPEC).write_text(json.dumps(run.spec, indent=2) + "\n", encoding="utf-8")
    (machine or Machine()).write(folder)
    return folder


def _let_end(folder: Path) -> None:
    """Wait for a worker whose runner was killed."""
    end = monotonic() + LAST_WORKER
    while folder.is_dir():
        try:
            with locked(folder):
                return
        except LockedError as error:
            if monotonic() > end:
                raise WorkerError(str(error)) from error
        sleep(0.05)


def discard(folder: Path) -> None:
    """Remove a worker's folder: first its name, so that a kill leaves none that seems to go on."""
    if folder.is_dir():
        gone = folder.with_name(f".{folder.name}{GONE}")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def clear_up(home: Path, place: Path, recorded: Iterable[str]) -> None:
    """Remove what killed runners left: half copies in the results, folders of workers that have ended.

    A worker's folder goes only if the record in it is the one in the results `home`: another may be meant
    for other results.
    """
    for left in [*home.glob(f".*{INCOMING}"), *place.glob(f".*{GONE}")]:
        shutil.rmtree(left, ignore_errors=True)
    for run in recorded:
        record = place / run / RECORD
        if record.is_dir() and not any(filecmp.cmpfiles(record, home / run, FILES, shallow=False)[1:]):
            discard(place / run)


def publish(record: Path, place: Path) -> None:
    """Check a worker's record and let it appear at its place, whole or not at all.

    Raises:
        WorkerError: if the worker left no complete record.
    """
    incoming = place.with_name(f".{place.name}{INCOMING}") / place.name
    shutil.rmtree(incoming.parent, ignore_errors=True)
    incoming.mkdir(parents=True)
    try:
        for name in FILES:
            shutil.copyfile(record / name, incoming / name)
        if (record / EXPLANATIONS).is_file():
            shutil.copyfile(record / EXPLANATIONS, incoming / EXPLANATIONS)
        inspect(incoming)
        incoming.rename(place)
    except (OSError, DamagedRecordError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        raise WorkerError(f"the worker left no complete record in {record}: {error}") from error
    finally:
        shutil.rmtree(incoming.parent, ignore_errors=True)
