"""The glossary as a deck of flashcards for Anki, with genanki.

Decks, note types and notes have identifiers derived from the guide's title and the ids of terms, so that
importing a newer deck updates the cards and keeps what one has learnt.
"""

from __future__ import annotations

import hashlib
import html
import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from moocmap.curriculum.model import Guide, Term
from moocmap.diagnostics import UsableError
from moocmap.fields import text_in

if TYPE_CHECKING:
    import genanki

CSS = """.card {font-family: sans-serif; font-size: 1.3rem; text-align: center; color: #222; background: #fff}
.nightMode.card {color: #eee; background: #222}
.also, .language {font-size: 1rem; opacity: .75}
.definition {font-size: 1rem; text-align: left; max-width: 36em; margin: 1em auto}
"""


def package(guide: Guide, day: date) -> bytes:
    """Return an Anki package (.apkg) with a deck for each pair of the guide's languages.

    A note holds a term and its definition in both languages. Its cards ask for the term in either direction,
    and for the term that a definition describes. Terms without both languages are left out. `day` becomes
    the date of the notes: Anki updates those that it has from an earlier day. The same guide on the same day
    gives the same bytes.

    Raises UsableError when the guide has a single language or no term in two.
    """
    import genanki

    pairs = list(combinations(guide.settings.locales, 2))
    if not pairs:
        raise UsableError("an Anki deck needs two languages; guide.yml names one")
    decks = [_deck(guide, pair) for pair in pairs]
    if not any(deck.notes for deck in decks):
        raise UsableError("no term of the glossary stands in two languages")
    stamp = datetime.combine(day, time(), UTC).timestamp()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deck.apkg"
        genanki.Package(decks).write_to_file(path, timestamp=stamp)
        return _without_times(path)


def _without_times(path: Path) -> bytes:
    """Return a zip file whose dates are all the earliest: they must not tell when it was made."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _deck(guide: Guide, pair: tuple[str, str]) -> genanki.Deck:
    import genanki

    title = text_in(guide.settings.title, guide.settings.locales[0])
    name = f"{title} ({' – '.join(pair)})"
    deck = genanki.Deck(_number("deck", title, *pair), name)
    model = _model(title, pair)
    terms = [term for term in guide.terms if all(locale in term.term for locale in pair)]
    for place, term in enumerate(sorted(terms, key=lambda term: term.id)):
        deck.add_note(
            genanki.Note(
                model=model,
                fields=_fields(term, pair),
                guid=genanki.guid_for(title, *pair, term.id),
                tags=[term.topic] if term.topic else [],
                due=place,
            )
        )
    return deck


def _number(*words: str) -> int:
    """Return an identifier between 2^30 and 2^31, as genanki asks, always the same for the same words."""
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    return (1 << 30) + int.from_bytes(digest[:8], "big") % (1 << 30)


def _fields(term: Term, pair: Sequence[str]) -> list[str]:
    words = [term.term[locale] for locale in pair]
    also = [", ".join(term.also.get(locale, [])) for locale in pair]
    definitions = [text_in(term.definition, locale) for locale in pair]
    return [html.escape(text, quote=False) for text in (*words, *also, *definitions)]


def _model(title: str, pair: tuple[str, str]) -> genanki.Model:
    import genanki

    one, other = pair
    names = [f"{what} ({locale})" for what in ("term", "also", "definition") for locale in pair]
    fields = [{"name": name} for name in names]
    templates = [_term_card(one, other), _term_card(other, one), _definition_card(one, other)]
    return genanki.Model(
        _number("model", title, *pair),
        f"{title}: {one} – {other}",
        fields=fields,
        templates=templates,
        css=CSS,
    )


def _term_card(asked: str, answered: str) -> dict[str, str]:
    front = f"{{{{term ({asked})}}}}{_also(asked)}<div class=language>{asked} → {answered}</div>"
    return {
        "name": f"{asked} → {answered}",
        "qfmt": front,
        "afmt": f"{{{{FrontSide}}}}<hr id=answer>{{{{term ({answered})}}}}{_also(answered)}"
        f"{_definition(answered)}{_definition(asked)}",
    }


def _definition_card(one: str, other: str) -> dict[str, str]:
    words = "<br>".join(f"{{{{term ({locale})}}}}{_also(locale)}" for locale in (one, other))
    return {
        "name": f"definition → {one}, {other}",
        "qfmt": _definition(one),
        "afmt": f"{{{{FrontSide}}}}<hr id=answer>{words}{_definition(other)}",
    }


def _also(locale: str) -> str:
    return f"{{{{#also ({locale})}}}}<div class=also>{{{{also ({locale})}}}}</div>{{{{/also ({locale})}}}}"


def _definition(locale: str) -> str:
    return f"<div class=definition>{{{{definition ({locale})}}}}</div>"
