"""The time left of a study, estimated from the epochs that are done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from time import monotonic

from moocmap.experiments.settings.model import Run

Kind = tuple[str, str, str]
"""What epochs take their time by: library, model and phase."""
START = "start"
"""In place of a phase: what a worker needs before its first epoch, which may be longer than all of them."""


class Clock:
    """Estimates the time left from the epochs that are done, in runs like those to come."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.left: dict[str, list[Kind]] = {run.id: self.kinds(run) for run in runs}
        self.spent: dict[Kind, list[float]] = {}
        self.last = monotonic()

    @staticmethod
    def kinds(run: Run) -> list[Kind]:
        """Return what kind each part of a run is of, in their order: its start, then its epochs."""
        epochs = [(run.library, run.model, p["name"]) for p in run.spec["phases"] for _ in range(p["epochs"])]
        return [(run.library, run.model, START), *epochs]

    def begin(self) -> None:
        """Note that a worker is about to be started."""
        self.last = monotonic()

    def start(self, run: Run, done: int) -> None:
        """Note that a run's worker has started, with so many epochs done."""
        now, kind = monotonic(), (run.library, run.model, START)
        self.spent.setdefault(kind, []).append(now - self.last)
        self.left[run.id] = self.kinds(run)[1 + done :]
        self.last = now

    def epoch(self, run: Run, phase: str) -> None:
        """Note that an epoch is done. Those that its phase skipped before are not counted."""
        now, kind = monotonic(), (run.library, run.model, phase)
        self.spent.setdefault(kind, []).append(now - self.last)
        self.last = now
        left = self.left[run.id]
        while left and left.pop(0)[2] != phase:
            pass

    def drop(self, run: Run) -> None:
        """Note that a run is over."""
        self.left.pop(run.id, None)

    def seconds_left(self) -> float | None:
        """Estimate the seconds for what is left of all runs; None while no epoch is done."""
        return seconds_left([kind for kinds in self.left.values() for kind in kinds], self.spent)


def seconds_left(left: Iterable[Kind], spent: Mapping[Kind, Sequence[float]]) -> float | None:
    """Estimate the seconds of starts and epochs from those that were spent on others.

    An epoch takes the median of its kind; where none of its kind is done, that of the same model in the same
    library, else that of all. So does a start, from other starts.
    """
    if all(phase == START for _, _, phase in spent):
        return None

    def typical(kind: Kind) -> float:
        same = {other: s for other, s in spent.items() if (other[2] == START) == (kind[2] == START)}
        alike = [second for other, seconds in same.items() if other == kind for second in seconds]
        near = [second for other, seconds in same.items() if other[:2] == kind[:2] for second in seconds]
        every = [second for seconds in same.values() for second in seconds]
        return median(alike or near or every or [0.0])

    counts = Counter(left)
    return sum(count * typical(kind) for kind, count in counts.items())
