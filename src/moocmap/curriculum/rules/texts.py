"""Rules about what is written for readers: its languages, and what is still to be written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel

from moocmap.curriculum.load import Entry, Sources
from moocmap.curriculum.rules.registry import rule
from moocmap.diagnostics import Diagnostic
from moocmap.documents import Place
from moocmap.fields import Translations


@rule("missing-translation", "warning")
def missing_translation(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A translated text needs every language of the guide."""
    for entry, path, text, locales in _translations(sources):
        for locale in locales:
            if locale not in text:
                yield entry.diagnostic(
                    "missing-translation",
                    f"no text in '{locale}'",
                    f"add '{locale}: …'",
                    at=path,
                    severity="warning",
                )


@rule("unknown-locale")
def unknown_locale(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A text must not be in a language that the guide does not have."""
    for entry, path, text, locales in _translations(sources):
        for locale in text:
            if locale not in locales:
                message = f"the guide has no language '{locale}'"
                hint = f"its languages are {', '.join(locales)} (guide.yml)"
                yield entry.diagnostic("unknown-locale", message, hint, at=(*path, locale))


def _translations(sources: Sources) -> Iterator[tuple[Entry[Any], Place, Translations, list[str]]]:
    locales = list(sources.settings.value.locales) if sources.settings else []
    for entry in sources.entries() if locales else []:
        if not _is_translated(entry, set(locales)):
            for path, text in _texts_within(entry.value, ()):
                yield entry, path, text, locales


def _is_translated(entry: Entry[Any], locales: set[str]) -> bool:
    """Tell whether all texts of an entry have just these languages."""
    key = ("translated", entry.path, *sorted(locales))
    return entry.document.once(key, lambda: _has_locales(entry.value, locales))


def _has_locales(value: Any, locales: set[str]) -> bool:
    if isinstance(value, Translations):
        return value.keys() == locales
    parts = value.__dict__.values() if isinstance(value, BaseModel) else value
    return all(_has_locales(part, locales) for part in parts if isinstance(part, _HOLDERS))


def _texts_within(value: Any, path: Place) -> Iterator[tuple[Place, Translations]]:
    if isinstance(value, Translations):
        yield path, value
    elif isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name, part in value.__dict__.items():
            if isinstance(part, _HOLDERS):
                yield from _texts_within(part, (*path, fields[name].alias or name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, _HOLDERS):
                yield from _texts_within(item, (*path, index))


_HOLDERS = (Translations, BaseModel, list)


@rule("to-do", "warning")
def to_do(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """No text should say that it is still to be written."""
    for document in (one for kind in sources.documents.values() for one in kind):
        for path, text in _strings_within(document.data, ()) if document.mentions("TODO") else ():
            if text.startswith("TODO") or text.endswith("TODO"):
                hint = "write it, or remove the key if it is not needed"
                yield document.diagnostic(
                    path, "to-do", f"still to be written: {text}", hint, severity="warning"
                )


def _strings_within(data: Any, path: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _strings_within(value, (*path, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _strings_within(item, (*path, index))
