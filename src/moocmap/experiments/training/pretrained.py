"""Bodies that were trained on a source task, cached by content: runs that would train the same share one.

The name of a file in the cache is the hash of everything that decides the pre-training, so another recipe,
seed or data set never meets an old body.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from moocmap.experiments.models.weights import Weights
from moocmap.experiments.spec import Spec, hash_of
from moocmap.files import write_atomically


def seed_of(spec: Spec) -> int:
    """Return the seed of the pre-training: one for all runs, or the run's own."""
    return spec["seed"] if spec["pretrain_seed"] is None else spec["pretrain_seed"]


def key_of(spec: Spec) -> str:
    """Return the hash of what decides the body: library, model, source task, settings, seed."""
    return hash_of(
        {
            "protocol": spec["protocol"],
            "library": spec["pretrained_by"] or spec["library"],
            "seed": seed_of(spec),
            "threads": spec["threads"],
            "selection": spec["selection"],
            "task": spec["tasks"]["source"],
            "weights": spec["weights"],
            "initialization": spec["initialization"],
            "body": spec["body"],
            "groups": spec["groups"],
            "head": spec["heads"]["source"],
            "phases": [phase for phase in spec["phases"] if phase["task"] == "source"],
        }
    )


def file_of(spec: Spec, cache: Path) -> Path:
    """Return the place of a run's pre-trained body."""
    return cache / f"pretrained-{spec['model']}-{key_of(spec)[:16]}.npz"


def save(
    spec: Spec, cache: Path, weights: Weights, rows: list[dict[str, Any]], selected: dict[str, int]
) -> None:
    """Put a body (and the source task's head) into the cache, with the rows of its epochs."""
    file = io.BytesIO()
    facts = json.dumps({"key": key_of(spec), "rows": rows, "selected": selected})
    np.savez(file, allow_pickle=False, facts=np.array(facts), **weights)
    cache.mkdir(parents=True, exist_ok=True)
    write_atomically(file_of(spec, cache), file.getvalue())


def load(spec: Spec, cache: Path) -> tuple[Weights, list[dict[str, Any]], dict[str, int]] | None:
    """Return weights, rows and selected epochs of a run's pre-training; None if it is not in the cache."""
    try:
        with np.load(file_of(spec, cache), allow_pickle=False) as file:
            arrays = dict(file)
        facts = json.loads(str(arrays.pop("facts")))
    except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    if facts["key"] != key_of(spec):
        return None
    return arrays, facts["rows"], facts["selected"]
