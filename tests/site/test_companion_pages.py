"""What the pages of references, history and quizzes show of the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moocmap.curriculum.companions import Chapter
from moocmap.curriculum.model import Guide, Reference
from moocmap.site.compiled import Compiled, write_pages
from moocmap.site.quizzes import Quizzes
from moocmap.site.timeline import Timeline
from moocmap.site.views import GuideView
from moocmap.site.works import Works


def work(key: str, kind: str, year: str = "2015", **fields: str) -> Reference:
    return Reference(key=key, kind=kind, authors=[], title=key, year=year, fields=fields)


def test_works_have_a_kind_that_readers_know(guide: Guide) -> None:
    references = [
        work("a", "inproceedings"),
        work("b", "misc", eprint="1506.01186"),
        work("c", "misc", url="https://example.org"),
        work("d", "phdthesis", "forthcoming"),
    ]
    works = Works(GuideView(guide.model_copy(update={"references": references})))
    assert [one.kind for one in works.all] == ["paper", "preprint", "web", "thesis"]
    assert works.kinds == ["paper", "thesis", "preprint", "web"]
    assert works.decades == ["2010"]
    assert works.places == ["nowhere"]


def test_works_know_where_they_are_recommended(guide: Guide) -> None:
    works = Works(GuideView(guide))
    smith = next(one for one in works.all if one.reference.key == "smith-2015")
    assert smith.places == ["topics", "courses", "history", "libraries"]
    assert [citation.address for citation in smith.citations["history"]] == ["history"]
    assert works.unverified == 1


def chapter(*years: str) -> Chapter:
    events = [{"id": f"e{n}", "year": year, "title": "x", "text": "x"} for n, year in enumerate(years)]
    return Chapter.model_validate({"id": "c", "title": "x", "summary": "x", "events": events})


def test_the_timeline_has_one_scale_for_all_strands() -> None:
    timeline = Timeline([chapter("1950", "1975-06"), chapter("1975", "2000")])
    early, late = timeline.strands
    assert (early.first, early.last) == (1950, 1975)
    assert early.places == (2.0, 50.0)
    assert late.places == (50.0, 98.0)
    assert timeline.ticks == [
        (1950, 2.0),
        (1960, 21.2),
        (1970, 40.4),
        (1980, 59.6),
        (1990, 78.8),
        (2000, 98.0),
    ]


@pytest.mark.parametrize("years", [["2001"], ["2001", "2001"], []])
def test_a_history_of_one_year_or_none_can_be_drawn(years: list[str]) -> None:
    timeline = Timeline([chapter(*years)] if years else [])
    assert all(place == 2.0 for strand in timeline.strands for place in strand.places)
    assert len(timeline.ticks) <= 1


def test_what_lasted_counts_to_its_end(guide: Guide) -> None:
    (strand,) = Timeline(guide.history).strands
    assert (strand.first, strand.last) == (1990, 2015)


def test_quizzes_stand_in_the_order_of_areas(guide: Guide) -> None:
    quiz = guide.quizzes[0]
    other = quiz.model_copy(update={"area": "practice"})
    quizzes = Quizzes(guide.model_copy(update={"quizzes": [other, quiz]}))
    assert [area.id for area, _ in quizzes.by_area] == ["basics", "practice"]
    assert [question.id for question in Quizzes(guide).of_topic("gradient")] == ["gradient"]
    assert Quizzes(guide).of_topic("ulmfit") == []


def test_a_guide_without_quizzes_has_no_page_of_them(guide: Guide, root: Path) -> None:
    written = write_pages(Compiled(guide.model_copy(update={"quizzes": []}), [], root / "site"), root / "out")
    assert "quizzes" not in written.pages["en"]
    assert "quizzes.html" not in (root / "out" / "en" / "topics" / "gradient.md").read_text(encoding="utf-8")


def test_quizzes_can_be_downloaded(guide: Guide, root: Path) -> None:
    write_pages(Compiled(guide, [], root / "site"), root / "out")
    (quiz,) = json.loads((root / "out" / "shared" / "api" / "quizzes.json").read_text(encoding="utf-8"))
    assert [question["id"] for question in quiz["questions"]] == ["too-large", "gradient"]
