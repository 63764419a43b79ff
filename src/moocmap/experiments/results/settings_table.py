"""The settings of an experiment side by side, library by library and recipe by recipe, as papers print them.

Derived from the specifications of the runs, so that the table cannot say anything else than what was trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]
Value = Any
"""Plain data: a number, a text, a list or a mapping, as the specification has it."""


@dataclass(frozen=True)
class Column:
    """A library and a recipe, with the specifications of all their runs."""

    library: str
    recipe: str
    specs: Sequence[Spec]


@dataclass(frozen=True)
class Row:
    """A setting: `key` names it, `phase` the phase that it is of, if any.

    `cells` has for each column the different values that its runs have, nothing where they have none.
    """

    key: str
    phase: str
    cells: Sequence[Sequence[Value]]

    @property
    def differs(self) -> bool:
        """Whether the columns do not agree."""
        return any(list(cell) != list(self.cells[0]) for cell in self.cells)


def columns(specs: Iterable[Spec]) -> list[Column]:
    """Put the specifications of runs together by recipe and library, in the order of the runs."""
    found: dict[tuple[str, str], list[Spec]] = {}
    for spec in specs:
        found.setdefault((str(spec["recipe"]), str(spec["library"])), []).append(spec)
    return [Column(library, recipe, group) for (recipe, library), group in found.items()]


def settings_table(table: Sequence[Column]) -> list[Row]:
    """Return the settings of some columns, in the order of the thesis' table 4.1 and then the rest.

    A setting that none of the columns knows is left out, and so is what all of them leave switched off (see
    `_EXTRA`). Settings of phases are those on the target task, but for epochs
    and rates, which each phase has.
    """
    rows = [Row(key, "", [_distinct(map(get, column.specs)) for column in table]) for key, get in _FIRST]
    for key in ("lr", "epochs"):
        for phase in _phase_names(table):
            cells = [_distinct(_of_phase(spec, phase, key) for spec in column.specs) for column in table]
            rows.append(Row(key, phase, cells))
    rows += [Row(key, "", [_distinct(map(get, column.specs)) for column in table]) for key, get in _LAST]
    for key, (get, off) in _EXTRA.items():
        row = Row(key, "", [_distinct(map(get, column.specs)) for column in table])
        if any(value not in off for cell in row.cells for value in cell):
            rows.append(row)
    return [row for row in rows if any(row.cells)]


def _target(spec: Spec) -> list[Mapping[str, Any]]:
    return [phase for phase in spec["phases"] if phase["task"] == "target"]


def _of_phases(key: str) -> Callable[[Spec], Value]:
    """Return what the phases on the target task have in common, or all that they have."""

    def get(spec: Spec) -> Value:
        return _one_or_all(phase.get(key) for phase in _target(spec))

    return get


def _of_phase(spec: Spec, name: str, key: str) -> Value:
    return next((phase[key] for phase in spec["phases"] if phase["name"] == name), None)


def _phase_names(table: Sequence[Column]) -> list[str]:
    return list(dict.fromkeys(p["name"] for column in table for spec in column.specs for p in spec["phases"]))


def _image_size(spec: Spec) -> Value:
    task = spec["tasks"]["target"]
    return task.get("image_size") or task.get("size") or task["source"].get("size")


def _augment(spec: Spec) -> Value:
    """Return the names of the transforms; an empty list for none, None where the specification is older."""
    found: list[str] = []
    for phase in _target(spec):
        if "augment" not in phase:
            return None
        transforms = (phase["augment"] or {}).get("transforms") or []
        found += [str(_first_of(one, ("kind", "transform", "name")) or one) for one in transforms]
    return list(dict.fromkeys(found))


def _weights(spec: Spec) -> Value:
    """Return the kind of the first weights, and whose or which file they are; not each model's checksum."""
    weights = spec.get("weights")
    if not isinstance(weights, Mapping):
        return weights
    source = _first_of(weights, ("publisher", "file"))
    return {"kind": weights["kind"], **({"source": source} if source else {})}


def _first_of(value: Value, keys: Sequence[str]) -> Value:
    return next((value[key] for key in keys if value.get(key)), None) if isinstance(value, Mapping) else None


def _optimizer(spec: Spec) -> Value:
    """Return the optimizer with its momentum: beta 1 where it is one of Adam's family.

    Under one-cycle the momentum is a list: where it starts, where it turns, where it ends.
    """
    last = _target(spec)[-1]
    return {**last["optimizer"], "momentum": last["schedule"].get("momentum")}


def _has_range(spec: Spec) -> bool:
    return any(isinstance(phase["lr"], list | tuple) for phase in _target(spec))


def _frozen_batchnorm(spec: Spec) -> Value:
    heads = [phase for phase in _target(spec) if phase["train"] == "head"]
    return heads[0].get("frozen_batchnorm") if heads else None


def _plain(key: str) -> Callable[[Spec], Value]:
    return lambda spec: spec.get(key)


_FIRST: tuple[tuple[str, Callable[[Spec], Value]], ...] = (
    ("image_size", _image_size),
    ("batch_size", _of_phases("batch_size")),
    ("augment", _augment),
    ("l2", _of_phases("l2")),
    ("weight_decay", _of_phases("weight_decay")),
    ("optimizer", _optimizer),
    ("one_cycle", lambda spec: any(p["schedule"]["kind"] == "one-cycle" for p in _target(spec))),
    ("discriminative", _has_range),
)
_LAST: tuple[tuple[str, Callable[[Spec], Value]], ...] = (
    ("head", lambda spec: spec["heads"]["target"]),
    ("frozen_batchnorm", _frozen_batchnorm),
    ("weights", _weights),
    ("initialization", _plain("initialization")),
    ("architecture", _plain("architecture")),
    ("selection", _plain("selection")),
    ("seed", _plain("seed")),
)
_EXTRA: dict[str, tuple[Callable[[Spec], Value], tuple[Value, ...]]] = {
    "schedule": (
        lambda spec: _one_or_all(p["schedule"]["kind"] for p in _target(spec)),
        ("constant", "one-cycle"),
    ),
    "label_smoothing": (_of_phases("label_smoothing"), (0,)),
    "mixup": (_of_phases("mixup"), (0,)),
    "class_weights": (_of_phases("class_weights"), ("none",)),
    "clip_norm": (_of_phases("clip_norm"), ()),
    "precision": (_of_phases("precision"), ("float32",)),
    "early_stopping": (_of_phases("early_stopping"), ()),
    "pretrained_by": (_plain("pretrained_by"), ()),
}
"""Settings that most experiments leave alone, and what they are then (None is not counted as a value)."""


def _one_or_all(values: Iterable[Value]) -> Value:
    """Return the one value there is, all if there are several, None if there is none."""
    found = _distinct(values)
    return found[0] if len(found) == 1 else found or None


def _distinct(values: Iterable[Value]) -> list[Value]:
    """Return the different values, None left out; plain data need not be hashable."""
    found: list[Value] = []
    for value in values:
        if value is not None and value not in found:
            found.append(value)
    return found
