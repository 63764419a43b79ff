"""Reads the records of finished runs, and refuses those that are not what a run left.

A record is a folder `<results>/<experiment>/<run>/` with `run.json`, `epochs.csv` and `predictions.csv`. It
is immutable: tables and plots are derived from it and never edited.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError

from moocmap.diagnostics import Diagnostic
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.spec import EPOCH_COLUMNS, differences, hash_of
from moocmap.fields import Closed

if TYPE_CHECKING:
    import pandas as pd

EXPLANATIONS = "explanations.npz"
FILES = ("run.json", "epochs.csv", "predictions.csv")
PREDICTION_COLUMNS = ("id", "label", "prediction", "of_label", "of_prediction")
"""Columns of predictions.csv; with few test images one for each class's probability follows."""
Share = Annotated[float, Field(ge=0, le=1)]


class Validation(Closed):
    """Figures on the validation images, with the weights that were selected."""

    n: int
    accuracy: Share
    loss: float


class Test(Validation):
    """Figures on the test images, which are read once, at the end."""

    macro_f1: Share
    brier: Annotated[float, Field(ge=0, le=2)]


class Selected(Closed):
    """The epoch whose weights were tested, and the rule that chose it."""

    phase: str
    epoch: int
    rule: str


class Metrics(Closed):
    """What the run came to."""

    selected: Selected
    validation: Validation
    test: Test


class WeightFacts(Closed):
    """Which weights training began and ended with, and how many parameters they are."""

    initial: str
    initial_sha256: str
    final_sha256: str
    parameters: int
    parameters_in_head: int


class Hardware(Closed):
    """Where the run ran. It names no host."""

    cpu: str
    cores: int
    system: str
    accelerator: str
    threads: int | None


class Performance(Closed):
    """What the run cost beside time.

    Images per second are those of training alone, by phase: the median over epochs. Energy is that of all
    that ran on the processor or the GPU; None where nothing tells it.
    """

    images_per_second: dict[str, float]
    peak_memory_bytes: int | None
    peak_gpu_memory_bytes: int | None
    energy_joules: float | None


class RunFacts(Closed):
    """The content of `run.json`. `seconds` are those of training and validating, by phase and in total."""

    format: Literal[2]
    experiment: str
    run: str
    spec_hash: str
    spec: dict[str, Any]
    data: dict[str, dict[str, Any]]
    weights: WeightFacts
    software: dict[str, str]
    hardware: Hardware
    determinism: str
    started: str
    resumed: int
    seconds: dict[str, float]
    performance: Performance
    metrics: Metrics


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


class DamagedRecordError(Exception):
    """A folder is not the record of a run; `file` is the file at fault."""

    def __init__(self, file: Path, message: str) -> None:
        self.file = file
        super().__init__(message)


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


def places_of(home: Path) -> list[Path]:
    """Return the folders of an experiment's records by name; hidden ones are not finished."""
    return sorted(place for place in home.glob("*") if place.is_dir() and not place.name.startswith("."))


def damage(error: DamagedRecordError, root: Path | None = None) -> Diagnostic:
    """Say what is wrong with a record; `root` is what messages name files relative to."""
    file = error.file
    label = file.relative_to(root) if root and file.is_relative_to(root) else file
    hint = f"restore it, or remove the folder '{file.parent.name}' and run the experiment again"
    return Diagnostic(label.as_posix(), 1, 1, "error", "damaged-record", str(error), hint)


def read_record(place: Path) -> Record:
    """Read the record in one folder.

    Raises:
        DamagedRecordError: if anything is missing, unreadable, or contradicts the rest.
    """
    for name in FILES:
        if not (place / name).is_file():
            raise DamagedRecordError(place / name, f"the record '{place.name}' lacks {name}")
    facts = _read_facts(place / "run.json")
    epochs, predictions = (_read_table(place / name) for name in FILES[1:])
    explanations = place / EXPLANATIONS
    record = Record(facts, epochs, predictions, explanations if explanations.is_file() else None)
    for name, problem in _contradictions(record, place):
        raise DamagedRecordError(place / name, problem)
    return record


