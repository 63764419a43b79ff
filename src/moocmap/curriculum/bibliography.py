"""Reads `references.bib` with pybtex and finds the line of each entry, which pybtex does not tell."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from pybtex.database import BibliographyData, Entry, Person, parse_string
from pybtex.exceptions import PybtexError
from pydantic import TypeAdapter, ValidationError

from moocmap import text_files
from moocmap.curriculum.model import Author, Reference
from moocmap.diagnostics import Diagnostic, DiagnosticsError
from moocmap.documents import first_of
from moocmap.fields import ID_PATTERN
from moocmap.parsed import ParsedFiles

_ENTRY_START = re.compile(r"^[ \t]*@(\w+)[ \t]*\{[ \t]*([^,\s]+)[ \t]*,", re.MULTILINE)
_STRING = re.compile(r"@\s*string\s*[({]", re.IGNORECASE)
_NO_ENTRIES = ("comment", "preamble")
_ENTRIES, _LINES = TypeAdapter(list[Reference]), TypeAdapter(dict[str, int])
MOST_BYTES = 2_000_000
"""The largest bibliography that is read: 6,000 works such as ours. pybtex takes up to 9 s for it."""


Found = tuple[list[Reference], dict[str, int], list[Diagnostic]]
"""References, the line of each key, and what is wrong."""


def read_references(path: Path, parsed: ParsedFiles) -> Found:
    """Return the references of a BibTeX file, the line of each key, and what is wrong with the file.

    A missing file holds no references. `parsed` has the guide's folder, and what it knows of the file.
    """
    if not os.path.lexists(path):
        return [], {}, []
    try:
        text = text_files.read(path, parsed.root, MOST_BYTES)
    except DiagnosticsError as error:
        return [], {}, error.diagnostics
    label = text_files.label(path, parsed.root)
    return parsed.once(label, text, lambda: _known_references(text, label, parsed))


def _known_references(text: str, label: str, parsed: ParsedFiles) -> Found:
    """Return what is known of the file from the last time, else parse it: pybtex takes its time."""
    kept = parsed.recalled(label, text)
    if kept is not None and kept.keys() == {"references", "lines"}:
        with suppress(ValidationError):  # a damaged memory: the file is read
            return _ENTRIES.validate_python(kept["references"]), _LINES.validate_python(kept["lines"]), []
    references, lines, problems = _parsed(text, label)
    if not problems:
        parsed.keep(label, text, {"references": _ENTRIES.dump_python(references), "lines": lines})
    return references, lines, problems


def _parsed(text: str, label: str) -> Found:
    abbreviation = _abbreviation(text, label)
    if abbreviation:
        return [], {}, [abbreviation]
    lines, problems = _key_lines(text, label)
    try:
        bibliography = parse_string(text, "bibtex")
    except PybtexError as error:
        return [], lines, problems or [_located(text, label) or _syntax_error(error, label, 1)]
    return _references(bibliography), lines, problems


def _key_lines(text: str, label: str) -> tuple[dict[str, int], list[Diagnostic]]:
    lines: dict[str, int] = {}
    problems: list[Diagnostic] = []

    def problem(rule: str, message: str, hint: str) -> None:
        problems.append(
            Diagnostic(label, line, column, "error", rule, text_files.shortened(message, 200), hint)
        )

    line, counted = 1, 0
    for match in _ENTRY_START.finditer(text):
        kind, key = match.groups()
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        column = match.start(2) - text.rfind("\n", 0, match.start(2))
        if kind.lower() in _NO_ENTRIES:
            continue
        if key in lines:
            problem("duplicate-id", f"reference '{key}' already stands in line {lines[key]}", "keep one")
        elif not re.match(ID_PATTERN, key):
            message = f"expected a kebab-case key, got '{key}'"
            problem("wrong-id", message, "for example 'smith-2015': first author and year")
        lines.setdefault(key, line)
    return lines, first_of(problems)


def _abbreviation(text: str, label: str) -> Diagnostic | None:
    """Refuse `@string`: an entry must say all that it means, and abbreviations of abbreviations explode."""
    found = _STRING.search(text)
    if found is None:
        return None
    place, message = text_files.place_of(text, found.start()), "'@string' is not supported"
    hint = "write the text out in each entry that uses it"
    return Diagnostic(label, *place, "error", "bibtex-syntax", message, hint)


def _located(text: str, label: str) -> Diagnostic | None:
    """Find the first entry that cannot be read by itself: pybtex does not always tell a line."""
    starts = [match.start() for match in _ENTRY_START.finditer(text)] or [0]
    ends, low, high = [*starts[1:], len(text)], 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        if _error_in(text[starts[low] : ends[middle - 1]]):
            high = middle
        else:
            low = middle
    error = _error_in(text[starts[low] : ends[low]])
    return _syntax_error(error, label, text_files.place_of(text, starts[low])[0]) if error else None


def _error_in(text: str) -> PybtexError | None:
    try:
        parse_string(text, "bibtex")
    except PybtexError as error:
        return error
    return None


def _syntax_error(error: PybtexError, label: str, first_line: int) -> Diagnostic:
    line = first_line + (getattr(error, "lineno", None) or 1) - 1
    message = text_files.shortened(re.sub(r" in line \d+", "", str(error).splitlines()[0]), 200)
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
