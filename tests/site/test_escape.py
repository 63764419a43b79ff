from __future__ import annotations

from pathlib import Path

import jinja2
import markdown
import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markupsafe import Markup

from moocmap.site.escape import block, inline, printed, visible, web_address
from moocmap.site.rendering import environment

MKDOCS = yaml.safe_load((Path(__file__).parents[2] / "mkdocs.yml").read_text(encoding="utf-8"))
EXTENSIONS = list(MKDOCS["markdown_extensions"])

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="*_`[](){}<>&#!|~^$\\\"'-+=:.;/ 0123456789\n\tax\x02\x03\u2028", max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "{{ 7 * 7 }} {% raw %}",
            "# no heading",
            "- no list",
            "1. no list",
            "12) no list",
            "+ a",
            "=====",
            "> no quote",
            "    no code",
            "```\ncode",
            "~~~",
            "[a](javascript:x)",
            "![a](b)",
            "<http://x.y>",
            "&amp; &#42;",
            "a | b\n--|--",
            "{: #id }",
            "{ .class }",
            "---\ntitle: x\n---",
            "[^1]",
            "*[HTML]: x",
            ": no definition",
            "a  \nb",
            "\\* \\\\",
            '" onclick="x',
            "' x='",
            "klzzwxh:0",
            "\x02wzxhzdk:0\x03",
            "-->",
            "<!-- x",
            "]]>",
            "!!! note",
            "--8<-- 'x'",
            "a@b.cd",
        ]
    ),
)
PLACES = {
    "paragraph": ("{}\n", "p"),
    "within a line": ("before {} after\n", "p"),
    "heading": ("## {} {{ #anchor }}\n", "h2"),
    "list item": ("- {}\n", "li"),
    "raw block": ("<div>\n<span>{}</span>\n</div>\n", "span"),
    "raw inline": ("x <b>{}</b> y\n", "b"),
    "table cell": ("| a | b |\n|---|---|\n| {} | c |\n", "td"),
}
ALLOWED = {"p", "h2", "ul", "li", "div", "span", "b", "table", "thead", "tbody", "tr", "th", "td"}


def rendered(source: str) -> BeautifulSoup:
    return BeautifulSoup(markdown.markdown(source, extensions=EXTENSIONS), "html.parser")


@pytest.mark.parametrize("place", PLACES)
@given(text=HOSTILE)
def test_a_reader_sees_the_text_itself_and_no_element_is_made(place: str, text: str) -> None:
    frame, tag = PLACES[place]
    wanted = visible(text).strip()
    assume(wanted)
    page = rendered(frame.format(inline(text)))
    seen = page.find(tag)
    assert seen is not None
    shown = visible(seen.get_text()).strip()
    if place == "within a line":
        assert shown == visible(f"before {text} after").strip()
    else:
        assert shown == wanted
    assert {element.name for element in page.find_all()} <= ALLOWED
    assert not {name for element in page.find_all() for name in element.attrs} - {"id"}


@given(text=HOSTILE)
@example(text='" onmouseover="alert(1)')
def test_a_quoted_attribute_holds_the_text(text: str) -> None:
    source = f'<div>\n<span title="{inline(text)}">x</span>\n</div>\n\ny <b title="{inline(text)}">z</b>\n'
    page = rendered(source)
    for tag in ("span", "b"):
        element = page.find(tag)
        assert element is not None
        assert list(element.attrs) == ["title"]
        assert element["title"] == visible(text)


@given(text=HOSTILE)
def test_a_template_need_not_think_of_it(text: str) -> None:
    templates = environment(Path("nowhere"))
    template = templates.from_string("{{ text }}")
    assert template.render(text=text) == str(inline(text))


def test_code_keeps_its_lines() -> None:
    code = "a <b>\n\n  *c*"
    assert rendered(f"<pre><code>{block(code)}</code></pre>\n").get_text().strip() == code


def test_markup_passes_and_nothing_is_a_mistake() -> None:
    assert printed(Markup("<b>")) == "<b>"
    with pytest.raises(TypeError, match="prints None"):
        printed(None)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        environment(Path("nowhere")).from_string("{{ typo }}").render()


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://example.org/a?b=c&d=%20#e", "https://example.org/a?b=c&d=%20#e"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://es.wikipedia.org/wiki/Año", "https://es.wikipedia.org/wiki/A%C3%B1o"),
        ("javascript:alert(1)", None),
        (" data:text/html,x", None),
        ("//example.org", None),
        ("https://", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(address: str | None, safe: str | None) -> None:
    assert web_address(address) == safe
