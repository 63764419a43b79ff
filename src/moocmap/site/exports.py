"""The guide's data as files that other programs can read: JSON, CSV and BibTeX, the same for every build."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from moocmap.curriculum.coverage import Coverage
from moocmap.curriculum.model import Guide
from moocmap.site.addresses import API
from moocmap.site.measured import Measured
from moocmap.site.wording import bibtex


def export(guide: Guide, measured: Sequence[Measured]) -> dict[str, bytes]:
    """Return all exported files by their path below the site's root."""
    coverage = Coverage(guide)
    files: dict[str, str] = {
        "guide.json": as_json(
            {
                "title": guide.settings.title,
                "description": guide.settings.description,
                "locales": guide.settings.locales,
                "areas": _plain(guide.settings.areas),
                "courses": [course_data(course) for course in guide.courses],
            }
        ),
        "topics.json": as_json(_plain(guide.topics)),
        "glossary.json": as_json(_plain(guide.terms)),
        "published.json": as_json(_plain(guide.published)),
        "paths.json": as_json(_plain(guide.routes)),
        "history.json": as_json(_plain(guide.history)),
        "chooser.json": as_json(_plain(guide.chooser)),
        "quizzes.json": as_json(_plain(guide.quizzes)),
        "changes.json": as_json(_plain(guide.changes)),
        "libraries.json": as_json(_plain([guide.libraries])[0]),
        "references.bib": "\n\n".join(map(bibtex, guide.references)) + "\n",
        "coverage.csv": coverage_csv(coverage),
    }
    files |= {f"courses/{course.id}.json": as_json(course_data(course)) for course in guide.courses}
    files |= {f"experiments/{one.id}.json": as_json(one.data) for one in measured}
    return {f"{API}/{name}": text.encode() for name, text in files.items()}


def course_data(course: BaseModel) -> dict[str, Any]:
    """Return a course as its YAML file says it, without what was left out there."""
    data: dict[str, Any] = course.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return data


def coverage_csv(coverage: Coverage) -> str:
    """Return one line for each topic: its area, and how far each course takes it."""
    guide = coverage.guide
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["area", "topic", *(course.id for course in guide.courses)])
    for topic in guide.topics:
        depths = [coverage.depth(course.id, topic.id) or "" for course in guide.courses]
        writer.writerow([topic.area, topic.id, *depths])
    return out.getvalue()


def _plain(objects: Sequence[BaseModel]) -> list[Mapping[str, Any]]:
    return [one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in objects]


def as_json(data: Any) -> str:
    """Write data as indented JSON, in the order in which it stands."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
