from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from moocmap.site import policy
from moocmap.site.errors import SiteError


def hash_of(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


def directives(page: str) -> dict[str, str]:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found
    return {name: sources for name, _, sources in (part.partition(" ") for part in found[1].split("; "))}


def test_only_code_counts_as_code() -> None:
    page = """<script>one()</script><script src="a.js">two()</script>
    <SCRIPT type='module' async>three()</SCRIPT >
    <script type="application/json">{"a": "four()"}</script><!-- <script>five()</script> -->
    <style>p { top: 0 }</style><script data-x="a > b">six()</script>
    <script> </script><script>one()</script>"""
    assert policy.inline_code(page) == [
        ("script", "one()"),
        ("script", "three()"),
        ("style", "p { top: 0 }"),
        ("script", "six()"),
    ]


def test_a_hash_is_that_of_what_a_browser_reads() -> None:
    assert hash_of("a()\nb()") in policy.policy_of([("script", "a()\r\nb()")])


def test_every_page_carries_its_policy_before_anything_that_it_governs(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 100
    for path in pages:
        text = path.read_text(encoding="utf-8")
        head, _, rest = text.partition('<meta http-equiv="Content-Security-Policy"')
        assert rest, path
        assert not re.search(r"<(script|style|link|base|img)\b", head), path


def test_a_policy_leaves_nothing_open(site: Path) -> None:
    page = (site / "en" / "topics" / "ulmfit.html").read_text(encoding="utf-8")
    found = directives(page)
    assert found["default-src"] == "'none'"
    assert found["base-uri"] == "'none'"
    assert found["style-src-elem"] == "'self'"
    assert found["form-action"] == "'self'"
    scripts = found["script-src"].split()
    assert scripts[0] == "'self'"
    inline = [code for element, code in policy.inline_code(page) if element == "script"]
    assert inline
    assert sorted(scripts[1:]) == sorted(map(hash_of, inline))
    allowed = {source for sources in found.values() for source in sources.split()}
    assert {source for source in allowed if not source.startswith("'sha256-")} == {
        "'none'",
        "'self'",
        "'unsafe-inline'",
        "data:",
    }


def test_the_root_page_allows_its_own_script_and_style(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    found = directives(page)
    for element, code in policy.inline_code(page):
        assert hash_of(code) in found[{"script": "script-src", "style": "style-src-elem"}[element]]


def test_inline_code_that_is_not_the_themes_fails_the_build(tmp_path: Path) -> None:
    theme = tmp_path / "theme.html"
    theme.write_text('<meta charset="utf-8"><script>theme()</script>')
    page = tmp_path / "pages" / "topics" / "x.html"
    page.parent.mkdir(parents=True)
    page.write_text('<meta charset="utf-8"><script>theme()</script><script>alert(1)</script>')
    with pytest.raises(SiteError) as raised:
        policy.protect_pages(tmp_path / "pages", theme)
    assert str(raised.value) == "topics/x.html: inline code that no template of the theme wrote: 'alert(1)'"


def test_a_page_without_a_place_for_its_policy_fails_the_build(tmp_path: Path) -> None:
    page = tmp_path / "x.html"
    page.write_text("<p>x")
    with pytest.raises(SiteError, match=r"^x\.html: no <meta charset"):
        policy.protect_pages(tmp_path, page)
