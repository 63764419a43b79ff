"""Reads `references.bib` with pybtex and finds the line of each entry, which pybtex does not tell."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from pybtex.database import BibliographyData, Entry, Person, parse_string
from pybtex.exceptions import PybtexError

from moocmap.curriculum.model import Author, Reference
from moocmap.diagnostics import Diagnostic
from moocmap.documents import no_utf8
from moocmap.fields import ID_PATTERN

_ENTRY_START = re.compile(r"^[ \t]*@(\w+)[ \t]*\{[ \t]*([^,\s]+)[ \t]*,", re.MULTILINE)
_NO_ENTRIES = ("comment", "preamble", "string")


def read_references(path: Path, label: str) -> tuple[list[Reference], dict[str, int], list[Diagnostic]]:
    """Return the references of a BibTeX file, the line of each key, and what is wrong with the file.

    A missing file holds no references. `label` is the file's name in messages.
    """
    if not path.exists():
        return [], {}, []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return [], {}, [no_utf8(error, label)]
    lines, problems = _key_lines(text, label)
    try:
        bibliography = parse_string(text, "bibtex")
    except PybtexError as error:
        return [], lines, problems or [_located(text, label) or _syntax_error(error, label, 1)]
    return _references(bibliography), lines, problems


def _key_lines(text: str, label: str) -> tuple[dict[str, int], list[Diagnostic]]:
    lines: dict[str, int] = {}
    problems = []
    for match in _ENTRY_START.finditer(text):
        kind, key = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        column = match.start(2) - text.rfind("\n", 0, match.start(2))
        if kind.lower() in _NO_ENTRIES:
            continue
        if key in lines:
            message = f"reference '{key}' already stands in line {lines[key]}"
            problems.append(Diagnostic(label, line, column, "error", "duplicate-id", message, "keep one"))
        elif not re.match(ID_PATTERN, key):
            hint = "for example 'smith-2015': first author and year"
            problems.append(
                Diagnostic(
                    label, line, column, "error", "wrong-id", f"expected a kebab-case key, got '{key}'", hint
                )
            )
        lines.setdefault(key, line)
    return lines, problems


def _located(text: str, label: str) -> Diagnostic | None:
    """Find the first entry that cannot be read by itself: pybtex does not always tell a line."""
    starts = [match.start() for match in _ENTRY_START.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        try:
            parse_string(text[start:end], "bibtex")
        except PybtexError as error:
            return _syntax_error(error, label, text.count("\n", 0, start) + 1)
    return None


def _syntax_error(error: PybtexError, label: str, first_line: int) -> Diagnostic:
    line = first_line + (getattr(error, "lineno", None) or 1) - 1
    message = re.sub(r" in line \d+", "", str(error).splitlines()[0])
    return Diagnostic(
        label, line, 1, "error", "bibtex-syntax", message, "check the braces and commas of this entry"
    )


def _references(bibliography: BibliographyData) -> list[Reference]:
    return [
        _reference(key, entry) for key, entry in bibliography.entries.items() if re.match(ID_PATTERN, key)
    ]


def _reference(key: str, entry: Entry) -> Reference:
    fields = {name: _plain(value) for name, value in entry.fields.items()}
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    return Reference(
        key=key,
        kind=entry.type,
        authors=[_author(person) for person in people if _surname(person) != "others"],
        has_more_authors=any(_surname(person) == "others" for person in people),
        title=fields.pop("title", ""),
        year=fields.pop("year", ""),
        fields=fields,
    )


def _author(person: Person) -> Author:
    given = " ".join([*person.first_names, *person.middle_names])
    full = " ".join([given, _surname(person), *person.lineage_names])
    return Author(name=_plain(full), surname=_plain(_surname(person)))


def _surname(person: Person) -> str:
    return " ".join([*person.prelast_names, *person.last_names])


def _plain(text: str) -> str:
    """Drop the braces that protect capitals in BibTeX."""
    return re.sub(r"[{}]", "", text).replace(r"\&", "&").strip()
