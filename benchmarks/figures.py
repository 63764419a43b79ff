"""Writes what a benchmark measured into `benchmarks/results/`, from where the guide's page quotes it."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moocmap.experiments.training import writer
from moocmap.files import write_atomically

PLACES = ("--json", "--keep")
"""Options that name places of this machine."""


@dataclass(frozen=True)
class Figure:
    """One measured value; `most` is its budget, where it has one: more than that misses it."""

    value: float
    unit: str
    most: float | None = None


def write(path: Path, benchmark: str, figures: dict[str, Figure]) -> None:
    """Write all figures of one benchmark with the date, the command and the machine that made them."""
    _write(path, benchmark, [_command()], _plain(figures))


def add(path: Path, benchmark: str, figures: dict[str, Figure]) -> None:
    """Write figures beside those that other commands of the same benchmark measured."""
    known = json.loads(path.read_text()) if path.is_file() else {"command": "", "figures": {}}
    commands = [command for command in known["command"].splitlines() if command != _command()]
    _write(path, benchmark, [*commands, _command()], known["figures"] | _plain(figures))


def _write(path: Path, benchmark: str, commands: list[str], figures: dict[str, dict[str, Any]]) -> None:
    record = {
        "benchmark": benchmark,
        "measured": datetime.now(UTC).date().isoformat(),
        "hardware": hardware(),
        "command": "\n".join(commands),
        "figures": figures,
    }
    write_atomically(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def _plain(figures: dict[str, Figure]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in asdict(figure).items() if value is not None}
        for name, figure in figures.items()
    }


def _command() -> str:
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *_options()])


def hardware() -> str:
    """Return processor, cores, system and Python's version, as records of runs name them."""
    machine = writer.hardware()
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {platform.python_version()}"
    )


def _options() -> list[str]:
    """Return the options that a reader needs to measure again: not where this reader keeps files."""
    kept, is_place = [], False
    for option in sys.argv[1:]:
        if not is_place and not option.startswith(PLACES):
            kept.append(option)
        is_place = option in PLACES
    return kept
