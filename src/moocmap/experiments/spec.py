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

PROTOCOL = 2
"""Counts up whenever workers train differently from the same specification, so that old records show it."""

METRICS = (
    "learning_rate",
    "momentum",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
)
"""What is measured in each epoch, in the order of epochs.csv's columns; a learning rate is the head's."""

EPOCH_COLUMNS = ("phase", "epoch", *METRICS, "train_seconds", "seconds")
"""The columns of epochs.csv."""

Selection = Literal["last", "best-validation-loss", "best-validation-accuracy"]


class ExperimentError(UsableError):
    """What was asked for cannot be done; the message says why and how to go on."""


class EarlyStopping(TypedDict):
    """A phase ends when `monitor` has not become better for `patience` epochs."""

    monitor: Literal["validation_loss", "validation_accuracy"]
    patience: int


class Training(TypedDict):
    """How a phase trains, beside its length and rates.

    `l2` is in the loss (l2 times the sum of the squared kernels), `weight_decay` decoupled from it; both
    spare biases and BatchNorms. `class_weights` are factors of
    each class's loss, in the order of the classes. `augment` has `transforms`
    and `fill` as `training.augment` describes them.
    """

    schedule: dict[str, Any]
    optimizer: dict[str, Any]
    weight_decay: float
    l2: float
    batch_size: int
    frozen_batchnorm: Literal["inference", "training"]
    augment: Any
    label_smoothing: float
    mixup: float
    class_weights: list[float] | Literal["balanced"] | None
    clip_norm: float | None
    precision: Literal["float32", "float16", "bfloat16"]
    early_stopping: EarlyStopping | None


class Phase(Training):
    """One phase of training with all its settings, on the source task or the target task.

    `lr` is the (peak) learning rate of every layer, or that of the first and that of the last group of
    layers; groups between them are spaced evenly on a logarithmic scale.
    """

    name: str
    task: Literal["source", "target"]
    train: Literal["head", "all"]
    epochs: int
    lr: float | list[float]


class Spec(TypedDict):
    """The whole configuration of one run.

    `tasks` and `heads` have "target", and "source" too where the body is pre-trained. `weights` says where
    the body's first weights come from. `groups` names the first layer of each group of the body but the
    first; the head is a group of its own. `pretrained_by` is the library that pre-trains, None for the run's
    own.
    """

    protocol: int
    experiment: str
    run: str
    library: str
    model: str
    recipe: str
    seed: int
    threads: int | None
    selection: Selection
    tasks: dict[str, dict[str, Any]]
    architecture: str
    weights: dict[str, Any]
    initialization: str
    body: list[dict[str, Any]]
    groups: list[str]
    heads: dict[str, list[dict[str, Any]]]
    pretrained_by: str | None
    pretrain_seed: int | None
    phases: list[Phase]
    explain: int
    show_images: bool


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
