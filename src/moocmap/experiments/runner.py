"""Runs what an experiment still lacks: each run in a process of its own, one after the other.

The work folder holds checkpoints and logs; only a complete record moves to the results, and what stands
there is never changed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from moocmap.experiments.lock import locked
from moocmap.experiments.model import Experiment, Run
from moocmap.experiments.record import FILES, DamagedRecordError, read_record
from moocmap.experiments.spec import ExperimentError, differences, hash_of
from moocmap.experiments.writer import RECORD

WORKERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "keras": ("moocmap.experiments.keras_worker", ("keras", "tensorflow", "sklearn")),
    "fastai": ("moocmap.experiments.fastai_worker", ("fastai", "torch", "sklearn")),
}
"""For each library the module of its worker, and the packages that it imports."""

LOG = "worker.log"
PATIENCE = 10.0
"""Seconds that a worker gets to end when it is asked to."""


@dataclass(frozen=True)
class Event:
    """What happens, for whoever shows the progress.

    `number` counts runs from 1 to `total`; `epoch` of `epochs` are done in this run, over all phases;
    `metrics` are those of the last epoch, with the names of epochs.csv; `seconds_left` estimates the time to
    the end of all runs, None while nothing was measured; `message` says what a failure was.
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
    message: str = ""


class WorkerError(ExperimentError):
    """A worker ended without a record; the message says why and what to do."""


@dataclass(frozen=True)
class Summary:
    """The ids of runs that were recorded now, or were there already, and what made others fail."""

    recorded: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def run_experiment(
    experiment: Experiment,
    results: Path,
    work: Path,
    on_event: Callable[[Event], None] = lambda event: None,
    runs: Sequence[Run] | None = None,
) -> Summary:
    """Run what is not recorded yet, and record it in `results/<experiment>/<run>/`.

    `work` is for checkpoints: interrupted runs go on from there. `runs` restricts to some of the
    experiment's runs. A run that fails leaves no record, and the others go on. Ctrl-C stops the worker and
    is raised again; the next call resumes.

    Raises:
        ExperimentError: before anything runs, if a record has other settings or is damaged, or a library
            is not installed.
        LockedError: if another runner works on the same experiment's results or checkpoints.
    """
    chosen = list(experiment.runs() if runs is None else runs)
    home = results / experiment.id
    home.mkdir(parents=True, exist_ok=True)
    place = work / experiment.id
    place.mkdir(parents=True, exist_ok=True)
    with locked(home), locked(place):
        recorded = {run.id for run in chosen if is_recorded(run, home)}
        pending = [run for run in chosen if run.id not in recorded]
        require_libraries({run.library for run in pending})
        return _Session(home, place, on_event, chosen, recorded).run()


def is_recorded(run: Run, home: Path) -> bool:
    """Tell whether `home` has the record of a run.

    Raises:
        ExperimentError: if it has one with other settings, or a damaged one.
    """
    place = home / run.id
    if not place.exists():
        return False
    try:
        record = read_record(place)
    except DamagedRecordError as error:
        raise ExperimentError(
            f"the record in {place} is damaged ({error}); restore it, or remove the folder, and run again"
        ) from error
    if record.facts.spec_hash != run.spec_hash:
        changed = "\n  ".join(differences(record.facts.spec, run.spec))
        raise ExperimentError(
            f"{place} was recorded with other settings:\n  {changed}\n"
            "Records are not overwritten: give the changed recipe or experiment another name, "
            "or remove that folder, and run again"
        )
    return True


def require_libraries(libraries: Iterable[str]) -> None:
    """Ask for the packages of these libraries.

    Raises:
        ExperimentError: if one is not installed; the message says how to install it.
    """
    packages = sorted({package for library in libraries for package in WORKERS[library][1]})
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise ExperimentError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; "
            "install what experiments need: pip install -e '.[experiments]'"
        )


