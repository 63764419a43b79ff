"""Figures from the literature that an experiment's own are held against: `experiments/published/<id>.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from moocmap import documents
from moocmap.diagnostics import Diagnostic
from moocmap.experiments.recipe_settings import Count, LibraryName
from moocmap.fields import Closed, Id, NonEmpty, Text, WebUrl

FOLDER = Path("experiments", "published")
PublishedMetric = Literal["validation_accuracy", "accuracy", "macro_f1", "loss"]
"""What a source may report; all but the first are of the test set, as in `compare.summary`."""


class Figure(Closed):
    """One figure as the source prints it; `n` is the number of runs behind it, where the source says so."""

    library: LibraryName
    model: NonEmpty
    recipe: Id
    metric: PublishedMetric
    value: float
    n: Count | None = None


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
    found, more = documents.validate(document, PublishedFigures)
    return found, [*problems, *more]
