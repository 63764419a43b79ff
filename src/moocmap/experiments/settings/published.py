"""Figures from the literature that an experiment's own are held against: `experiments/published/<id>.yml`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from moocmap import documents, shapes
from moocmap.diagnostics import Diagnostic
from moocmap.experiments.settings.recipe_settings import Count, LibraryName
from moocmap.fields import Closed, Id, NonEmpty, Text, WebUrl

FOLDER = Path("experiments", "published")
PublishedMetric = Literal["validation_accuracy", "validation_loss", "accuracy", "macro_f1", "loss", "seconds"]
"""What a source may report; accuracy, macro F1 and loss are of the test set, as in `compare.summary`."""

_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")


def _clock_form(value: Any) -> Any:
    """Let a time be written as papers print it: "1:07:37" is 4057 seconds."""
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    hours, minutes, seconds = map(int, found.groups())
    return 3600 * hours + 60 * minutes + seconds


class Figure(Closed):
    """One figure as the source prints it; `n` is the number of runs behind it, where the source says so.

    `seconds` are those of one `phase`, or of the whole training; they may be written as "1:07:37".
    """

    library: LibraryName
    model: NonEmpty
    recipe: Id
    metric: PublishedMetric
    value: Annotated[float, BeforeValidator(_clock_form)]
    phase: Id | None = None
    n: Count | None = None

    @model_validator(mode="after")
    def _has_phases(self) -> Figure:
        if self.phase is not None and self.metric != "seconds":
            raise PydanticCustomError("phase", "expected a phase only beside metric: seconds")
        return self


class PublishedFigures(Closed):
    """The content of `experiments/published/<id>.yml`: a table of a source, and how far it compares."""

    source: Text
    url: WebUrl | None = None
    note: Text | None = Field(None, description="What differs between the source's measurements and ours.")
    figures: Annotated[list[Figure], Field(min_length=1)]


def load_published(root: Path, experiment_id: str) -> tuple[PublishedFigures | None, list[Diagnostic]]:
    """Read what is published about an experiment, if there is such a file; mistakes come as findings."""
    path = root / FOLDER / f"{experiment_id}.yml"
    if not path.is_file():
        return None, []
    document, problems = documents.read(path, root)
    if document is None:
        return None, problems
    found, more = shapes.validate(document, PublishedFigures)
    return found, [*problems, *more]
