"""The command export: a guide's data as files for other programs."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from moocmap.cli.common import fail, known_or_fail, say, today, usable_guide
from moocmap.curriculum.model import Guide
from moocmap.files import write_atomically


class Kind(StrEnum):
    """What is exported."""

    JSON = "json"
    CSV = "csv"
    BIBTEX = "bibtex"
    ANKI = "anki"


def export(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What to write.")],
    file: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    course: Annotated[
        str | None, typer.Option("--course", "-c", help="bibtex: only works that this course cites.")
    ] = None,
) -> None:
    """Write the guide's data to a file that other programs can read.

    json: everything, under the names of the site's api folder. csv: how far each course takes each topic.
    bibtex: the references. anki: the glossary as flashcards, in each pair of languages.
    """
    guide = usable_guide(context)
    if course is not None and kind is not Kind.BIBTEX:
        fail(f"--course goes with bibtex, not with {kind}", "leave it out")
    if course is not None:
        known_or_fail("course", [course], guide.course_by_id)
    content = _content(guide, kind, course)
    write_atomically(file, content)
    say(f"{kind} in {file}")


def _content(guide: Guide, kind: Kind, course: str | None) -> bytes:
    if kind is Kind.ANKI:
        from moocmap.curriculum import anki

        return anki.package(guide, today())
    from moocmap.site import exports  # Matplotlib and SciPy stand behind the site

    if course is not None:
        cited = _cited_by(guide, course)
        guide = guide.model_copy(
            update={"references": [work for work in guide.references if work.key in cited]}
        )
    files = {name.partition("/")[2]: data for name, data in exports.export(exports.Source(guide, [])).items()}
    if kind is Kind.JSON:
        return exports.as_json(_whole(guide, files)).encode()
    return files["coverage.csv" if kind is Kind.CSV else "references.bib"]


def _whole(guide: Guide, files: dict[str, bytes]) -> dict[str, Any]:
    """Put the files of the site's API together, by their names, with the references as data too."""
    parts = {
        name.removesuffix(".json"): json.loads(data)
        for name, data in files.items()
        if name.endswith(".json") and "/" not in name
    }
    return parts | {"references": [work.model_dump(mode="json") for work in guide.references]}


def _cited_by(guide: Guide, course_id: str) -> set[str]:
    """Return the works that a course cites: its own, and those of its lessons' advice."""
    course = guide.course_by_id[course_id]
    advice = (advice for lesson in course.lessons for advice in lesson.advice)
    return {*course.refs, *(key for one in advice for key in one.refs)}
