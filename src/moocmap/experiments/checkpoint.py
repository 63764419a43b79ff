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

from moocmap.experiments.weights import Weights
from moocmap.files import write_atomically

Arrays = dict[str, NDArray[Any]]
FILE = "checkpoint.npz"


@dataclass
class Checkpoint:
    """Where a run stands: `epoch` epochs of phase number `phase` are done (both from 0).

    `weights` are those of the model and `optimizer` the library's optimizer state, empty between phases;
    `rows` are those of epochs.csv so far, `started` the time of the first start (UTC, ISO 8601), `resumed`
    how often the run was taken up again.
    """

    spec_hash: str
    started: str
    initial_sha256: str
    weights: Weights
    phase: int = 0
    epoch: int = 0
    resumed: int = 0
    optimizer: Arrays = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write the checkpoint so that a kill at any moment leaves the old or the new one, never half."""
        facts = {key: value for key, value in vars(self).items() if key not in ("weights", "optimizer")}
        arrays = {f"weights:{name}": array for name, array in self.weights.items()}
        arrays |= {f"optimizer:{name}": array for name, array in self.optimizer.items()}
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(facts)), **arrays)
        write_atomically(folder / FILE, file.getvalue())


def load(folder: Path, spec_hash: str) -> Checkpoint | None:
    """Read the checkpoint of a run; None when there is none, or none of this specification."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as file:
            arrays = dict(file)
    except (FileNotFoundError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    facts = json.loads(str(arrays.pop("facts")))
    if facts["spec_hash"] != spec_hash:
        return None
    return Checkpoint(**facts, weights=_named(arrays, "weights:"), optimizer=_named(arrays, "optimizer:"))


def _named(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
