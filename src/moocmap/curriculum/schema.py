"""JSON Schemas of the curriculum's files, for editors that complete keys and mark mistakes."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from pydantic import TypeAdapter

from moocmap.curriculum.companions import Chapter, Libraries, Question, Route, Waiver
from moocmap.curriculum.model import Course, GuideSettings, PublishedCoverage, Term, Topic

FILES: dict[str, Any] = {
    "guide": GuideSettings,
    "topics": list[Topic],
    "course": Course,
    "glossary": list[Term],
    "published": PublishedCoverage,
    "history": list[Chapter],
    "libraries": Libraries,
    "paths": list[Route],
    "chooser": list[Question],
    "waivers": list[Waiver],
}
"""What each kind of file in `curriculum/` holds."""

_FOLDERS = {"courses": "course", "topics": "topics", "published": "published"}


def kind_of(path: PurePath) -> str | None:
    """Return the kind of a file by its path within `curriculum/`; None for one that holds no data."""
    *folders, name = path.parts
    if not name.endswith(".yml"):
        return None
    if folders:
        return _FOLDERS.get("/".join(folders))
    kind = name.removesuffix(".yml")
    return kind if kind in FILES and kind not in ("course", "published") else None


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of file. Raises KeyError for an unknown kind."""
    schema = TypeAdapter(FILES[kind]).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"moocmap {kind}", **schema}
