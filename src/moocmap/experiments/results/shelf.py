"""Where records lie: those that this machine measured, and those that are published with the guide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moocmap.diagnostics import Diagnostic
from moocmap.experiments.results.record import Record, check_records, read_records
from moocmap.experiments.settings.model import Experiment

OWN = Path("build", "results")
PUBLISHED = Path("experiments", "results")


@dataclass(frozen=True)
class Shelf:
    """The records of an experiment in one results folder (named relative to the guide's folder)."""

    folder: Path
    records: list[Record]
    problems: list[Diagnostic]


def read_shelf(root: Path, folder: Path, experiment: Experiment) -> Shelf:
    """Read the records that one results folder holds of an experiment's runs as they are written today.

    Records of other settings, and damaged ones, are left out and named in `problems`.
    """
    wanted = {run.id: run.spec_hash for run in experiment.runs()}
    records, problems = read_records(root / folder, experiment.id, root)
    current = [record for record in records if wanted.get(record.facts.run) == record.facts.spec_hash]
    problems += check_records(experiment, records, folder.as_posix())
    return Shelf(folder, current, problems)


def best_shelf(root: Path, experiment: Experiment) -> Shelf:
    """Return this machine's own records when they are complete, else the published ones.

    Records of two machines are never mixed: their timings could not be compared. An incomplete set of one's
    own serves only where nothing is published.
    """
    own = read_shelf(root, OWN, experiment)
    if len(own.records) == len(experiment.runs()):
        return own
    published = read_shelf(root, PUBLISHED, experiment)
    return published if published.records or not own.records else own
