"""What a run will cost: time, memory and disk, estimated before anything is trained.

**Memory** is that of the worker's process at its fullest:

- the library itself (`IMPORTED`, measured),
- the images: the decoded ones of a task lie in a file that is mapped into memory,
- the weights, `COPIES` times 4 bytes each: the model's own, those of the checkpoint, and the file that is put
  together of it; a weight that trains has its gradient and what the optimizer keeps of it, in the library and
  in the checkpoint,
- what the layers put out for a batch, 4 bytes a value: all of it where the body trains, because the way back
  needs it; only the largest ones at a time where it is frozen, and in validation.

Held against trainings on a processor, the estimate stays within a factor of two; see the tests.

**Time** comes from records of the same library, model, image size and kind of phase, this machine's own
before published ones. Where there are none, it follows from the layers' multiply-adds: `calibrate` measures
for a moment how fast this machine multiplies matrices, a library is taken to reach `REACHED` of that, a
training step to cost three times the way forward (once through a frozen body), and each step `STEP` seconds
besides; TensorFlow and JAX compile first. This is right within a factor of about five on a processor that
does nothing else. With an accelerator it is far too much.

**Disk** is what a run needs at most while it trains: two checkpoints, the old and the new one.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Literal

import numpy as np

from moocmap.experiments.models import weights, zoo
from moocmap.experiments.running.layer_costs import LayerCost, layer_costs
from moocmap.experiments.running.places import Places
from moocmap.experiments.running.whereabouts import TaskSize, sizes_of
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.spec import Phase, Spec, layers_of
from moocmap.experiments.training.batches import INFERENCE_BATCH

MB = 1_000_000
IMPORTED = {"keras": 950 * MB, "keras-jax": 600 * MB, "keras-torch": 1100 * MB, "fastai": 900 * MB}
"""Bytes that a worker takes for a training of next to nothing."""
START = {"keras": 12.0, "keras-jax": 6.0, "keras-torch": 10.0, "fastai": 8.0}
"""Seconds that a worker takes to start and to end."""
REACHED = 0.15
STEP = 0.01
COMPILING = {"keras": 0.08, "keras-jax": 0.08}
"""Seconds for each layer with weights that a phase's first step takes to compile."""
COPIES = 4
"""Of each weight: the library's, the checkpoint's, the file's while it is put together, and its bytes."""
KEPT_BY = {"adam": 2, "adamw": 2, "sgd": 1}
"""Values that an optimizer keeps for each weight."""

Basis = Literal["own records", "published records", "rule"]


@dataclass(frozen=True)
class Estimate:
    """What a run will cost: bytes of memory and disk, seconds, and what the seconds are taken from.

    `images` counts those of the target task, `parameters` the trainable ones of its model.
    """

    run: Run
    images: int
    parameters: int
    memory: int
    disk: int
    seconds: float
    basis: Basis


@dataclass(frozen=True)
class Pace:
    """Seconds that an epoch took for each training image, in the records of a results folder."""

    seconds_per_image: float
    basis: Basis


Kind = tuple[Any, ...]
"""What the pace of a phase depends on; see `kind_of`."""


def estimate(
    experiment: Experiment,
    runs: Sequence[Run],
    places: Places,
    paces: Mapping[Kind, Pace] | None = None,
    speed: float | None = None,
) -> list[Estimate | None]:
    """Estimate runs, in their order; None for those whose images are not on this machine yet.

    `paces` are those of `read_paces`, `speed` is that of `calibrate` (measured when it is needed).

    Raises:
        ExperimentError: if images that are here are not as the experiment says.
    """
    found: dict[str, Estimate | None] = {}
    cache: dict[str, dict[str, TaskSize]] = {}
    for run in runs:
        tasks = repr(run.spec["tasks"])
        if tasks not in cache:
            cache[tasks] = sizes_of(experiment, run, places)
        sizes = cache[tasks]
        if len(sizes) < len(run.spec["tasks"]):
            found[run.id] = None
            continue
        seconds, basis = _time(run, sizes, paces or {}, None)
        if seconds is None:
            speed = speed or calibrate()
            seconds, basis = _time(run, sizes, paces or {}, speed)
        assert seconds is not None
        found[run.id] = Estimate(
            run,
            sizes["target"].images,
            parameters(run.spec, sizes["target"]),
            memory(run.spec, sizes),
            disk(run.spec, sizes),
            seconds,
            basis,
        )
    return [found[run.id] for run in runs]


