"""Makes any text safe to print into Markdown and into raw HTML alike.

Every character that either language could read as markup becomes a numeric HTML entity, which both show as
the character itself. Templates need not think of it: the environment of `rendering` escapes all they print.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from markupsafe import Markup

_BLANKS = re.compile(r"[^\S\xa0\u202f]+")
_PLANES = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_INVISIBLE = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_PLANES}]")
"""Control characters, lone surrogates and code points that are no characters."""
_SPECIAL = re.compile(r"""[*_\[\]|`<>&{}#!~^$\\"'@]""")
_LEADING = re.compile(r"^ ?(?:[-+=:.)]|\d+[.)])")


def visible(value: object) -> str:
    """Return what a reader sees of `value`: one line, no control characters, each run of blanks one blank.

    Blanks that must not break a line stay as they are.
    """
    return re.sub(" +", " ", _INVISIBLE.sub("", _BLANKS.sub(" ", str(value))))


def _entity(match: re.Match[str]) -> str:
    return "".join(c if c.isdigit() or c == " " else f"&#{ord(c)};" for c in match.group())


def inline(value: object) -> Markup:
    """Escape `value` for a line of Markdown, raw HTML or a quoted attribute; Markup passes through."""
    return value if isinstance(value, Markup) else _escaped(str(value))


@lru_cache(maxsize=50_000)  # names of courses and topics are printed thousands of times
def _escaped(value: str) -> Markup:
    text = visible(value)
    leading = _LEADING.match(text)
    head = _entity(leading) if leading else ""
    return Markup(head + _SPECIAL.sub(_entity, text[leading.end() if leading else 0 :]))


def block(value: object) -> Markup:
    """Escape text whose line breaks count, for the inside of `<pre>`."""
    lines = (_INVISIBLE.sub("", line.replace("\t", "    ")) for line in str(value).splitlines())
    return Markup("\n".join(_SPECIAL.sub(_entity, line) for line in lines))


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