class _Session:
    """One call of `run_experiment`: it goes from run to run and keeps the time."""

    def __init__(
        self, home: Path, work: Path, on_event: Callable[[Event], None], runs: list[Run], recorded: set[str]
    ) -> None:
        self.home, self.work, self.on_event, self.runs, self.recorded = home, work, on_event, runs, recorded
        self.left = {run.id: run.epochs for run in runs if run.id not in recorded}
        self.spent: dict[str, tuple[float, int]] = {}

    def run(self) -> Summary:
        """Run what is pending; return what came of it."""
        summary = Summary()
        for number, run in enumerate(self.runs, start=1):
            if run.id in self.recorded:
                summary.skipped.append(run.id)
                self.tell("skipped", run, number)
                continue
            try:
                self.train(run, number)
            except WorkerError as error:
                summary.failed[run.id] = str(error)
                self.left.pop(run.id)
                self.tell("failed", run, number, message=str(error))
            else:
                summary.recorded.append(run.id)
                self.left.pop(run.id)
                self.tell("finished", run, number, epoch=run.epochs)
        return summary

    def tell(self, kind: Any, run: Run, number: int, **facts: Any) -> None:
        """Tell what happens, with the time left."""
        library = {run.id: run.library for run in self.runs}
        left = [(library[name], epochs) for name, epochs in self.left.items()]
        self.on_event(
            Event(
                kind,
                run,
                number,
                len(self.runs),
                epochs=run.epochs,
                seconds_left=seconds_left(left, self.spent),
                **facts,
            )
        )

    def train(self, run: Run, number: int) -> None:
        """Train one run in a process of its own and record it."""
        folder = prepare_folder(self.work / run.id, run)
        self.tell("started", run, number)
        begin, first = monotonic(), 0
        before = self.spent.get(run.library, (0.0, 0))
        for event in _worker_events(run, folder):
            if event["event"] == "start":
                first = event["done"]
            elif event["event"] == "epoch":
                done = event["done"]
                self.left[run.id] = run.epochs - done
                self.spent[run.library] = (before[0] + monotonic() - begin, before[1] + done - first)
                metrics = {k: v for k, v in event.items() if isinstance(v, float)}
                self.tell("epoch", run, number, phase=event["phase"], epoch=done, metrics=metrics)
        publish(folder / RECORD, self.home / run.id)
        shutil.rmtree(folder)


def seconds_left(left: Iterable[tuple[str, int]], spent: Mapping[str, tuple[float, int]]) -> float | None:
    """Estimate the seconds for epochs that are left, `(library, epochs)`, from those spent.

    `spent` is `{library: (seconds, epochs)}`; a library without any is taken to be as fast as the others.
    """
    seconds = sum(s for s, _ in spent.values())
    epochs = sum(e for _, e in spent.values())
    if epochs == 0:
        return None
    rates = {library: s / e for library, (s, e) in spent.items() if e}
    return sum(count * rates.get(library, seconds / epochs) for library, count in left)


def prepare_folder(folder: Path, run: Run) -> Path:
    """Make the worker's folder with `spec.json`; what another specification left in it goes."""
    path = folder / "spec.json"
    try:
        same = hash_of(json.loads(path.read_text(encoding="utf-8"))) == run.spec_hash
    except (OSError, ValueError):
        same = False
    if not same:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        path.write_text(json.dumps(run.spec, indent=2) + "\n", encoding="utf-8")
    return folder


def publish(record: Path, place: Path) -> None:
    """Check a worker's record and let it appear at its place, whole or not at all.

    Raises:
        WorkerError: if the worker left no complete record.
    """
    incoming = place.with_name(f".{place.name}.incoming") / place.name
    shutil.rmtree(incoming.parent, ignore_errors=True)
    incoming.mkdir(parents=True)
    try:
        for name in FILES:
            shutil.copyfile(record / name, incoming / name)
        read_record(incoming)
        incoming.rename(place)
    except (OSError, DamagedRecordError) as error:
        raise WorkerError(f"the worker left no complete record in {record}: {error}") from error
    finally:
        shutil.rmtree(incoming.parent, ignore_errors=True)


def _worker_events(run: Run, folder: Path) -> Iterable[dict[str, Any]]:
    """Start a worker and yield what it tells; stop it when whoever listens is interrupted."""
    command = [sys.executable, "-m", WORKERS[run.library][0], str(folder)]
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env=worker_environment(folder.parent.parent / "pycache"),
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith('{"event"'):  # what else a library may print is not for us
                    yield json.loads(line)
            status = process.wait()
        finally:
            _stop(process)
    if status != 0:
        raise WorkerError(_why(status, folder))


def worker_environment(cache: Path) -> dict[str, str]:
    """Return the variables for a worker: compiled Python goes to `cache` if not to lie beside its source.

    Without any compiled files, importing TensorFlow takes 18 s instead of 7 s, in every run.
    """
    environment = dict(os.environ)
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):
        environment.setdefault("PYTHONPYCACHEPREFIX", str(cache.absolute()))
    return environment


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _why(status: int, folder: Path) -> str:
    """Say why a worker ended, from the end of its log."""
    lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    if status < 0:
        reason = f"the worker was killed by signal {-status}"
        hint = "run again to go on from the last epoch"
    else:
        reason = said[-1].removeprefix("error: ") if said else f"the worker ended with status {status}"
        hint = "mend it and run again to go on from the last epoch"
    return f"{reason}; {hint} (log: {folder / LOG})"
