from __future__ import annotations

from pathlib import Path

import pytest

from moocmap.site.links import check


def problems(folder: Path, body: str) -> list[str]:
    (folder / "sub").mkdir(exist_ok=True)
    (folder / "style.css").write_text("/* url(http://in-a-comment) */ a { background: url(data:x) }")
    (folder / "other.html").write_text('<h1 id="top">x</h1>')
    (folder / "sub" / "page.html").write_text(f"<html>\n{body}\n</html>")
    return [f"{broken.line} {broken.reason}: {broken.address}" for broken in check(folder)]


@pytest.mark.parametrize(
    "body",
    [
        '<a href="../other.html#top">x</a>',
        '<a href="#here" id="here">x</a>',
        '<a href="../other.html?goal=x&amp;hours=5#top">x</a>',
        '<svg><a href="../other.html#top"><rect id="r"/></a></svg><a href="?open=1#r">x</a>',
        '<a href="https://example.org/x#y">x</a>',
        '<a href="mailto:a@example.org">x</a>',
        '<link rel="stylesheet" href="../style.css?v=1">',
        '<img src="data:image/png;base64,AAAA"><svg><use href="#x"></use></svg>',
        '<link rel="canonical" href="https://example.org/">',
    ],
)
def test_sound_links_pass(tmp_path: Path, body: str) -> None:
    assert problems(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<a href="gone.html">x</a>', "2 no such file: gone.html"),
        ('<a href="../other.html#gone">x</a>', "2 no such anchor: ../other.html#gone"),
        ('<a href="#gone">x</a>', "2 no such anchor: #gone"),
        ('<a href="gone.html?goal=x">x</a>', "2 no such file: gone.html?goal=x"),
        ('<a href="../other.html?goal=x#gone">x</a>', "2 no such anchor: ../other.html?goal=x#gone"),
        ('<svg><a href="gone.html"><text>x</text></a></svg>', "2 no such file: gone.html"),
        ('<svg><a xlink:href="gone.html"><text>x</text></a></svg>', "2 no such file: gone.html"),
        ('<map><area href="gone.html"></map>', "2 no such file: gone.html"),
        ('<form action="gone.html"></form>', "2 no such file: gone.html"),
        ('<a href="../sub/">x</a>', "2 folder instead of a file: ../sub/"),
        ('<a href="/other.html">x</a>', "2 absolute path: /other.html"),
        ('<a href="../../x.html">x</a>', "2 outside the site: ../../x.html"),
        ('<a href="javascript:x">x</a>', "2 'javascript:' address: javascript:x"),
        ('<a href="file:///x">x</a>', "2 'file:' address: file:///x"),
        ('<img src="https://example.org/x.png">', "2 loaded from another host: https://example.org/x.png"),
        ('<script src="//example.org/x.js"></script>', "2 loaded from another host: //example.org/x.js"),
        (
            '<link rel="preconnect" href="https://example.org">',
            "2 loaded from another host: https://example.org",
        ),
        ('<p style="background: url(http://a.b/c)">', "2 loaded from another host: http://a.b/c"),
        ('<style>@import "http://a.b/c";</style>', "2 loaded from another host: http://a.b/c"),
        ('<img srcset="x.png 2x">', "2 no such file: x.png"),
        ('<a href="http://[">x</a>', "2 not an address: http://["),
    ],
)
def test_planted_mistakes_are_found(tmp_path: Path, body: str, reason: str) -> None:
    assert problems(tmp_path, body) == [reason]


def test_style_sheets_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@font-face { src: url('https://fonts.example.org/x.woff2') }")
    assert [str(broken) for broken in check(tmp_path)] == [
        "a.css:1: loaded from another host: https://fonts.example.org/x.woff2"
    ]
