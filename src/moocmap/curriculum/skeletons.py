"""Skeletons of new courses, topics and terms, complete and valid, with a TODO wherever words are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import PurePath
from typing import Any

import jinja2

from moocmap import documents, shapes
from moocmap.curriculum.comments import find_comments
from moocmap.curriculum.formatting import SORTED_BY_ID, format_text
from moocmap.curriculum.schema import FILES, modeline
from moocmap.diagnostics import DiagnosticsError

TODO = "TODO"
"""What a text still to be written begins with; the rule `to-do` finds it."""


def todo(locales: Sequence[str], what: str) -> dict[str, str]:
    """Return a text to be written in each language."""
    return dict.fromkeys(locales, f"{TODO}: {what}")


def new_course(locales: Sequence[str], lessons: int, **values: Any) -> str:
    """Return the file of a course; `values` fill in the skeleton's names."""
    place = modeline("course", PurePath("courses", "course.yml"))
    text = _fill("course.yml", locales, {**values, "modeline": place, "lessons": lessons})
    return format_text(text, "course", "course.yml", locales)


def new_entry(kind: str, locales: Sequence[str], **values: Any) -> str:
    """Return an entry for a file that holds a list: of "topics" or the "glossary"."""
    return format_text(_fill(f"{kind}.yml", locales, values), kind, f"{kind}.yml", locales)


def _fill(name: str, locales: Sequence[str], values: Mapping[str, Any]) -> str:
    source = files("moocmap.curriculum").joinpath("skeleton_files", name).read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(source).render(
        {**values, "locales": locales, "todo": partial(todo, locales)}
    )


def with_entry(text: str, entry: str, entry_id: str, kind: str, label: str) -> str:
    """Return the text of a list with an entry more: at its place by id where the list is sorted, else last.

    Raises DiagnosticsError when the text is no usable list; all else in it stays as it is.
    """
    lines = text.splitlines()
    at = _line_for(text, entry_id, label) if kind in SORTED_BY_ID else len(lines)
    before, after = "\n".join(lines[:at]).rstrip(), "\n".join(lines[at:]).strip("\n")
    new = "\n\n".join(part for part in (before, entry.strip("\n"), after) if part) + "\n"
    document, problems = documents.parse(new, label)
    if document is None or problems:
        raise DiagnosticsError(problems)
    _, problems = shapes.validate(document, FILES[kind])
    if problems:
        raise DiagnosticsError(problems)
    return new


def _line_for(text: str, entry_id: str, label: str) -> int:
    """Return the line (from 0) before which an entry goes into a sorted list, above comments on the next."""
    lines = text.splitlines()
    document, problems = documents.parse(text, label)
    if document is None or problems:
        raise DiagnosticsError(problems)
    for path, other in document.select("*.id"):
        if other > entry_id:
            line = document.position(path[:1])[0] - 1
            comments = {comment.line for comment in find_comments(text) if comment.is_alone}
            while line - 1 in comments:
                line -= 1
            return line
    return len(lines)
