"""Checkpoints: what a run needs to go on after it was killed, in one file that is whole or not there."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.models.weights import Weights
from moocmap.files import remove_unfinished, write_atomically

Arrays = dict[str, NDArray[Any]]
FILE = "checkpoint.npz"
ARRAYS = ("weights", "optimizer", "best")
"""The fields of a checkpoint that hold named arrays."""


@dataclass
class Checkpoint:
    """Where a run stands: `epoch` epochs of phase number `phase` are done (both from 0).

    `weights` are those of the model and `optimizer` the library's optimizer state, empty between phases;
    `best` are the weights of the phase's selected epoch, empty where the last is selected. `rows` are those
    of epochs.csv so far, `selected` the epoch (from 1) that ended each phase, `started` the time of the first
    start (UTC, ISO 8601), `resumed` how often the run was taken up again, `peaks` the largest figures of
    memory, `joules` the energy used so far (None: not known).
    """

    spec_hash: str
    started: str
    initial_sha256: str
    weights: Weights
    phase: int = 0
    epoch: int = 0
    resumed: int = 0
    selected: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    joules: float | None = None
    optimizer: Arrays = field(default_factory=dict)
    best: Weights = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write the checkpoint so that a kill at any moment leaves the old or the new one, never half."""
        facts = {key: value for key, value in vars(self).items() if key not in ARRAYS}
        arrays = {f"{kind}:{name}": array for kind in ARRAYS for name, array in getattr(self, kind).items()}
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(facts)), **arrays)
        write_atomically(folder / FILE, file.getvalue())


def load(folder: Path, spec_hash: str) -> Checkpoint | None:
    """Read the checkpoint of a run; None when there is none, or none of this specification.

    Halves that killed workers left are removed: the caller holds the folder's lock, so nobody is writing.
    """
    remove_unfinished(folder / FILE)
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            arrays = dict(file)
    except (FileNotFoundError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    facts = json.loads(str(arrays.pop("facts")))
    if facts["spec_hash"] != spec_hash:
        return None
    named: dict[str, Any] = {kind: _named(arrays, f"{kind}:") for kind in ARRAYS}
    return Checkpoint(**facts, **named)


def read_facts(folder: Path) -> dict[str, Any] | None:
    """Read what a checkpoint holds beside arrays; None when there is none."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            found: dict[str, Any] = json.loads(str(file["facts"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return found


def _named(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
