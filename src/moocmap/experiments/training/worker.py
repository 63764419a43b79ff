"""What the workers share: reading `spec.json`, resuming, telling the progress, writing the record.

A worker is a process that gets a folder: `python -m moocmap.experiments.<library>_worker FOLDER`. It reads
`FOLDER/spec.json`, tells its progress as JSON lines on standard output (`{"event": …}`), keeps a checkpoint
in the folder, and leaves `FOLDER/record/`, complete or not at all. It can be killed at any moment and started
again. With `--attached` it ends when standard input does, and so with the process that holds the other end.

A library's worker supplies a `Library`: functions that build a model from weights, train it for one phase
with the library's own loop, and predict.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.data import tasks as data
from moocmap.experiments.data.tasks import Part, Task
from moocmap.experiments.models import weights, zoo
from moocmap.experiments.models.weights import Weights
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.spec import ExperimentError, Phase, Spec, hash_of, layers_of
from moocmap.experiments.training import checkpoint as checkpoints
from moocmap.experiments.training import explanations, ledger, lr_finder, pretrained, starting_weights
from moocmap.experiments.training.attached import ATTACHED, end_with_starter
from moocmap.experiments.training.batches import Batches
from moocmap.experiments.training.checkpoint import Arrays, Checkpoint
from moocmap.experiments.training.lock import LockedError, locked
from moocmap.experiments.training.machine import read_machine
from moocmap.experiments.training.meter import Meter, peak_memory
from moocmap.experiments.training.schedules import rates, spread
from moocmap.experiments.training.writer import RECORD, write_record

Pixels = NDArray[Any]


@dataclass(frozen=True)
class PhaseTask:
    """What a library has to train: a model from `weights`, on `batches`, from epoch `first_epoch` on.

    Layers named in `frozen` stand still; `groups` numbers the groups of layers by the layers' names, and
    `optimizer` is the state to go on with, empty at a phase's start.
    """

    layers: list[Layer]
    weights: Weights
    frozen: frozenset[str]
    groups: dict[str, int]
    phase: Phase
    batches: Batches
    validation: Part
    first_epoch: int = 0
    optimizer: Arrays | None = None

    @property
    def steps(self) -> int:
        """The number of steps of the whole phase."""
        return len(self.batches) * self.phase["epochs"]

    @property
    def peaks(self) -> list[float]:
        """The (peak) learning rate of each group of layers, from the first to the head."""
        return spread(self.phase["lr"], max(self.groups.values()) + 1)


@dataclass(frozen=True)
class EpochEnd:
    """What a library tells after each epoch.

    `metrics` has the names of `spec.METRICS`: training figures are means over the epoch's images as they were
    trained on, validation figures are taken at its end, rates are those of its last step. `train_seconds`
    are those of training alone, `seconds` those of validation too.
    """

    epoch: int
    seconds: float
    train_seconds: float
    metrics: dict[str, float]
    weights: Weights
    optimizer: Arrays


OnEpoch = Callable[[EpochEnd], bool]
"""Takes an epoch's figures and tells whether training is to stop."""
OnStep = Callable[[int, float], bool]
"""Takes a step (from 0) and its loss, and tells whether training is to stop."""


@dataclass(frozen=True)
class Library:
    """What a library's worker supplies.

    - `prepare(threads)` makes it deterministic and sets its threads (None: its default).
    - `facts()` tells its versions, backend and accelerator.
    - `train(task, on_epoch, on_step)` trains one phase; `on_step` may be None.
    - `logits(layers, weights, images)` predicts in inference mode (n, classes).
    - `peak_gpu_memory()` is the most that was in use on the accelerator, in bytes; None without one.
    - `explain(layers, weights, images, classes)` gives what `explanations` describes.
    """

    prepare: Callable[[int | None], None]
    facts: Callable[[], dict[str, Any]]
    train: Callable[[PhaseTask, OnEpoch, OnStep | None], None]
    logits: Callable[[list[Layer], Weights, Pixels], NDArray[np.float32]]
    peak_gpu_memory: Callable[[], int | None]
    explain: Callable[[list[Layer], Weights, Pixels, NDArray[np.int64]], dict[str, NDArray[Any]]]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what libraries write on standard error while they are imported; tell it if the import fails."""
    with tempfile.TemporaryFile() as kept, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(stderr, kept.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def main(library: Library) -> int:
    """Run a worker as a command; return its exit status (2: wrong use, 1: the run is not possible)."""
    places = [word for word in sys.argv[1:] if word != ATTACHED]
    if len(places) != 1:
        print(f"usage: python -m {Path(sys.argv[0]).parent.name} FOLDER [{ATTACHED}]", file=sys.stderr)
        return 2
    folder = Path(places[0])
    if ATTACHED in sys.argv:
        end_with_starter()
    try:
        with locked(folder), redirect_stdout(sys.stderr):
            Session(folder, library).run()
    except (ExperimentError, LockedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or folder}", file=sys.stderr)
        return 1
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        print(f"error: {OUT_OF_MEMORY}", file=sys.stderr)
        return 1
    return 0


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error of NumPy, TensorFlow, JAX or torch says that memory ran out."""
    said = f"{type(error).__name__} {error}".lower()
    signs = (
        "memoryerror",
        "out of memory",
        "resourceexhausted",
        "resource_exhausted",
        "can't allocate memory",
    )
    return any(sign in said for sign in signs)


