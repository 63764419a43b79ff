"""Figures of benchmarks on pages: those of the records, held against their budgets, or a clear message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from moocmap.curriculum.model import Guide
from moocmap.site.benchmarks import read_benchmarks
from moocmap.site.compiled import Compiled
from moocmap.site.errors import SiteError

PAGE = """---
title: Speed
section: about
figures: [benchmarks/speed]
---

{% import "benchmarks.md" as b with context %}
# Speed

{{ b.table(benchmark_of('speed'), [('check', 'the check'), ('pages', 'the pages'), ('files', 'files')]) }}
"""
RECORD = {
    "benchmark": "speed",
    "measured": "2026-11-01",
    "hardware": "A Processor, 2 cores",
    "command": "python benchmarks/speed.py",
    "figures": {
        "check": {"value": 0.25, "unit": "s", "most": 0.5},
        "pages": {"value": 12.5, "unit": "%", "most": 10},
        "files": {"value": 1000, "unit": "files"},
    },
}


@pytest.fixture
def project(root: Path) -> Path:
    """The small guide with a page that quotes a benchmark, and the benchmark's record."""
    for path in (root / "site" / "pages").rglob("*.md"):
        if path.stem != "about":
            path.unlink()
    for locale in ("en", "es"):
        (root / "site" / "pages" / locale / "speed.md").write_text(PAGE, encoding="utf-8")
    record(root, RECORD)
    return root


def record(root: Path, data: object) -> None:
    folder = root / "benchmarks" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.json").write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")


def test_figures_stand_beside_their_budgets(guide: Guide, project: Path) -> None:
    site = Compiled(guide, [], project / "site")
    text = BeautifulSoup(site.locales["es"].text("speed"), "html.parser")
    rows = [[cell.get_text().replace("\xa0", " ") for cell in row("td")] for row in text.select("tbody tr")]
    assert rows == [
        ["0,25 s", "0,5 s", "cumplido"],
        ["12,5 %", "10 %", "no cumplido"],
        ["1000", "–", ""],
    ]
    caption = text.caption
    assert caption is not None
    assert "A Processor" in caption.get_text()
    assert "python benchmarks/speed.py" in caption.get_text()
    assert json.loads(site.exported["api/benchmarks/speed.json"]) == RECORD


def test_a_guide_without_that_benchmark_has_no_such_page(guide: Guide, project: Path) -> None:
    (project / "benchmarks" / "results" / "speed.json").unlink()
    site = Compiled(guide, [], project / "site")
    assert "speed" not in site.locales["en"].heads
    assert not [name for name in site.exported if "benchmarks" in name]


def test_a_figure_that_is_not_there_is_named_with_those_that_are(guide: Guide, project: Path) -> None:
    record(project, RECORD | {"figures": {"checks": {"value": 1, "unit": "s"}}})
    with pytest.raises(SiteError, match=r"'speed' has no figure 'check'; there are checks"):
        Compiled(guide, [], project / "site").locales["en"].text("speed")


@pytest.mark.parametrize("damaged", ["", "{", "[]", json.dumps(RECORD | {"figures": {"a": 1}}), '{"a": 1}'])
def test_a_damaged_record_is_named(project: Path, damaged: str) -> None:
    record(project, damaged)
    with pytest.raises(SiteError, match=r"benchmarks/results/speed\.json: no figures of a benchmark"):
        read_benchmarks(project)