# Memory and disk --------------------------------------------------------------------------------------


def parameters(spec: Spec, size: TaskSize) -> int:
    """Count the trainable parameters of the model for the target task."""
    return _parameters(spec, "target", size)[0]


def _parameters(spec: Spec, task: str, size: TaskSize) -> tuple[int, int]:
    """Return how many parameters the model has for a task, and how many of them are the head's."""
    head = zoo.names(spec["heads"][task])
    counts = [0, 0]
    for name, shape in weights.shapes(layers_of(spec, task), size.image[2]).items():
        layer, _, part = name.partition("/")
        if part not in weights.STATISTICS:
            counts[0] += math.prod(shape)
            counts[1] += math.prod(shape) * (layer in head)
    return counts[0], counts[1]


def memory(spec: Spec, sizes: Mapping[str, TaskSize]) -> int:
    """Return the bytes of memory that a run's worker takes at its fullest; see the module."""
    images = sum(size.images * math.prod(size.image) for size in sizes.values())
    fullest = max(_phase_memory(spec, phase, sizes[phase["task"]]) for phase in spec["phases"])
    return IMPORTED[spec["library"]] + images + fullest


def _phase_memory(spec: Spec, phase: Phase, size: TaskSize) -> int:
    every, head = _parameters(spec, phase["task"], size)
    trained = every if phase["train"] == "all" else head
    kept = KEPT_BY[phase["optimizer"]["kind"]]
    held = COPIES * every + trained * (1 + kept * COPIES)
    costs = layer_costs(layers_of(spec, phase["task"]), size.image)
    body = len(spec["body"])
    largest = sum(sorted((cost.values for cost in costs), reverse=True)[:3])
    if phase["train"] == "all":
        stored = sum(cost.values for cost in costs) + largest
    else:
        stored = largest + 2 * sum(cost.values for cost in costs[body:])
    batch = min(phase["batch_size"], size.parts["train"])
    tested = min(INFERENCE_BATCH, max(size.parts["validation"], size.parts["test"]))
    return 4 * (held + max(batch * stored, tested * largest))


def disk(spec: Spec, sizes: Mapping[str, TaskSize]) -> int:
    """Return the bytes of disk that a run takes at most while it trains: two checkpoints."""
    largest = 0
    for phase in spec["phases"]:
        every, head = _parameters(spec, phase["task"], sizes[phase["task"]])
        trained = every if phase["train"] == "all" else head
        best = every if spec["selection"] != "last" else 0
        largest = max(largest, every + best + trained * KEPT_BY[phase["optimizer"]["kind"]])
    return 2 * 4 * largest


def warnings(estimates: Iterable[Estimate], work: Path) -> list[str]:
    """Say, in a sentence each, where memory or disk will not do. `work` is where checkpoints go."""
    found = []
    known = list(estimates)
    free, room = free_memory(), free_disk(work)
    if known and free is not None and (largest := max(known, key=lambda one: one.memory)).memory > free:
        found.append(
            f"{largest.run.id} needs about {gigabytes(largest.memory)} of memory, and {gigabytes(free)} are "
            "free: lower batch_size or image_size, take a smaller model, or end other programs"
        )
    if known and (most := max(known, key=lambda one: one.disk)).disk > room:
        found.append(
            f"{most.run.id} needs about {gigabytes(most.disk)} for its checkpoints, and {gigabytes(room)} "
            f"are free in {work}: make room there"
        )
    return found


def gigabytes(count: float) -> str:
    """Write a number of bytes for reading, such as "1.2 GB" or "35 MB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / MB, 1):.0f} MB"


def free_memory() -> int | None:
    """Return the bytes of memory that a new process can have; None where the system does not tell."""
    limits = [_available(), _address_space(), _cgroup()]
    return min((limit for limit in limits if limit is not None), default=None)


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _cgroup() -> int | None:
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="utf-8")
        return None if limit == "max" else max(int(limit) - int(used), 0)
    except (OSError, ValueError):
        return None


def _address_space() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def free_disk(folder: Path) -> int:
    """Return the bytes that are free where a folder lies, or will lie."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