def version(package: str) -> str:
    """Return the installed version of a package."""
    return importlib.metadata.version(package)


OUT_OF_MEMORY = "not enough memory; lower batch_size or image_size, or take a smaller model"


class Session:
    """One start of a worker: trains, tests and records a run, from its checkpoint on."""

    def __init__(self, folder: Path, library: Library) -> None:
        self.folder, self.library = folder, library
        self.spec: Spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        self.machine = read_machine(folder)
        self.tasks: dict[str, Task] = {}

    def run(self) -> None:
        """Do what is left of the run.

        Raises:
            ExperimentError: if data or weights cannot be used, or training goes astray.
        """
        if (self.folder / RECORD).exists():
            return
        self.library.prepare(self.spec["threads"])
        if (search := lr_finder.requested(self.folder)) is not None:
            self.find_lr(search)
            return
        state = checkpoints.load(self.folder, hash_of(self.spec))
        if state is None:
            state = self.fresh()
        else:
            state.resumed += 1
        self.adopt_pretrained(state)
        _tell("start", done=len(state.rows), total=sum(phase["epochs"] for phase in self.spec["phases"]))
        self.train(state)
        if self.machine.only_pretrain:
            _tell("pretrained")
        else:
            self.record(state)
            _tell("recorded")

    def task(self, name: str) -> Task:
        """Return a task's images, read at the first time."""
        if name not in self.tasks:
            place, cache = self.machine.data.get(name), self.machine.cache
            self.tasks[name] = data.load(
                self.spec["tasks"][name],
                Path(place) if place else None,
                Path(cache) if cache else None,
            )
        return self.tasks[name]

    def fresh(self) -> Checkpoint:
        """Start a run: the weights of the body and of all heads at once."""
        spec, file = self.spec, self.machine.weights
        channels = self.task("target").train.images.shape[3]
        first = starting_weights.of_run(spec, channels, Path(file) if file else None)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        return Checkpoint(hash_of(spec), started, weights.digest(first), first)

    def train(self, state: Checkpoint) -> None:
        """Train the phases that are left."""
        phases = self.spec["phases"]
        while state.phase < len(phases):
            if self.is_at_pretraining(state):
                if self.spec["pretrained_by"] not in (None, self.spec["library"]):
                    raise ExperimentError(f"{self.spec['pretrained_by']} has not pre-trained the body yet")
                self.train_phase(state)
                self.keep_pretrained(state)
            elif self.machine.only_pretrain:
                return
            else:
                self.train_phase(state)

    def adopt_pretrained(self, state: Checkpoint) -> None:
        """Take the body from the cache, if the run stands before its pre-training and it is there."""
        if self.is_at_pretraining(state) and state.epoch == 0 and (found := self.cached()) is not None:
            loaded, state.rows, state.selected = found
            state.weights |= loaded
            state.phase += 1

    def is_at_pretraining(self, state: Checkpoint) -> bool:
        """Tell whether the next phase is on the source task."""
        phases = self.spec["phases"]
        return state.phase < len(phases) and phases[state.phase]["task"] == "source"

    def cached(self) -> tuple[Weights, list[dict[str, Any]], dict[str, int]] | None:
        """Return the pre-trained body from the cache, if it is there."""
        return pretrained.load(self.spec, Path(self.machine.cache)) if self.machine.cache else None

    def keep_pretrained(self, state: Checkpoint) -> None:
        """Put the pre-trained body into the cache."""
        if self.machine.cache:
            body = weights.of_layers(state.weights, layers_of(self.spec, "source"))
            pretrained.save(self.spec, Path(self.machine.cache), body, state.rows, state.selected)

    def train_phase(self, state: Checkpoint) -> None:
        """Train one phase (what is left of it), with a checkpoint after each epoch; `state` moves on."""
        phase, first = self.spec["phases"][state.phase], len(state.rows) - state.epoch
        meter, joules, before = Meter(), state.joules, len(state.rows)

        def on_epoch(end: EpochEnd) -> bool:
            _check_finite(end, phase)
            row = {
                "phase": phase["name"],
                "epoch": end.epoch + 1,
                **end.metrics,
                "train_seconds": end.train_seconds,
                "seconds": end.seconds,
            }
            state.rows.append(row)
            state.weights |= end.weights
            state.epoch, state.optimizer = end.epoch + 1, end.optimizer
            rows = state.rows[first:]
            if self.spec["selection"] != "last" and (
                ledger.selected_epoch(rows, self.spec["selection"]) == len(rows) - 1
            ):
                state.best = end.weights
            used = meter.joules()
            state.joules = None if used is None or (joules is None and before) else (joules or 0.0) + used
            self.note_peaks(state)
            state.save(self.folder)
            _tell("epoch", of=phase["epochs"], done=len(state.rows), **row)
            return ledger.has_stopped(rows, phase["early_stopping"])

        if state.epoch < phase["epochs"] and not ledger.has_stopped(
            state.rows[first:], phase["early_stopping"]
        ):
            self.library.train(self.phase_task(state, state.phase), on_epoch, None)
        state.selected[phase["name"]] = 1 + ledger.selected_epoch(state.rows[first:], self.spec["selection"])
        state.weights |= state.best
        state.phase, state.epoch, state.optimizer, state.best = state.phase + 1, 0, {}, {}
        state.save(self.folder)

    def phase_task(self, state: Checkpoint, number: int) -> PhaseTask:
        """Return what a library needs to train phase `number` from where `state` stands."""
        spec, phase = self.spec, self.spec["phases"][number]
        task, layers = self.task(phase["task"]), layers_of(spec, phase["task"])
        groups = zoo.groups(spec["body"], spec["groups"])
        head = max(groups.values()) + 1
        seed = spec["seed"] if phase["task"] == "target" else pretrained.seed_of(spec)
        return PhaseTask(
            layers=layers,
            weights=weights.of_layers(state.weights, layers),
            frozen=zoo.names(spec["body"]) if phase["train"] == "head" else frozenset(),
            groups=groups | dict.fromkeys(zoo.names(spec["heads"][phase["task"]]), head),
            phase=phase,
            batches=Batches(task.train, len(task.classes), phase, (seed, number)),
            validation=task.validation,
            first_epoch=state.epoch,
            optimizer=state.optimizer or None,
        )

    def note_peaks(self, state: Checkpoint) -> None:
        """Remember the largest figures of memory."""
        for name, value in (("memory", peak_memory()), ("gpu", self.library.peak_gpu_memory())):
            if value is not None:
                state.peaks[name] = max(value, state.peaks.get(name, 0))

    def record(self, state: Checkpoint) -> None:
        """Test the final weights, explain some predictions, and write the record."""
        spec, target = self.spec, self.task("target")
        layers = layers_of(spec, "target")
        final = weights.of_layers(state.weights, layers)
        logits = self.library.logits(layers, final, target.test.images)
        chosen = explanations.choose(logits, target.test.labels, spec["explain"])
        explained = {}
        if len(chosen):
            found = self.library.explain(
                layers, final, target.test.images[chosen], logits[chosen].argmax(axis=1)
            )
            explained = explanations.arrays(target, chosen, logits, found, show=spec["show_images"])
        write_record(
            self.folder,
            spec,
            {name: self.task(name) for name in spec["tasks"]},
            state,
            logits=logits,
            explained=explained,
            facts=self.library.facts(),
        )

    def find_lr(self, search: lr_finder.Request) -> None:
        """Search for a learning rate of one phase, from the weights that the run has or would start with."""
        state = checkpoints.load(self.folder, hash_of(self.spec)) or self.fresh()
        if self.is_at_pretraining(state) and (found := self.cached()) is not None:
            state.weights |= found[0]
        state.epoch, state.optimizer = 0, {}
        task = self.phase_task(state, search.phase)
        phase = lr_finder.phase_of(task.phase, search, len(task.batches))
        task = replace(task, phase=phase, batches=replace(task.batches, phase=phase))
        curve = lr_finder.Curve(search)

        def on_step(step: int, loss: float) -> bool:
            rate = rates(phase["schedule"], float(task.peaks[-1]), step, task.steps).learning_rate
            over = curve.add(rate, loss)
            _tell("step", done=len(curve.losses), of=search.steps, loss=loss, learning_rate=rate)
            return over

        self.library.train(task, lambda _: False, on_step)
        curve.write(self.folder)
        _tell("found")


def _check_finite(end: EpochEnd, phase: Phase) -> None:
    if not all(math.isfinite(value) for value in end.metrics.values()):
        raise ExperimentError(
            f"the loss is no number after epoch {end.epoch + 1} of phase '{phase['name']}'; "
            "lower its learning rate"
        )


def _tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), file=sys.__stdout__, flush=True)
