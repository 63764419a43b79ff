"""The interface strings of the pages: one YAML file of nested texts for each locale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from moocmap import documents
from moocmap.diagnostics import Diagnostic, DiagnosticsError, did_you_mean
from moocmap.fields import text_in
from moocmap.site.errors import SiteError
from moocmap.site.escape import inline


class Strings:
    """The interface strings of one locale, by dotted key such as `course.prerequisites`."""

    def __init__(self, locale: str, texts: Mapping[str, str], label: str = "") -> None:
        self.locale = locale
        self.texts = texts
        self.label = label or f"{locale}.yml"
        self._headings: dict[str, str] = {}
        self._without_values: dict[str, str] = {}

    def __call__(self, key: str, **values: object) -> str | Markup:
        """Return the text of `key` with its `{placeholders}` filled in.

        With a number `n`, the text is `key.one` for 1 and `key.other` for all else. When a value is Markup,
        such as a link, the rest is escaped and the result is Markup too.
        """
        if not values and key in self._without_values:
            return self._without_values[key]
        if "n" in values and f"{key}.other" in self.texts:
            key = f"{key}.one" if values["n"] == 1 else f"{key}.other"
        text = self.texts.get(key)
        if text is None:
            hint = did_you_mean(key, self.texts) or f"add it to {self.label}"
            raise SiteError(f"{self.label}: no interface string '{key}'; {hint}")
        filled = {name: self.number(v) if isinstance(v, int | float) else v for name, v in values.items()}
        try:
            if any(isinstance(value, Markup) for value in filled.values()):
                return Markup(_escape_around(text).format(**{k: inline(v) for k, v in filled.items()}))
            whole = text.format(**filled)
        except (KeyError, IndexError, ValueError) as error:
            raise SiteError(f"{self.label}: string '{key}' cannot be filled in: {error!r}") from error
        if not values:
            self._without_values[key] = whole
        return whole

    def has(self, key: str) -> bool:
        """Tell whether `key` names a text."""
        return key in self.texts

    def below(self, prefix: str) -> dict[str, str]:
        """Return the texts below a key, such as those for a script, by the rest of their keys."""
        start = f"{prefix}."
        return {key.removeprefix(start): text for key, text in self.texts.items() if key.startswith(start)}

    def with_names(self, kind: str, names: Mapping[str, str]) -> Strings:
        """Return these strings with the guide's own names of things of a kind, such as libraries."""
        named = {f"{kind}.{key}": name.replace("{", "{{").replace("}", "}}") for key, name in names.items()}
        return Strings(self.locale, {**self.texts, **named}, self.label)

    def text(self, value: str | Mapping[str, str]) -> str:
        """Return a text of the guide in this locale."""
        return text_in(value if isinstance(value, str | dict) else dict(value), self.locale)

    def heading(self, value: str | Mapping[str, str]) -> str:
        """Return a text of the guide as it starts a line: with a capital, but for names of libraries."""
        text = self.text(value)
        if text not in self._headings:
            self._headings[text] = self._capitalised(text)
        return self._headings[text]

    def _capitalised(self, text: str) -> str:
        first = text.split(maxsplit=1)[0]
        is_word = first.islower() and first.replace("-", "").isalpha()
        return text[:1].upper() + text[1:] if is_word and not self.has(f"library.{first}") else text

    def number(self, value: float, digits: int | None = None, signed: bool = False) -> str:
        """Write a number as this locale does: at most `digits` decimals, or exactly those it has.

        With `signed`, numbers above zero carry a plus.
        """
        shown = f"{value:.{digits}f}" if digits is not None else np.format_float_positional(value, trim="-")
        if float(shown) == 0:
            shown = shown.removeprefix("-")  # minus nothing is nothing
        shown = f"+{shown}" if signed and value > 0 else shown.replace("-", "−")
        return shown.replace(".", self.texts.get("format.decimal", "."))

    def listing(self, items: list[str | Markup]) -> Markup:
        """Join items as a sentence does: "a, b and c"."""
        escaped = [inline(item) for item in items]
        if len(escaped) < 2:
            return Markup("").join(escaped)
        last = self("format.and_before_i") if self._needs_e(str(items[-1])) else self("format.and")
        return Markup("{} {} {}").format(Markup(", ").join(escaped[:-1]), inline(last), escaped[-1])

    def _needs_e(self, word: str) -> bool:
        plain = Markup(word).striptags().lower() if isinstance(word, Markup) else word.lower()
        return plain.startswith(("i", "hi", "í", "hí")) and not plain.startswith(("hie", "ia", "io"))


def _escape_around(text: str) -> str:
    """Escape an interface string but keep its `{placeholders}`."""
    parts = text.replace("{", "\0{").replace("}", "}\0").split("\0")
    return "".join(part if part.startswith("{") else inline(part) for part in parts)


def load_strings(folder: Path, locales: list[str], root: Path) -> dict[str, Strings]:
    """Read `folder/<locale>.yml` for each locale.

    Raises DiagnosticsError naming every key that one locale has and another lacks.
    """
    found, problems = {}, []
    for locale in locales:
        path = folder / f"{locale}.yml"
        document, errors = documents.read(path, root)
        problems += errors
        if document is None:
            continue
        texts = dict(_flat(document.data))
        wrong = [key for key, value in texts.items() if not isinstance(value, str)]
        problems += [
            document.diagnostic(key.split("."), "interface-string", f"expected a text for '{key}'")
            for key in wrong
        ]
        found[locale] = Strings(locale, texts, document.label)
    problems += _missing_keys(found)
    if problems:
        raise DiagnosticsError(problems)
    return found


def _missing_keys(found: Mapping[str, Strings]) -> list[Diagnostic]:
    every = {key: strings for strings in found.values() for key in strings.texts}
    return [
        Diagnostic(
            strings.label,
            1,
            1,
            "error",
            "missing-interface-string",
            f"string '{key}' is missing",
            f"translate it from {every[key].label}",
        )
        for strings in found.values()
        for key in sorted(every.keys() - strings.texts.keys())
    ]


def _flat(data: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not isinstance(data, dict):
        return [(prefix.rstrip("."), data)]
    return [pair for key, value in data.items() for pair in _flat(value, f"{prefix}{key}.")]
