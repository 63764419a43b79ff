"""Finds the glossary's terms in running text and makes them links to their entries.

`Words` knows every form of every term in one language; a `Glosser` marks the first occurrence of each on one
page, on text that is not escaped yet, and escapes all of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from moocmap.curriculum.model import Term
from moocmap.fields import text_in
from moocmap.site import addresses
from moocmap.site.escape import inline, visible

_BETWEEN = "[ \xa0-]"
"""What may stand between the words of a term: "cross entropy" is also written "cross-entropy"."""
_SEPARATORS = re.compile(f"{_BETWEEN}+")
_NOT_BEFORE, _NOT_AFTER = r"(?<![\w./@#$\\-])", r"(?![\w-]|[.(/]\w|\()"
"""Around a term no part of a longer word, and nothing that makes it code or an address."""
_SPANISH_LINKS = frozenset(
    ["a", "al", "con", "de", "del", "en", "entre", "hacia", "para", "por", "sin", "sobre", "y"]
)
"""Words after which a Spanish term does not inflect: capas *de entrada*."""


@dataclass(frozen=True)
class Found:
    """A term in a text, from `start` to `end`."""

    start: int
    end: int
    term: Term


class Words:
    """The forms of a glossary's terms in one language, ready to be found in texts.

    Inside `names`, such as those of topics, no shorter term is found: a learning rate finder is no rate.
    """

    def __init__(self, terms: Sequence[Term], locale: str, names: Iterable[str] = ()) -> None:
        self.locale = locale
        self._term_of = _by_form(terms, locale, names)
        self._pattern = _pattern(self._term_of)

    def find(self, text: str, skipped: Collection[str] = ()) -> Iterator[Found]:
        """Yield the first occurrence of each term but those with a skipped id; longer terms go first."""
        seen = set(skipped)
        for match in self._pattern.finditer(text) if self._term_of else ():
            term = self._term(match.group())
            if term and term.id not in seen and not _names_something(text, match):
                seen.add(term.id)
                yield Found(match.start(), match.end(), term)

    def named(self, name: str) -> set[str]:
        """Return the ids of the terms that a text is exactly the name of."""
        found = self._term(name)
        return {found.id} if found else set()

    def _term(self, written: str) -> Term | None:
        key = _SEPARATORS.sub(" ", written)
        return self._term_of.get(key) or self._term_of.get(_first_small(key))


class Glosser:
    """Marks the terms in the texts of one page, each where the page first uses it."""

    def __init__(self, words: Words, page: str, skipped: Collection[str] = ()) -> None:
        self._words = words
        self._page = page
        self._skipped = frozenset(skipped)
        self._marked: set[str] = set()
        self._used: dict[str, Term] = {}

    def __call__(self, value: object, entry_of: str = "") -> Markup:
        """Escape a text and make its terms links.

        `entry_of` is the id of the term that the text defines: it stays plain there, and all others are
        marked once more, because readers come to a glossary's entry from anywhere.
        """
        if isinstance(value, Markup):
            return value
        text = visible(value)
        found = list(self._words.find(text, {entry_of} if entry_of else self._skipped | self._marked))
        self._used |= {one.term.id: one.term for one in found}
        self._marked |= set() if entry_of else {one.term.id for one in found}
        return Markup("").join(self._pieces(text, found))

    def _pieces(self, text: str, found: list[Found]) -> Iterator[Markup]:
        end = 0
        for one in found:
            yield inline(text[end : one.start])
            yield self._link(text[one.start : one.end], one.term)
            end = one.end
        yield inline(text[end:])

    def _link(self, written: str, term: Term) -> Markup:
        address = addresses.relative(self._page, addresses.GLOSSARY, f"term-{term.id}")
        parts = (inline(term.id), inline(address), inline(written))
        return Markup('<a class="mm-gloss" data-mm-gloss="{}" href="{}">{}</a>').format(*parts)

    def data(self) -> dict[str, Any]:
        """Return what the tooltips of this page say, by term: definition, and the term in other languages."""
        here = self._words.locale
        return {
            term.id: {
                "definition": text_in(term.definition, here),
                "terms": {locale: name for locale, name in term.term.items() if locale != here},
            }
            for term in self._used.values()
        }


# Forms ----------------------------------------------------------------------------------------------


def forms(name: str, locale: str) -> list[str]:
    """Return a term as texts write it: as it stands, and in the other number (in Spanish, gender too)."""
    inflected = {"en": _english, "es": _spanish}.get(locale)
    return list(dict.fromkeys([name, *(inflected(name) if inflected else ())]))


def _english(name: str) -> Iterator[str]:
    if re.search(r"[^aeiou]y$", name):
        yield f"{name[:-1]}ies"
    elif re.search(r"(s|x|ch|sh)$", name):
        yield f"{name}es"
    else:
        yield f"{name}s"
    if re.search(r"\w{3}[^aisu]s$", name) and name.islower():
        yield name[:-1]


def _spanish(name: str) -> Iterator[str]:
    words = name.split(" ")
    last = next((n for n, word in enumerate(words) if word in _SPANISH_LINKS), len(words))
    head, rest = words[:last], words[last:]
    if re.fullmatch(r".*dor", head[-1]):
        yield " ".join([*head[:-1], f"{head[-1]}a", *rest])
        yield " ".join([*head[:-1], f"{head[-1]}as", *rest])
    plurals = [_spanish_plural(word) for word in head]
    yield " ".join([*plurals, *rest])
    yield " ".join([*head[:-1], f"{head[-1]}s", *rest])  # words from other languages: mapas, kernels
    if all(re.search(r"[aeiou]s$", word) for word in head):
        yield " ".join([*(word[:-1] for word in head), *rest])


def _spanish_plural(word: str) -> str:
    if re.search(r"[aeiouáéó]$", word):
        return f"{word}s"
    if word.endswith("s"):
        return word
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    plain = {"á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u"}
    stem = re.sub(r"([áéíóú])([ns])$", lambda found: plain[found[1]] + found[2], word)
    return f"{stem}es"


def _by_form(terms: Sequence[Term], locale: str, names: Iterable[str]) -> dict[str, Term | None]:
    """Return the term that each form means: a term's name goes before another's synonym.

    Phrases in which a word means something else are forms of no term, as are other names.
    """
    found: dict[str, Term | None] = {
        _SEPARATORS.sub(" ", use): None for term in terms for use in term.other_uses.get(locale, [])
    }
    own = [(term, [term.term[locale]] if locale in term.term else []) for term in terms]
    synonyms = [(term, term.also.get(locale, [])) for term in terms]
    for term, words in [*own, *synonyms]:
        for word in words:
            for form in forms(word, locale):
                found.setdefault(_SEPARATORS.sub(" ", form), term)
    for name in names:
        for form in forms(name, locale):
            found.setdefault(_SEPARATORS.sub(" ", form), None)
    return found


def _pattern(known: Collection[str]) -> re.Pattern[str]:
    """Return one expression for all forms, grouped by their first letter so that it is quick."""
    by_letter: dict[str, list[str]] = defaultdict(list)
    for form in sorted(known, key=len, reverse=True):
        first = form[0] + form[0].upper() if _may_start_a_sentence(form) else form[0]
        by_letter[first].append(_SEPARATORS.sub(lambda _: _BETWEEN, re.escape(form[1:]).replace("\\ ", " ")))
    groups = "|".join(f"[{re.escape(first)}](?:{'|'.join(rest)})" for first, rest in by_letter.items())
    return re.compile(f"{_NOT_BEFORE}(?:{groups}){_NOT_AFTER}")


def _names_something(text: str, match: re.Match[str]) -> bool:
    """Tell whether a word with a capital goes on to another one: Transfer Learning School is a name."""
    return match.group()[:2].istitle() and re.match(r" [A-ZÁÉÍÓÚÑ]", text[match.end() :][:2]) is not None


def _may_start_a_sentence(form: str) -> bool:
    """Tell whether a form may begin with a capital; further capitals make it a name: Deep Learning with …"""
    return form[0].islower()


def _first_small(text: str) -> str:
    return text[:1].lower() + text[1:]
