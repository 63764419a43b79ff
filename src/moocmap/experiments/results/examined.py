"""What is wrong with an experiment's records, found without reading those that were found good before.

A record never changes, so one whose files have the size and time of change that they had is good still. What
was found is kept in `build/cache/records.json`; without it, everything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from moocmap.diagnostics import Diagnostic
from moocmap.experiments.results.inspection import FILES, DamagedRecordError, damage, inspect, places_of
from moocmap.experiments.results.record import stale
from moocmap.experiments.settings.model import Experiment
from moocmap.files import CACHE, recall, remember

MEMORY = CACHE / "records.json"


def examine_records(root: Path, folder: Path, experiments: Iterable[Experiment]) -> list[Diagnostic]:
    """Return what is wrong with the records of experiments in a results folder, seen from `root`.

    Damaged records are errors; those of other settings, or of runs that the experiment has no more, warnings.
    """
    known = _Known(root)
    found = [problem for one in experiments for problem in _examine(root, folder, one, known)]
    known.write()
    return found


def _examine(root: Path, folder: Path, experiment: Experiment, known: _Known) -> Iterator[Diagnostic]:
    wanted = {run.id: run for run in experiment.runs()}
    for place in places_of(root / folder / experiment.id):
        run = wanted.get(place.name)
        if run is not None and known.spec_hash(place) == run.spec_hash:
            continue
        try:
            facts = inspect(place)
        except DamagedRecordError as error:
            yield damage(error, root)
            continue
        problem = stale(facts, run, f"{folder.as_posix()}/{experiment.id}")
        if problem:
            yield problem
        known.keep(place, facts.spec_hash)


class _Known:
    """The records that were good, by their folder: what their files were like, and the run's hash."""

    def __init__(self, root: Path) -> None:
        self.root, self.changed = root, False
        self.kept: dict[str, Any] = recall(root / MEMORY)

    def spec_hash(self, place: Path) -> str | None:
        """Return the hash of the run in a folder that is as it was found good; None of any other."""
        kept = self.kept.get(place.relative_to(self.root).as_posix())
        return str(kept[1]) if isinstance(kept, list) and len(kept) == 2 and kept[0] == _look(place) else None

    def keep(self, place: Path, spec_hash: str) -> None:
        """Remember a record that is good."""
        self.kept[place.relative_to(self.root).as_posix()] = [_look(place), spec_hash]
        self.changed = True

    def write(self) -> None:
        """Keep what is known, if that has changed."""
        if self.changed:
            remember(self.root / MEMORY, self.kept)


def _look(place: Path) -> list[list[int]]:
    """Return size and time of change of a record's files; [] if any is missing."""
    try:
        facts = [(place / name).stat() for name in FILES]
    except OSError:
        return []
    return [[one.st_size, one.st_mtime_ns] for one in facts]
