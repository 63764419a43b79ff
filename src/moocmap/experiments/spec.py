"""The specification of a run: everything that decides its result, as plain JSON, and its hash.

A specification is what the runner hands to a worker (`spec.json`) and what a record keeps. It names no
machine, no library version and no wording: those are facts of a record, or texts for readers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypedDict

from moocmap.diagnostics import UsableError

PROTOCOL = 1
"""Counts up whenever workers train differently from the same specification, so that old records show it."""

METRICS = (
    "learning_rate",
    "momentum",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
)
"""What is measured in each epoch, in the order of the columns of epochs.csv."""


class ExperimentError(UsableError):
    """What was asked for cannot be done; the message says why and how to go on."""


class Split(TypedDict):
    """Shares of each class (0 to 1) that go to each part; `train` is None for all that is left."""

    train: float | None
    validation: float
    test: float
    seed: int


class Data(TypedDict):
    """Which images a task has: where from, the range of their pixels, which classes, and how split."""

    source: dict[str, Any]
    pixel_range: list[float]
    classes: list[int]
    split: Split


class Training(TypedDict):
    """Settings that all phases of a recipe share."""

    schedule: dict[str, Any]
    optimizer: dict[str, Any]
    weight_decay: float
    batch_size: int
    frozen_batchnorm: Literal["inference", "training"]


class Phase(Training):
    """One phase of training with all its settings, on the source task or the target task."""

    name: str
    task: Literal["source", "target"]
    train: Literal["head", "all"]
    epochs: int
    lr: float


class Spec(TypedDict):
    """The whole configuration of one run.

    `tasks` and `heads` have "target", and "source" too where the body is pre-trained.
    """

    protocol: int
    experiment: str
    run: str
    library: str
    model: str
    recipe: str
    seed: int
    threads: int | None
    selection: Literal["last"]
    tasks: dict[str, Data]
    body: list[dict[str, Any]]
    heads: dict[str, list[dict[str, Any]]]
    phases: list[Phase]


def layers_of(spec: Spec, task: str) -> list[dict[str, Any]]:
    """Return the layers of the model for a task, body and head."""
    return spec["body"] + spec["heads"][task]


def canonical(value: object) -> str:
    """Write JSON in the one form that hashes are taken of: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def hash_of(value: object) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of plain JSON data, whatever the order of its keys."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List what differs between two specifications, such as "phases.1.lr: 0.001 -> 0.002"."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    return [
        f"{path}: {before.get(path, 'nothing')} -> {after.get(path, 'nothing')}"
        for path in dict.fromkeys([*before, *after])
        if before.get(path, "nothing") != after.get(path, "nothing")
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    children: Any = ()
    if isinstance(value, Mapping):
        children = value.items()
    elif isinstance(value, list):
        children = list(enumerate(value))
    if not children and path:
        yield path, canonical(value)
    for key, child in children:
        yield from _leaves(child, f"{path}.{key}" if path else str(key))
