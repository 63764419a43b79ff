"""Holds the files of a record against one another: is this what a run left?

Without pandas, which takes longer to import than a guide's records to read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from moocmap.diagnostics import Diagnostic
from moocmap.experiments.results.facts import RunFacts, Test
from moocmap.experiments.spec import EPOCH_COLUMNS, hash_of

EXPLANATIONS = "explanations.npz"
FILES = ("run.json", "epochs.csv", "predictions.csv")
PREDICTION_COLUMNS = ("id", "label", "prediction", "of_label", "of_prediction")
"""Columns of predictions.csv; with few test images one for each class's probability follows."""
_TEXTS = ("phase", "id", "label", "prediction")
"""The columns that hold no numbers."""

Table = dict[str, tuple[str, ...]]
"""The columns of a table, as they are written."""


class DamagedRecordError(Exception):
    """A folder is not the record of a run; `file` is the file at fault."""

    def __init__(self, file: Path, message: str) -> None:
        self.file = file
        super().__init__(message)


def places_of(home: Path) -> list[Path]:
    """Return the folders of an experiment's records by name; hidden ones are not finished."""
    return sorted(place for place in home.glob("*") if place.is_dir() and not place.name.startswith("."))


def damage(error: DamagedRecordError, root: Path | None = None) -> Diagnostic:
    """Say what is wrong with a record; `root` is what messages name files relative to."""
    file = error.file
    label = file.relative_to(root) if root and file.is_relative_to(root) else file
    hint = f"restore it, or remove the folder '{file.parent.name}' and run the experiment again"
    return Diagnostic(label.as_posix(), 1, 1, "error", "damaged-record", str(error), hint)


def inspect(place: Path) -> RunFacts:
    """Return the facts of the record in a folder, after a look at all of its files.

    Raises:
        DamagedRecordError: if anything is missing, unreadable, or contradicts the rest.
    """
    for name in FILES:
        if not (place / name).is_file():
            raise DamagedRecordError(place / name, f"the record '{place.name}' lacks {name}")
    facts = _read_facts(place / "run.json")
    epochs, predictions = (_read_table(place / name) for name in FILES[1:])
    try:
        for name, problem in _contradictions(facts, epochs, predictions, place.name):
            raise DamagedRecordError(place / name, problem)
    except (LookupError, TypeError) as error:
        raise DamagedRecordError(place / "run.json", f"spec: not a run's ({error!r})") from error
    return facts


def _read_facts(path: Path) -> RunFacts:
    try:
        return RunFacts.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        where = ".".join(map(str, error["loc"]))
        raise DamagedRecordError(path, f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}") from errors
    except ValueError as error:  # no JSON, no UTF-8
        raise DamagedRecordError(path, f"expected JSON: {error}") from error


def _read_table(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (ValueError, csv.Error) as error:  # no UTF-8, open quotes
        raise DamagedRecordError(path, f"expected a table: {error}") from error
    if not rows:
        raise DamagedRecordError(path, "expected a table, got nothing")
    header, *rest = rows
    for width in {*map(len, rest)} - {len(header)}:
        problem = f"expected as many columns in each line as in the first ({len(header)}), got {width}"
        raise DamagedRecordError(path, problem)
    columns = zip(*rest, strict=True) if rest else ((),) * len(header)
    table: Table = dict(zip(header, columns, strict=True))
    for column in table.keys() - _TEXTS:
        if not _are_numbers(table[column]):
            raise DamagedRecordError(path, f"expected numbers in the column {column}")
    return table


def _are_numbers(column: Iterable[str]) -> bool:
    try:
        return all(map(isfinite, map(float, filter(None, column))))
    except ValueError:
        return False


def _contradictions(
    facts: RunFacts, epochs: Table, predictions: Table, folder: str
) -> Iterator[tuple[str, str]]:
    """Find what does not fit together: the hash, the name, the numbers of rows, the accuracy."""
    if hash_of(facts.spec) != facts.spec_hash:
        yield "run.json", "the specification is not the one that its hash was taken of"
        return
    if facts.run != folder:
        yield "run.json", f"run '{facts.run}' stands in a folder named '{folder}'"
    if tuple(epochs) != EPOCH_COLUMNS:
        yield "epochs.csv", f"expected the columns {', '.join(EPOCH_COLUMNS)}"
        return
    if list(zip(epochs["phase"], epochs["epoch"], strict=True)) != _expected_rows(facts.spec, epochs):
        count = sum(phase["epochs"] for phase in facts.spec["phases"])
        yield "epochs.csv", f"expected a row for each of {count} epochs, phase by phase"
    every = [f"p_{name}" for name in facts.spec["tasks"]["target"]["classes"]]
    if list(predictions) not in ([*PREDICTION_COLUMNS], [*PREDICTION_COLUMNS, *every]):
        columns = f"expected the columns {', '.join(PREDICTION_COLUMNS)}, perhaps then {', '.join(every)}"
        yield "predictions.csv", columns
        return
    yield from (("predictions.csv", problem) for problem in _wrong_figures(facts.metrics.test, predictions))


def _wrong_figures(test: Test, predictions: Table) -> Iterator[str]:
    """Say where the predictions lead to other figures than those of run.json."""
    right = [a == b for a, b in zip(predictions["label"], predictions["prediction"], strict=True)]
    if len(right) != test.n:
        yield f"expected {test.n} rows, got {len(right)}"
    accuracy = sum(right) / max(1, len(right))
    if abs(accuracy - test.accuracy) > 1e-9:
        yield f"its accuracy is {accuracy:.4f}, but run.json says {test.accuracy:.4f}"


def _expected_rows(spec: dict[str, Any], epochs: Table) -> list[tuple[str, str]]:
    """Return the phases and epochs of a whole run; a phase that may stop early has as many as it has."""
    found = []
    for phase in spec["phases"]:
        there = epochs["phase"].count(phase["name"])
        count = max(1, min(there, phase["epochs"])) if phase["early_stopping"] else phase["epochs"]
        found += [(phase["name"], str(number + 1)) for number in range(count)]
    return found
