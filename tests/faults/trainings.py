"""Kills trainings at random moments, goes on with each by the same command, and compares what comes of it."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from moocmap.experiments.results.inspection import EXPLANATIONS
from moocmap.experiments.results.record import read_record
from moocmap.experiments.results.repeated import TIMES

from . import processes
from .processes import MOOCMAP, Command

EXPERIMENT = """\
title: Killed
summary: A training that is killed and goes on.
data:
  source: {{kind: sklearn, name: digits}}
  pixel_range: [0, 16]
  classes: [5, 6, 7]
  split: {{train: 0.16, validation: 0.1, test: 0.2}}
pretrain:
  classes: [0, 1, 2]
  split: {{train: 0.2, validation: 0.1, test: 0.1}}
  epochs: 4
  lr: 0.01
models: [small-cnn]
libraries: [{library}]
seeds: {seeds}
threads: 1
explain: {explain}
recipes:
  matched:
    phases:
      - {{train: head, epochs: 6, lr: 0.01}}
      - {{train: all, epochs: 6, lr: 0.002}}
    schedule: one-cycle
    weight_decay: 0.01
    batch_size: 16
    head: {{hidden: [8]}}
    frozen_batchnorm: inference
"""
NUMPY = (sys.executable, str(Path(__file__).with_name("with_numpy.py")))
"""The command line with a pretended training in place of both libraries."""
UNFINISHED = ("*/.checkpoint.npz.*", "*/record.partial", "*/record", ".*.gone")
"""What stands in the work folder while something is being written, moved or removed."""


def make_guide(root: Path, library: str, *, seeds: Sequence[int] = (0,), explain: int = 2) -> Path:
    """Write a folder with one small experiment, `killed`."""
    (root / "experiments").mkdir(parents=True)
    text = EXPERIMENT.format(library=library, seeds=list(seeds), explain=explain)
    (root / "experiments" / "killed.yml").write_text(text, encoding="utf-8")
    return root


@dataclass
class Tally:
    """What happened: kills by way and moment, resumed chains that ended, seconds until orphans had ended."""

    kills: Counter[str] = field(default_factory=Counter)
    recorded: int = 0
    seconds_to_end: list[float] = field(default_factory=list)
    most_unfinished: int = 0


class Trainings:
    """One experiment, trained again and again under fire. Raises AssertionError at the first fault."""

    def __init__(
        self,
        root: Path,
        *,
        program: Sequence[str] = MOOCMAP,
        seed: int = 0,
        ways: Sequence[str] = tuple(processes.WAYS),
    ) -> None:
        self.root, self.program, self.ways = root, program, ways
        self.random = random.Random(seed)
        self.home = root / "experiments" / "results" / "killed"
        self.work = root / "build" / "runs" / "killed"
        self.log = root / "output.txt"
        self.tally = Tally()
        self.uninterrupted()

    def start(self) -> Command:
        return processes.start(["experiment", "run", "killed"], self.root, self.log, program=self.program)

    def uninterrupted(self) -> None:
        """Train once without a kill: what all others must come to, and how long each part takes."""
        began = time.monotonic()
        command, first = self.start(), 0.0
        while command.process.poll() is None:
            if not first and any(self.work.glob("*/checkpoint.npz")):
                first = time.monotonic()
            time.sleep(0.005)
        assert command.ended() == 0, command.said
        self.seconds = time.monotonic() - began
        self.training = time.monotonic() - (first or began)
        self.wanted = {place.name: comparable(place) for place in self.home.iterdir()}
        assert self.wanted
        self.forget()

    def forget(self) -> None:
        """Remove records and what was cached, so that the next training begins anew."""
        shutil.rmtree(self.root / "experiments" / "results")
        shutil.rmtree(self.root / "build")

    def under_fire(self, kills: int, seconds: float = math.inf) -> Tally:
        """Kill so many times, for so long at most, starting again each time; at last let the training end."""
        end = time.monotonic() + seconds
        while sum(self.tally.kills.values()) < kills and time.monotonic() < end:
            self.once()
        if self.home.is_dir():
            self.let_end()
        return self.tally

    def once(self) -> None:
        """Start, kill at a random moment and look; where the end came first, compare and begin anew."""
        moment = self.random.choice(("any", "training", "writing"))
        way = self.random.choice(self.ways)
        command = self.start()
        if not self.wait_for(moment, command):
            self.finish(command)
            return
        orphans = processes.WAYS[way](command)
        self.tally.kills[f"{way}, {moment}"] += 1
        assert "Traceback" not in command.said, command.said
        self.look()
        if self.random.random() < 0.5:  # else the next start meets a worker that is about to end
            self.tally.seconds_to_end.append(processes.seconds_to_end(orphans))

    def wait_for(self, moment: str, command: Command) -> bool:
        """Wait for a moment to kill at; tell whether the command is still there then."""
        if moment == "any":
            time.sleep(self.random.uniform(0, self.seconds))
        elif moment == "training":
            self.wait_until(lambda: any(self.work.glob("*/checkpoint.npz")), command)
            time.sleep(self.random.uniform(0, self.training))
        else:
            seen = self.random.randint(1, 8)
            for _ in range(seen):
                self.wait_until(self.is_writing, command)
                time.sleep(self.random.uniform(0, 0.01))
        return command.process.poll() is None

    def is_writing(self) -> bool:
        return any(any(self.work.glob(name)) for name in UNFINISHED) or any(self.home.glob(".*"))

    @staticmethod
    def wait_until(condition: object, command: Command) -> None:
        assert callable(condition)
        while command.process.poll() is None and not condition():
            time.sleep(0.001)

    def look(self) -> None:
        """See that every record is whole, and how much was left unfinished."""
        for place in self.home.glob("[!.]*"):
            read_record(place)
        self.tally.most_unfinished = max(self.tally.most_unfinished, len(self.unfinished()))

    def unfinished(self) -> list[str]:
        left = [*self.home.glob(".*"), *self.work.rglob(".*"), *(self.root / "build" / "cache").glob(".*")]
        return [path.relative_to(self.root).as_posix() for path in left]

    def let_end(self) -> None:
        self.finish(self.start())

    def finish(self, command: Command) -> None:
        """Compare what a training came to with the uninterrupted one, and see that nothing else is left."""
        assert command.ended() == 0, command.said
        found = {place.name: comparable(place) for place in self.home.glob("[!.]*")}
        assert found.keys() == self.wanted.keys()
        for run, parts in found.items():
            for name, part in parts.items():
                assert part == self.wanted[run][name], f"{run}: {name} is not that of the uninterrupted run"
        for _ in range(100):  # an orphaned worker may still be ending
            if not self.unfinished():
                break
            time.sleep(0.1)
        assert self.unfinished() == []
        assert not [path for path in self.work.iterdir() if path.is_dir()]
        self.tally.recorded += len(found)
        self.forget()


def comparable(place: Path) -> dict[str, object]:
    """Return what two runs of one specification must share: everything but times, memory and energy."""
    read_record(place)
    facts = json.loads((place / "run.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO((place / "epochs.csv").read_text(encoding="utf-8"))))
    parts: dict[str, object] = {
        "epochs.csv": [{k: v for k, v in row.items() if k not in TIMES} for row in rows],
        "predictions.csv": (place / "predictions.csv").read_bytes(),
    }
    parts |= {name: facts[name] for name in ("spec_hash", "data", "weights", "metrics", "software")}
    if (place / EXPLANATIONS).is_file():
        with np.load(place / EXPLANATIONS, allow_pickle=False) as file:
            parts[EXPLANATIONS] = {name: array.tobytes() for name, array in file.items()}
    return parts
