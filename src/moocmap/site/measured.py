"""An experiment with what has been measured, in the shape that its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moocmap.experiments.model import Experiment


@dataclass(frozen=True)
class Measured:
    """An experiment beside its records. Empty tables mean that nothing has been measured yet."""

    id: str
    title: str | dict[str, str]
    question: str | dict[str, str]
    data: Mapping[str, Any]
    runs_planned: int
    runs_done: int = 0
    record_files: Mapping[str, Path] = field(default_factory=dict)

    def plot_files(self, locale: str) -> dict[str, str]:
        """Return the SVG files of the plots by name."""
        return {}


def measure(root: Path, experiment: Experiment) -> Measured:
    """Put an experiment and its records together."""
    settings = experiment.settings
    return Measured(
        experiment.id,
        settings.title,
        settings.summary,
        {"id": experiment.id, "settings": settings.model_dump(mode="json", exclude_defaults=True)},
        runs_planned=len(experiment.runs()),
    )
