"""JSON Schemas of the curriculum's files, for editors that complete keys and mark mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from pydantic import TypeAdapter

from moocmap.curriculum.companions import Change, Chapter, Libraries, Question, Quiz, Route, Waiver
from moocmap.curriculum.model import Course, Guide, GuideSettings, PublishedCoverage, Term, Topic
from moocmap.files import write_atomically
from moocmap.shapes import options

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
    "quizzes": list[Quiz],
    "changes": list[Change],
    "waivers": list[Waiver],
}
"""What each kind of file in `curriculum/` holds."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
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
    return {"$schema": _DRAFT, **schema, "title": f"moocmap {kind}"}


# Schemas that know the guide's own ids ---------------------------------------------------------------

SCHEMAS = PurePath("curriculum", ".schemas")
"""Where editors look for the schemas; committed, so that a fresh clone has them."""

MODELINE = "# yaml-language-server:"
"""How a comment begins that tells an editor the schema of its file."""

_IDS = "ids.json"


def modeline(kind: str, path: PurePath) -> str:
    """Return the first line of a file that names its schema; `path` is the file's within `curriculum/`."""
    return f"{MODELINE} $schema={'../' * (len(path.parts) - 1)}{SCHEMAS.name}/{kind}.json"


def schema_files(guide: Guide | None = None) -> dict[str, str]:
    """Return all schemas as files by name; with a guide, editors complete its ids too.

    The ids stand in a file of their own and are proposals: an id that is newer than that file is no mistake
    to the editor. `moocmap check` is the judge.
    """
    files: dict[str, Any] = {f"{kind}.json": json_schema(kind) for kind in FILES}
    if guide is not None:
        for kind in FILES:
            _propose_ids(files[f"{kind}.json"], kind)
        files[_IDS] = {"$schema": _DRAFT, "title": "The ids of this guide", "$defs": _ids(guide)}
    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in files.items()}


def write_schemas(root: Path, guide: Guide) -> None:
    """Write the schemas, with the guide's ids, to where the first lines of the data files point."""
    for name, text in schema_files(guide).items():
        path = root / SCHEMAS / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)


def data_files(root: Path) -> Iterator[Path]:
    """Return the data files of a guide whose kind is known."""
    folder = root / SCHEMAS.parent
    return (path for path in sorted(folder.rglob("*.yml")) if kind_of(path.relative_to(folder)))


def _ids(guide: Guide) -> dict[str, Any]:
    courses = list(guide.course_by_id)
    ids = {
        "area": [area.id for area in guide.settings.areas],
        "topic": list(guide.topic_by_id),
        "course": courses,
        "part": [*courses, *(f"{c.id}/{part}" for c in guide.courses for part in c.parts)],
        "library": list(guide.library_by_id),
        "reference": list(guide.reference_by_key),
        "route": [route.id for route in guide.routes],
    }
    return {name: {"enum": sorted(known)} for name, known in ids.items()}


def _propose_ids(schema: dict[str, Any], kind: str) -> None:
    from moocmap.curriculum.rules import places

    mentions = {
        "area": places.AREA_MENTIONS,
        "topic": places.TOPIC_MENTIONS,
        "course": places.COURSE_MENTIONS,
        "part": places.PART_MENTIONS,
        "library": places.LIBRARY_MENTIONS,
        "reference": places.CITATIONS,
        "route": [("paths", "*.updates")],
    }
    for name, patterns in mentions.items():
        proposal = {"$ref": f"{_IDS}#/$defs/{name}"}
        for of_kind, pattern in patterns:
            if {"courses": "course", "settings": "guide"}.get(of_kind, of_kind) == kind:
                for holder, key in list(_slots(schema, pattern.split("."), schema)):
                    if proposal not in holder[key].get("anyOf", []):
                        holder[key] = {"anyOf": [proposal, holder[key]]}


def _slots(
    schema: Mapping[str, Any], parts: Sequence[str], root: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield where the schemas stand that a path such as `*.requires.*` leads to: the object and its key."""
    for option in options([schema], root):
        holder, key = (option, "items") if parts[0] == "*" else (option.get("properties", {}), parts[0])
        if isinstance(holder, dict) and isinstance(holder.get(key), dict):
            if len(parts) == 1:
                yield holder, key
            else:
                yield from _slots(holder[key], parts[1:], root)
