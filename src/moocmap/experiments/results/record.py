"""Reads the records of finished runs, and refuses those that are not what a run left.

A record is a folder `<results>/<experiment>/<run>/` with `run.json`, `epochs.csv` and `predictions.csv`. It
is immutable: tables and plots are derived from it and never edited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moocmap.diagnostics import Diagnostic
from moocmap.experiments.results.facts import RunFacts
from moocmap.experiments.results.inspection import (
    EXPLANATIONS,
    FILES,
    DamagedRecordError,
    damage,
    inspect,
    places_of,
)
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.spec import differences

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Record:
    """A finished run: its facts, a row for each epoch, a row for each test image.

    `explanations` is the file of what the model looks at, where the experiment asked for it.
    """

    facts: RunFacts
    epochs: pd.DataFrame
    predictions: pd.DataFrame
    explanations: Path | None = None

    @property
    def library(self) -> str:
        """The library that trained."""
        return str(self.facts.spec["library"])

    @property
    def model(self) -> str:
        """The model's name in the zoo."""
        return str(self.facts.spec["model"])

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return str(self.facts.spec["recipe"])

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.facts.spec["seed"])

    @property
    def transfer_epochs(self) -> pd.DataFrame:
        """The rows of the phases on the target task, without pre-training."""
        names = [phase["name"] for phase in self.facts.spec["phases"] if phase["task"] == "target"]
        return self.epochs[self.epochs["phase"].isin(names)]


def read_records(
    folder: Path, experiment_id: str, root: Path | None = None
) -> tuple[list[Record], list[Diagnostic]]:
    """Read all records of an experiment, in the order of their names.

    `folder` holds a folder for each experiment; `root` is what messages name files relative to. A damaged
    record is left out and reported.
    """
    records, found = [], []
    for place in places_of(folder / experiment_id):
        try:
            records.append(read_record(place))
        except DamagedRecordError as error:
            found.append(damage(error, root))
    return records, found


def read_record(place: Path) -> Record:
    """Read the record in one folder.

    Raises:
        DamagedRecordError: if anything is missing, unreadable, or contradicts the rest.
    """
    import pandas as pd  # it takes long, and a guide without records needs none

    facts = inspect(place)
    epochs, predictions = (pd.read_csv(place / name) for name in FILES[1:])
    explanations = place / EXPLANATIONS
    return Record(facts, epochs, predictions, explanations if explanations.is_file() else None)


def check_records(
    experiment: Experiment, records: Iterable[Record], file: str = "experiments/results"
) -> list[Diagnostic]:
    """Warn of records that the experiment, as it is written now, would not make: other settings, other runs.

    `file` names the folder of results in messages.
    """
    wanted = {run.id: run for run in experiment.runs()}
    found = [
        stale(record.facts, wanted.get(record.facts.run), f"{file}/{experiment.id}") for record in records
    ]
    return [problem for problem in found if problem]


def stale(facts: RunFacts, run: Run | None, folder: str) -> Diagnostic | None:
    """Warn of a record that is not of `run`, as it is written now; `folder` holds the experiment's."""
    if run is None:
        message, hint = "the experiment has no such run (any more)", "remove the record, or keep it as past"
    elif run.spec_hash != facts.spec_hash:
        message = f"recorded with other settings: {'; '.join(differences(facts.spec, run.spec)[:3])}"
        hint = "undo the change, or remove the record and run again"
    else:
        return None
    label = f"{folder}/{facts.run}/run.json"
    return Diagnostic(label, 1, 1, "warning", "stale-record", message, hint)
