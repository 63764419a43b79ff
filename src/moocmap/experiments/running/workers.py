"""The workers, one for each library: what they need, starting them, what they tell, and why one ended."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moocmap.experiments.settings.model import Run
from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training.attached import ATTACHED
from moocmap.files import NO_ROOM


@dataclass(frozen=True)
class WorkerFacts:
    """What the runner knows of a library's worker: its module, the packages it imports, its variables."""

    module: str
    packages: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


SHARED = ("h5py", "pooch", "safetensors", "sklearn")
"""Packages that every worker, or the search for its data and weights, imports."""


def _keras_on(backend: str) -> WorkerFacts:
    return WorkerFacts(
        "moocmap.experiments.keras_worker", ("keras", backend, *SHARED), {"KERAS_BACKEND": backend}
    )


WORKERS: dict[str, WorkerFacts] = {
    "keras": _keras_on("tensorflow"),
    "keras-jax": _keras_on("jax"),
    "keras-torch": _keras_on("torch"),
    "fastai": WorkerFacts("moocmap.experiments.fastai_worker", ("fastai", "torch", *SHARED)),
}
"""The worker of each library."""

LOG = "worker.log"
PATIENCE = 10.0
"""Seconds that a worker gets to end when it is asked to."""


class WorkerError(ExperimentError):
    """A worker ended without a record; the message says why and what to do."""


def require_libraries(libraries: Iterable[str]) -> None:
    """Ask for the packages of these libraries.

    Raises:
        ExperimentError: if one is not installed; the message says how to install it.
    """
    packages = sorted({package for library in libraries for package in WORKERS[library].packages})
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise ExperimentError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; "
            "install what experiments need: pip install -e '.[experiments]'"
        )


def worker_events(run: Run, folder: Path) -> Iterable[dict[str, Any]]:
    """Start a worker and yield what it tells; stop it when whoever listens is interrupted."""
    command = [sys.executable, "-m", WORKERS[run.library].module, str(folder), ATTACHED]
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # so that the worker sees when this process is gone
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env=os.environ | WORKERS[run.library].environment,
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


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def log_lines(folder: Path) -> list[str]:
    """Return what a worker's log says, without empty lines; nothing where there is no log."""
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()]


def _why(status: int, folder: Path) -> str:
    """Say why a worker ended, from the end of its log."""
    said = log_lines(folder)
    if status < 0:
        reason = f"the worker was killed by signal {-status}"
        if status == -9:
            reason += ", perhaps because memory ran out"
        hint = "run again to go on from the last epoch"
        if status == -9:
            hint += "; if that does not help, end other programs, or lower batch_size or image_size"
    elif not said and (full := _no_room_for_a_log(folder)):
        reason, hint = full, "make room on the disk and run again to go on from the last epoch"
    else:
        reason = said[-1].removeprefix("error: ") if said else f"the worker ended with status {status}"
        hint = "mend it and run again to go on from the last epoch"
        if any(os.strerror(number) in reason for number in NO_ROOM):
            hint = "make room on the disk and run again to go on from the last epoch"
    return f"{reason}; {hint} (log: {folder / LOG})"


def _no_room_for_a_log(folder: Path) -> str:
    """Return what the system says when a disk is full; "" when it is not."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(65536))
    except OSError as error:
        return str(error.strerror) if error.errno in NO_ROOM else ""
    return ""
