"""What the benchmarks of the toolkit measured, for the page that quotes it: `benchmarks/results/*.json`."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from moocmap import text_files
from moocmap.fields import Closed
from moocmap.site.errors import SiteError

FOLDER = Path("benchmarks", "results")


class Figure(Closed):
    """One measured value; more than `most` misses what was asked."""

    value: float
    unit: str
    most: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the value is within its budget; where there is none, nothing is missed."""
        return self.most is None or self.value <= self.most


class Benchmark(Closed):
    """The figures of one benchmark, with the day, the machine and the command that made them."""

    benchmark: str
    measured: str
    hardware: str
    command: str
    figures: dict[str, Figure]

    def figure(self, name: str) -> Figure:
        """Return a figure by its name. Raises SiteError naming those that there are."""
        if name not in self.figures:
            there = ", ".join(self.figures)
            raise SiteError(f"the benchmark '{self.benchmark}' has no figure '{name}'; there are {there}")
        return self.figures[name]


def read_benchmarks(root: Path) -> dict[str, Benchmark]:
    """Return what benchmarks measured by the name of their file. Raises SiteError where a file is wrong."""
    paths, _ = text_files.listed(root / FOLDER, root, (".json",))
    return {path.stem: _read(path, root) for path in paths}


def _read(path: Path, root: Path) -> Benchmark:
    try:
        return Benchmark.model_validate(json.loads(text_files.read(path, root)))
    except (ValidationError, ValueError, RecursionError) as error:
        reason = f"no figures of a benchmark ({str(error).splitlines()[0]})"
        hint = f"measure again with benchmarks/{path.stem.replace('-', '_')}.py"
        raise SiteError(f"{text_files.label(path, root)}: {reason}; {hint}") from error
