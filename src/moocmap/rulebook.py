"""What each rule asks, why, and how to mend what it finds: the documentation that editors read.

`rulebook.yml` beside this module is its only source; the command line, the website and SARIF show it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from moocmap import documents, shapes
from moocmap.diagnostics import DiagnosticsError, Severity
from moocmap.fields import Closed, Id, NonEmpty, TranslatedText, text_in


class RulePage(Closed):
    """The documentation of one rule: in every language but for its example."""

    id: Id
    severity: Severity
    asks: TranslatedText
    why: TranslatedText
    fails: NonEmpty
    mended: NonEmpty


@cache
def rule_pages() -> dict[str, RulePage]:
    """Return the documentation of every rule by its id, in the order in which they are to be read."""
    label = "rulebook.yml"
    text = files("moocmap").joinpath(label).read_text(encoding="utf-8")
    document, problems = documents.parse(text, label)
    pages, more = shapes.validate(document, list[RulePage]) if document else ([], [])
    if problems or more:
        raise DiagnosticsError([*problems, *more])
    return {page.id: page for page in pages}


def as_markdown(page: RulePage, locale: str) -> str:
    """Return a rule's documentation as Markdown below a heading of level two; see `as_body`."""
    return f"## {page.id}\n\n{as_body(page, locale)}"


def as_body(page: RulePage, locale: str) -> str:
    """Return a rule's documentation as Markdown without a heading, in English or Spanish.

    In other languages it is English.
    """
    words = _words(locale)
    return "\n".join(
        [
            f"**{words[page.severity]}.** {text_in(page.asks, locale)}",
            "",
            text_in(page.why, locale),
            "",
            f"{words['fails']}:",
            "",
            _code(page.fails),
            f"{words['mended']}:",
            "",
            _code(page.mended),
        ]
    )


_WORDS = {
    "en": {
        "error": "Error",
        "warning": "Warning",
        "fails": "Fails",
        "mended": "Mended",
    },
    "es": {
        "error": "Error",
        "warning": "Aviso",
        "fails": "Falla",
        "mended": "Arreglado",
    },
}


def _words(locale: str) -> dict[str, str]:
    return _WORDS.get(locale.split("-", maxsplit=1)[0], _WORDS["en"])


def _code(text: str) -> str:
    return f"```yaml\n{text.rstrip()}\n```\n"
