"""Gives every page of a built site a content security policy that names all that the page may run and load.

The policy stands in the page itself, so it also holds on hosts whose headers cannot be set, and for pages
opened from the file system. Inline scripts run only where their hash is named, and named are those of a page
of the theme that holds no data. So whatever a text of the data might smuggle into a page, it never runs.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from moocmap.site.errors import SiteError

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # for attributes alone: elements follow the stricter line below
    "style-src-elem": "'self'",
    "img-src": "'self' data:",  # the theme's style sheets draw their icons by data: addresses
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
}
_DIRECTIVES = {"script": "script-src", "style": "style-src-elem"}
_ELEMENT = re.compile(
    r"""<!--.*?-->|<(script|style)\b((?:"[^"]*"|'[^']*'|[^'">])*)>(.*?)</\1\s*>""", re.DOTALL | re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    r"""(?:^|\s)(src|type)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""", re.IGNORECASE
)
_CODE_TYPES = {"", "text/javascript", "application/javascript", "module"}
_CHARSET = re.compile(r"""<meta\s+charset=["']?utf-8["']?\s*/?>""", re.IGNORECASE)


def protect_pages(folder: Path, theme_page: Path) -> None:
    """Write into every page below `folder` a policy that allows the inline code of `theme_page` alone.

    Raises SiteError where a page holds other inline code, which would not run, or no `<meta charset>`.
    """
    allowed = inline_code(theme_page.read_text(encoding="utf-8"))
    for path in sorted(folder.rglob("*.html")):
        page = path.read_text(encoding="utf-8")
        path.write_text(protected(page, allowed, path.relative_to(folder).as_posix()), encoding="utf-8")


def protected(page: str, allowed: list[tuple[str, str]], name: str) -> str:
    """Return a page with a policy that allows some inline code; raise SiteError where it holds other code."""
    foreign = next((code for code in inline_code(page) if code not in allowed), None)
    if foreign:
        raise SiteError(f"{name}: inline code that no template of the theme wrote: {foreign[1][:60]!r}")
    return protect(page, policy_of(allowed), name)


def protect_page(path: Path) -> None:
    """Write into a page of our own, which holds no data but escaped, a policy that allows its inline code."""
    path.write_text(protected_page(path.read_text(encoding="utf-8"), path.name), encoding="utf-8")


def protected_page(page: str, name: str) -> str:
    """Return a page of our own with a policy that allows its inline code."""
    return protect(page, policy_of(inline_code(page)), name)


def protect(page: str, policy: str, name: str) -> str:
    """Return a page with a policy right behind its `<meta charset>`: it holds for all that follows."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy, quote=False)}">'
    protected, count = _CHARSET.subn(lambda found: found[0] + meta, page, count=1)
    if not count:
        raise SiteError(f'{name}: no <meta charset="utf-8"> that a security policy could follow')
    return protected


def policy_of(allowed: list[tuple[str, str]]) -> str:
    """Return a policy: our own files, and this inline code."""
    named: dict[str, list[str]] = {directive: [] for directive in _SOURCES}
    for element, code in allowed:
        named[_DIRECTIVES[element]].append(_hash(code))
    parts = (" ".join((name, sources, *named[name])) for name, sources in _SOURCES.items())
    return "; ".join(parts)


def inline_code(page: str) -> list[tuple[str, str]]:
    """Return the scripts and styles that a page holds itself, each as its element's name and its text."""
    return list(dict.fromkeys(_inline_code(page)))


def _inline_code(page: str) -> Iterator[tuple[str, str]]:
    for found in _ELEMENT.finditer(page):
        element = (found[1] or "").lower()
        if element and found[3].strip() and _is_obeyed(element, found[2]):
            yield element, found[3]


def _is_obeyed(element: str, attributes: str) -> bool:
    """Tell whether an element's text is code: not beside a file, and not data."""
    values = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(attributes)}
    return element == "style" or ("src" not in values and values.get("type", "").lower() in _CODE_TYPES)


@cache
def _hash(code: str) -> str:
    text = code.replace("\r\n", "\n").replace("\r", "\n")  # as browsers read it
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