# Time -------------------------------------------------------------------------------------------------


def kind_of(spec: Mapping[str, Any], phase: Mapping[str, Any]) -> Kind:
    """Return what the pace of a phase depends on: equal for phases whose paces can be compared."""
    data = spec["tasks"][phase["task"]]
    pixels = data.get("image_size") or json.dumps(data["source"], sort_keys=True)
    settings = (phase["train"], phase["batch_size"], phase["precision"])
    return (spec["library"], spec["model"], spec["architecture"], pixels, *settings, spec["threads"])


def read_paces(own: Path, published: Path) -> dict[Kind, Pace]:
    """Read the paces of all records in two results folders; the own ones come before the published ones.

    Records that stopped early, or cannot be read, are left out.
    """
    found: dict[Kind, Pace] = {}
    folders: tuple[tuple[Path, Basis], ...] = ((published, "published records"), (own, "own records"))
    for folder, basis in folders:
        seen: dict[Kind, list[float]] = {}
        for path in folder.glob("*/*/run.json"):
            for kind, pace in _paces_of(path):
                seen.setdefault(kind, []).append(pace)
        found |= {kind: Pace(median(paces), basis) for kind, paces in seen.items()}
    return found


def _paces_of(path: Path) -> list[tuple[Kind, float]]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return [
            (
                kind_of(facts["spec"], phase),
                facts["seconds"][phase["name"]]
                / (phase["epochs"] * facts["data"][phase["task"]]["parts"]["train"]["n"]),
            )
            for phase in facts["spec"]["phases"]
            if not phase["early_stopping"] and phase["name"] in facts["seconds"]
        ]
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return []  # not ours to complain about: reading records is


def _time(
    run: Run, sizes: Mapping[str, TaskSize], paces: Mapping[Kind, Pace], speed: float | None
) -> tuple[float | None, Basis]:
    """Return seconds and their basis; None if some phase needs the rule and there is no `speed` for it."""
    seconds, bases = START[run.library], set[Basis]()
    for phase in run.spec["phases"]:
        size = sizes[phase["task"]]
        pace = paces.get(kind_of(run.spec, phase))
        if pace is not None:
            seconds += pace.seconds_per_image * size.parts["train"] * phase["epochs"]
            bases.add(pace.basis)
            continue
        bases.add("rule")
        if speed is None:
            return None, "rule"
        layers = len(zoo.names(layers_of(run.spec, phase["task"])))
        seconds += layers * COMPILING.get(run.library, 0.0)
        seconds += phase["epochs"] * _seconds_by_rule(run.spec, phase, size, speed)
    basis: tuple[Basis, ...] = ("rule", "published records", "own records")
    return seconds, next(one for one in basis if one in bases)


def _seconds_by_rule(spec: Spec, phase: Phase, size: TaskSize, speed: float) -> float:
    """Return the seconds of an epoch; `speed` is what `calibrate` returns."""
    costs = layer_costs(layers_of(spec, phase["task"]), size.image)
    body, head = _sum(costs[: len(spec["body"])]), _sum(costs[len(spec["body"]) :])
    trained = (3 * body if phase["train"] == "all" else body) + 3 * head
    work = size.parts["train"] * trained + size.parts["validation"] * (body + head)
    share = 1.0 if spec["threads"] is None else min(spec["threads"] / _cores(), 1.0)
    steps = math.ceil(size.parts["train"] / phase["batch_size"])
    return work / (speed * REACHED * share) + steps * STEP


def _sum(costs: Iterable[LayerCost]) -> int:
    return sum(cost.multiply_adds for cost in costs)


def calibrate(size: int = 64, least: float = 0.1) -> float:
    """Measure for `least` seconds how many multiply-adds of float32 a second this machine does at best.

    One core is measured, and taken times their number. The matrices are so small that BLAS keeps to one
    thread, and that a product ends before another program gets its turn on a busy machine.
    """
    rng = np.random.default_rng(0)
    a, b, c = (rng.random((size, size), dtype=np.float32) for _ in range(3))
    fastest, begin = math.inf, perf_counter()
    while perf_counter() - begin < least:
        start = perf_counter()
        np.matmul(a, b, out=c)
        fastest = min(fastest, perf_counter() - start)
    return size**3 / fastest * _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
