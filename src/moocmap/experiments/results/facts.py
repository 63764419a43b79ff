"""The facts of a finished run: the content of a record's `run.json`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from moocmap.fields import Closed

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
