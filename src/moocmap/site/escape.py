"""Makes any text safe to print into Markdown and into raw HTML alike.

Every character that either language could read as markup becomes a numeric HTML entity, which both show as
the character itself. Templates need not think of it: the environment of `rendering` escapes all they print.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from markupsafe import Markup

_SPECIAL = re.compile(r"""[*_\[\]|`<>&{}#!~^$\\"'@]""")
_LEADING = re.compile(r"^ ?(?:[-+=:.)]|\d+[.)])")


def visible(value: object) -> str:
    """Return what a reader sees of `value`: one line, no control characters, each run of blanks one blank."""
    text = "".join(" " if c.isspace() else c for c in str(value))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and not _is_noncharacter(c))
    return re.sub(" +", " ", text)


def _is_noncharacter(character: str) -> bool:
    code = ord(character)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _entity(match: re.Match[str]) -> str:
    return "".join(c if c.isdigit() or c == " " else f"&#{ord(c)};" for c in match.group())


def inline(value: object) -> Markup:
    """Escape `value` for a line of Markdown, raw HTML or a quoted attribute; Markup passes through."""
    if isinstance(value, Markup):
        return value
    text = visible(value)
    leading = _LEADING.match(text)
    head = _entity(leading) if leading else ""
    return Markup(head + _SPECIAL.sub(_entity, text[leading.end() if leading else 0 :]))


def block(value: object) -> Markup:
    """Escape text whose line breaks count, for the inside of `<pre>`."""
    lines = str(value).splitlines()
    kept = (re.sub(r"[^\S ]", " ", line) for line in lines)
    clean = ("".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs")) for line in kept)
    return Markup("\n".join(_SPECIAL.sub(_entity, line) for line in clean))


def printed(value: object) -> Markup:
    """Escape what a template prints (Jinja's `finalize`). Nothing to print is a mistake of the template."""
    if value is None:
        raise TypeError("a template prints None; test for the value before printing it")
    return inline(value)


def web_address(value: str | None) -> str | None:
    """Return `value` as an address that a link may lead to, or None when it is no http(s) address."""
    if value is None or not re.match(r"^https?://[^/\s]", value.strip()):
        return None
    return quote(value.strip(), safe="%/:=&?~#+!$,;'@()*[]")