def _read_facts(path: Path) -> RunFacts:
    try:
        return RunFacts.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        where = ".".join(map(str, error["loc"]))
        raise DamagedRecordError(path, f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}") from errors
    except ValueError as error:  # no JSON, no UTF-8
        raise DamagedRecordError(path, f"expected JSON: {error}") from error


def _read_table(path: Path) -> pd.DataFrame:
    import pandas as pd  # it takes a second, and a guide without records needs none

    try:
        return pd.read_csv(path)
    except ValueError as error:  # pandas' parser errors, no UTF-8
        raise DamagedRecordError(path, f"expected a table: {str(error).strip()}") from error


def _contradictions(record: Record, place: Path) -> Iterator[tuple[str, str]]:
    """Find what does not fit together: the hash, the name, the numbers of rows, the accuracy."""
    facts, predictions = record.facts, record.predictions
    if hash_of(facts.spec) != facts.spec_hash:
        yield "run.json", "the specification is not the one that its hash was taken of"
        return
    if facts.run != place.name:
        yield "run.json", f"run '{facts.run}' stands in a folder named '{place.name}'"
    if tuple(record.epochs.columns) != EPOCH_COLUMNS:
        yield "epochs.csv", f"expected the columns {', '.join(EPOCH_COLUMNS)}"
        return
    rows = list(zip(record.epochs["phase"], record.epochs["epoch"], strict=True))
    if rows != _expected_rows(facts.spec, rows):
        count = sum(phase["epochs"] for phase in facts.spec["phases"])
        yield "epochs.csv", f"expected a row for each of {count} epochs, phase by phase"
    every = [f"p_{name}" for name in facts.spec["tasks"]["target"]["classes"]]
    if list(predictions.columns) not in ([*PREDICTION_COLUMNS], [*PREDICTION_COLUMNS, *every]):
        yield (
            "predictions.csv",
            f"expected the columns {', '.join(PREDICTION_COLUMNS)}, perhaps then {', '.join(every)}",
        )
        return
    test = facts.metrics.test
    if len(predictions) != test.n:
        yield "predictions.csv", f"expected {test.n} rows, got {len(predictions)}"
    accuracy = float((predictions["label"] == predictions["prediction"]).mean())
    if abs(accuracy - test.accuracy) > 1e-9:
        yield (
            "predictions.csv",
            f"its accuracy is {accuracy:.4f}, but run.json says {test.accuracy:.4f}",
        )


def _expected_rows(spec: dict[str, Any], rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the phases and epochs of a whole run; a phase that may stop early has as many as it has."""
    found = []
    for phase in spec["phases"]:
        there = sum(1 for name, _ in rows if name == phase["name"])
        count = max(1, min(there, phase["epochs"])) if phase["early_stopping"] else phase["epochs"]
        found += [(phase["name"], number + 1) for number in range(count)]
    return found


def check_records(
    experiment: Experiment, records: Iterable[Record], file: str = "experiments/results"
) -> list[Diagnostic]:
    """Warn of records that the experiment, as it is written now, would not make: other settings, other runs.

    `file` names the folder of results in messages.
    """
    wanted = {run.id: run for run in experiment.runs()}
    found = [stale(record, wanted.get(record.facts.run), f"{file}/{experiment.id}") for record in records]
    return [problem for problem in found if problem]


def stale(record: Record, run: Run | None, folder: str) -> Diagnostic | None:
    """Warn of a record that is not of `run`, as it is written now; `folder` holds the experiment's."""
    if run is None:
        message, hint = "the experiment has no such run (any more)", "remove the record, or keep it as past"
    elif run.spec_hash != record.facts.spec_hash:
        message = f"recorded with other settings: {'; '.join(differences(record.facts.spec, run.spec)[:3])}"
        hint = "undo the change, or remove the record and run again"
    else:
        return None
    label = f"{folder}/{record.facts.run}/run.json"
    return Diagnostic(label, 1, 1, "warning", "stale-record", message, hint)
