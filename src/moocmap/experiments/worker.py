"""What the workers share: reading `spec.json`, resuming, telling the progress, writing the record.

A worker is a process that gets a folder: `python -m moocmap.experiments.<library>_worker FOLDER`. It reads
`FOLDER/spec.json`, tells its progress as JSON lines on standard output (`{"event": …}`), keeps a checkpoint
in the folder, and leaves `FOLDER/record/`, complete or not at all. It can be killed at any moment and started
again.

A library's worker supplies a `Library`: functions that build a model from weights, train it for one phase
with the library's own loop, and predict.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments import checkpoint as checkpoints
from moocmap.experiments import data, weights, zoo
from moocmap.experiments.checkpoint import Arrays, Checkpoint
from moocmap.experiments.data import Floats, Ints, Part
from moocmap.experiments.lock import LockedError, locked
from moocmap.experiments.spec import ExperimentError, Phase, Spec, hash_of, layers_of
from moocmap.experiments.weights import Weights
from moocmap.experiments.writer import RECORD, write_record
from moocmap.experiments.zoo import Layer


@dataclass(frozen=True)
class Batches:
    """The training batches of a phase: the same for every library, another order in each epoch."""

    part: Part
    size: int
    seed: tuple[int, int]
    """The run's seed and the number of the phase."""

    def __len__(self) -> int:
        return math.ceil(len(self.part) / self.size)

    def epoch(self, epoch: int) -> list[tuple[Floats, Ints]]:
        """Return images and class numbers of each batch of an epoch (from 0); the last may be smaller."""
        order = np.random.default_rng([*self.seed, epoch]).permutation(len(self.part))
        cuts = [order[start : start + self.size] for start in range(0, len(order), self.size)]
        return [(self.part.images[cut], self.part.labels[cut]) for cut in cuts]

    def library_seed(self, epoch: int) -> int:
        """Return the seed (32 bits) that a library's own random numbers start from in an epoch."""
        return int(np.random.SeedSequence([*self.seed, epoch, 1]).generate_state(1)[0])


@dataclass(frozen=True)
class PhaseTask:
    """What a library has to train: a model from `weights`, on `batches`, from epoch `first_epoch` on.

    Layers named in `frozen` stand still; `optimizer` is the state to go on with, empty at a phase's start.
    """

    layers: list[Layer]
    weights: Weights
    frozen: frozenset[str]
    phase: Phase
    batches: Batches
    validation: Part
    first_epoch: int = 0
    optimizer: Arrays | None = None

    @property
    def steps(self) -> int:
        """The number of steps of the whole phase."""
        return len(self.batches) * self.phase["epochs"]


@dataclass(frozen=True)
class EpochEnd:
    """What a library tells after each epoch.

    `metrics` has the names of `spec.METRICS`: training figures are means over the epoch's images as they were
    trained on, validation figures are taken at its end, rates are those of its last step.
    """

    epoch: int
    seconds: float
    metrics: dict[str, float]
    weights: Weights
    optimizer: Arrays


@dataclass(frozen=True)
class Library:
    """What a library's worker supplies.

    `prepare(threads)` makes it deterministic and sets its threads (None: its default); `facts()` tells
    its versions, backend and accelerator; `train(task, on_epoch)` trains one phase; `logits(layers,
    weights, images)` predicts in inference mode (n, classes).
    """

    prepare: Callable[[int | None], None]
    facts: Callable[[], dict[str, Any]]
    train: Callable[[PhaseTask, Callable[[EpochEnd], None]], None]
    logits: Callable[[list[Layer], Weights, Floats], NDArray[np.float32]]


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
    if len(sys.argv) != 2:
        print(f"usage: python -m {Path(sys.argv[0]).stem} FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    try:
        with locked(folder), redirect_stdout(sys.stderr):
            run(folder, library)
    except (ExperimentError, LockedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run(folder: Path, library: Library) -> None:
    """Train, test and record the run that `folder/spec.json` describes, from its checkpoint on.

    Raises:
        ExperimentError: if the data cannot be used.
    """
    spec: Spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    if (folder / RECORD).exists():
        return
    library.prepare(spec["threads"])
    tasks = {name: data.load(description) for name, description in spec["tasks"].items()}
    state = checkpoints.load(folder, hash_of(spec))
    if state is None:
        state = _fresh(spec, tasks["target"].train.images.shape[3])
    else:
        state.resumed += 1
    _tell("start", done=len(state.rows), total=sum(phase["epochs"] for phase in spec["phases"]))
    while state.phase < len(spec["phases"]):
        _train_phase(folder, spec, tasks, state, library)
    layers = layers_of(spec, "target")
    logits = library.logits(layers, weights.of_layers(state.weights, layers), tasks["target"].test.images)
    write_record(folder, spec, tasks, state, logits=logits, facts=library.facts())
    _tell("recorded")


def _fresh(spec: Spec, channels: int) -> Checkpoint:
    """Start a run: the weights of the body and of all heads are drawn at once, each from its own name."""
    drawn: Weights = {}
    for task in spec["heads"]:
        drawn |= weights.draw(layers_of(spec, task), channels, spec["seed"])
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Checkpoint(hash_of(spec), started, weights.digest(drawn), drawn)


def _train_phase(
    folder: Path, spec: Spec, tasks: dict[str, data.Task], state: Checkpoint, library: Library
) -> None:
    """Train one phase (what is left of it), with a checkpoint after each epoch; `state` moves on."""
    number, phase = state.phase, spec["phases"][state.phase]
    task = tasks[phase["task"]]
    layers = layers_of(spec, phase["task"])

    def on_epoch(end: EpochEnd) -> None:
        row = {"phase": phase["name"], "epoch": end.epoch + 1, **end.metrics, "seconds": end.seconds}
        if not all(math.isfinite(value) for value in end.metrics.values()):
            raise ExperimentError(
                f"the loss is no number after epoch {end.epoch + 1} of phase '{phase['name']}'; "
                "lower its learning rate"
            )
        state.rows.append(row)
        state.weights |= end.weights
        state.epoch, state.optimizer = end.epoch + 1, end.optimizer
        state.save(folder)
        _tell("epoch", of=phase["epochs"], done=len(state.rows), **row)

    if state.epoch < phase["epochs"]:
        library.train(
            PhaseTask(
                layers=layers,
                weights=weights.of_layers(state.weights, layers),
                frozen=zoo.names(spec["body"]) if phase["train"] == "head" else frozenset(),
                phase=phase,
                batches=Batches(task.train, phase["batch_size"], (spec["seed"], number)),
                validation=task.validation,
                first_epoch=state.epoch,
                optimizer=state.optimizer or None,
            ),
            on_epoch,
        )
    state.phase, state.epoch, state.optimizer = number + 1, 0, {}
    state.save(folder)


def _tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), file=sys.__stdout__, flush=True)
