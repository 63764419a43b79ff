"""Pages that are written by hand: Markdown files of each locale, with their title in the first lines.

A page that names experiments there (`figures: [ids]`) is a template, which quotes what they measured; the
benchmarks of the toolkit are named `benchmarks/NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moocmap import documents, text_files
from moocmap.diagnostics import Diagnostic, DiagnosticsError

FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


@dataclass(frozen=True)
class HandWritten:
    """A page: its file as messages name it, its text with the first lines, and what these say."""

    file: str
    text: str
    title: str
    section: str
    quoted: frozenset[str]


def read_pages(folder: Path, measured: Set[str]) -> dict[str, HandWritten]:
    """Return the Markdown files of a locale's folder by path without suffix.

    Pages that quote figures are left out of guides in which nothing of that is `measured`. Raises
    DiagnosticsError when a file cannot be read (see `text_files`).
    """
    found = sorted(folder.rglob("*.md")) if folder.is_dir() else []
    pages = {path.relative_to(folder).with_suffix("").as_posix(): _read(path, folder) for path in found}
    return {name: page for name, page in pages.items() if not page.quoted or measured & page.quoted}


def require_alike(pages: Mapping[str, Mapping[str, HandWritten]], folder: str) -> None:
    """Raise DiagnosticsError when a page is missing in a locale below `folder`, or has no title."""
    every = {name for there in pages.values() for name in there}
    problems = [
        Diagnostic(
            f"{folder}/{locale}/{name}.md",
            1,
            1,
            "error",
            "missing-page",
            f"page '{name}' exists in another locale but not in '{locale}'",
            "translate it, or remove the other",
        )
        for locale, there in pages.items()
        for name in sorted(every - there.keys())
    ]
    problems += [
        Diagnostic(
            page.file,
            1,
            1,
            "error",
            "page-title",
            "the page has no title",
            "begin it with three lines: '---', 'title: …', '---'",
        )
        for there in pages.values()
        for page in there.values()
        if not page.title
    ]
    if problems:
        raise DiagnosticsError(problems)


def _read(path: Path, folder: Path) -> HandWritten:
    guide = folder.parents[2]
    text = text_files.read(path, guide)
    said = _first_lines(text)
    named = said.get("figures")
    quoted = frozenset(map(str, named)) if isinstance(named, list) else frozenset()
    section = str(said.get("section", ""))
    return HandWritten(text_files.label(path, guide), text, str(said.get("title", "")), section, quoted)


def _first_lines(text: str) -> Mapping[str, Any]:
    """Return what a page says of itself: nothing where that is no YAML that we read."""
    found = FRONT_MATTER.match(text)
    document = documents.parse(found.group(1), "")[0] if found else None
    return document.data if document and isinstance(document.data, dict) else {}
