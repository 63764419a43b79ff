"""Hand-written pages that quote figures of experiments from their records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from moocmap.curriculum.model import Guide
from moocmap.experiments.settings.load import load_experiments
from moocmap.site.compiled import Compiled, write_pages
from moocmap.site.errors import SiteError
from moocmap.site.measured import Measured, measure

PAGE = """\
---
title: What came out
figures: [tiny]
---

{% import "answer.md" as a with context %}
{% set tiny = experiment_of('tiny') %}
# What came out

There are {{ tiny.runs_done }} runs of {{ tx(tiny.title) }}, apart by {{ a.points(0.125, true) }} points.

{{ a.reruns([tiny]) }}
"""
Write = Callable[..., dict[str, str]]


@pytest.fixture
def tiny(root: Path) -> Measured:
    return measure(root, next(one for one in load_experiments(root)[0] if one.id == "tiny"))


@pytest.fixture
def write(guide: Guide, root: Path, tmp_path: Path) -> Write:
    def written(text: str, *measured: Measured) -> dict[str, str]:
        for locale in ("en", "es"):
            (root / "site" / "pages" / locale / "told.md").write_text(text, encoding="utf-8")
        out = tmp_path / "out"
        write_pages(Compiled(guide, measured, root / "site"), out)
        return {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.md")}

    return written


def test_figures_come_from_the_records_in_the_words_of_the_locale(write: Write, tiny: Measured) -> None:
    pages = write(PAGE, tiny)
    assert "There are 6 runs of" in pages["en/told.md"]
    assert "apart by &#43;12.5 points" in pages["en/told.md"]
    assert "apart by &#43;12,5 points" in pages["es/told.md"]
    assert "<code>moocmap experiment run tiny</code>" in pages["es/told.md"]
    assert pages["en/told.md"].startswith("---\ntitle: What came out\n")


def test_a_guide_without_these_experiments_leaves_the_page_out(write: Write) -> None:
    assert "en/told.md" not in write(PAGE)
    assert "en/about.md" in write(PAGE)


def test_other_pages_are_no_templates(write: Write, tiny: Measured) -> None:
    text = PAGE.replace("figures: [tiny]\n", "")
    assert "{{ tiny.runs_done }}" in write(text, tiny)["en/told.md"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("'tiny'", "'tinny'", r"told\.md:7: no experiment 'tinny'; did you mean 'tiny'\?"),
        ("{{ tiny.runs_done }}", "{{ tiny.runs_done }", r"told\.md:10: unexpected '}'"),
        ("a.points(0.125, true)", "a.pints(0.125)", r"told\.md:10: .*pints"),
    ],
)
def test_mistakes_are_named_with_their_line(
    write: Write, tiny: Measured, old: str, new: str, message: str
) -> None:
    assert old in PAGE
    with pytest.raises(SiteError, match=message):
        write(PAGE.replace(old, new), tiny)
