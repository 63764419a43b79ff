from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from moocmap.curriculum.model import Guide
from moocmap.curriculum.order import course_order
from moocmap.site.comparison import Comparison, inversion_share
from moocmap.site.compiled import Compiled, write_pages
from moocmap.site.course_page import CoursePage
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView

REPOSITORY = Path(__file__).parents[2]


def changed(guide: Guide, **update: Any) -> Guide:
    """Return another guide; a copy would keep what the first has looked up by id."""
    return Guide(**{**{name: getattr(guide, name) for name in Guide.model_fields}, **update})


@pytest.fixture(scope="module")
def upside_down(guide: Guide) -> Guide:
    """The small guide, whose Alpha needs in its first lesson what it teaches in its second."""
    topics = [
        topic.model_copy(update={"requires": ["ulmfit"]}) if topic.id == "learning-rate" else topic
        for topic in guide.topics
    ]
    return changed(guide, topics=topics)


def test_facts_stand_in_the_order_of_the_columns_with_their_dates(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    comparison = Comparison(GuideView(guide), strings["en"])
    facts = {row.label: [(cell.text, cell.checked) for cell in row.cells] for row in comparison.facts}
    assert [course.id for course in comparison.courses] == ["beta", "alpha", "gamma-book"]
    assert facts["Price"] == [
        ("44 EUR a month", "2021"),
        ("free", "June 2020"),
        ("39.50 USD, once", ""),
    ]
    assert facts["Effort"] == [("40–60 hours", ""), ("14 weeks, 7–10 hours a week", "June 2020"), ("", "")]
    assert facts["Taught only here"] == [("1", ""), ("2", ""), ("0", "")]


def test_a_fact_that_no_course_states_has_no_row(guide: Guide, strings: dict[str, Strings]) -> None:
    courses = [course.model_copy(update={"works_with": {}, "effort": None}) for course in guide.courses]
    bare = Comparison(GuideView(changed(guide, courses=courses)), strings["en"])
    labels = {row.label for row in bare.facts}
    assert "Price" in labels
    assert not labels & {"Runs on", "Effort"}


def test_the_first_choice_is_of_today_and_online_courses_go_first(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    def first(guide: Guide) -> list[str]:
        return [course.id for course in Comparison(GuideView(guide), strings["en"]).first_choice]

    assert first(guide) == ["beta"]
    today = [course.model_copy(update={"status": "current"}) for course in guide.courses]
    assert first(changed(guide, courses=today)) == ["alpha", "beta", "gamma-book"]


def test_a_share_of_inversions_is_said_in_words_of_the_locale(
    guide: Guide, upside_down: Guide, strings: dict[str, Strings]
) -> None:
    def said(guide: Guide, course_id: str, locale: str) -> str:
        return inversion_share(strings[locale], course_order(guide, guide.course_by_id[course_id]))

    assert said(guide, "beta", "en") == "0%"
    assert said(upside_down, "alpha", "es") == "33 %", "one of three pairs"
    assert said(guide, "gamma-book", "en").startswith("It teaches no two topics")


def test_a_page_names_what_the_course_teaches_in_reverse(
    upside_down: Guide, strings: dict[str, Strings]
) -> None:
    view = GuideView(upside_down)
    (one,) = CoursePage(view, strings["en"], upside_down.course_by_id["alpha"]).reversed
    assert (one.topic.id, one.lesson, one.required.id, one.later) == ("learning-rate", 1, "ulmfit", 2)


def test_neighbours_are_editions_first_and_then_courses_of_today(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    def neighbours(guide: Guide, course_id: str) -> list[str]:
        page = CoursePage(GuideView(guide), strings["en"], guide.course_by_id[course_id])
        return [other.id for other in page.neighbours]

    assert neighbours(guide, "alpha") == ["beta"], "its new edition; the book is retired"
    assert neighbours(guide, "beta") == ["alpha"], "its old edition"
    alone = [
        course.model_copy(update={"status": "current", "superseded_by": None}) for course in guide.courses
    ]
    unrelated = changed(guide, courses=alone)
    assert neighbours(unrelated, "gamma-book") == ["beta", "alpha"], "Beta teaches gradients too"


def test_hours_of_a_part_are_summed_up_where_all_lessons_state_them(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    view = GuideView(guide)
    said = {
        course.id: CoursePage(view, strings["en"], course).hours_of(course.units[0])
        for course in guide.courses
    }
    assert said == {"alpha": "8–12 hours", "beta": "", "gamma-book": ""}


def test_a_course_page_leads_on(guide: Guide, root: Path, tmp_path: Path) -> None:
    write_pages(Compiled(guide, [], root / "site"), tmp_path / "out")
    page = html.unescape((tmp_path / "out" / "en" / "courses" / "alpha.md").read_text(encoding="utf-8"))
    links = re.findall(r'href="\.\./(\w+\.html\?[^"]*)"', page)
    assert links == [
        "compare.html?courses=alpha,beta",
        "compare.html?courses=alpha",
        "planner.html?finished=alpha",
        "planner.html?goal=gradient",
    ]
    assert "A newer edition has replaced this one" in page
    gamma = (tmp_path / "out" / "en" / "courses" / "gamma-book.md").read_text(encoding="utf-8")
    assert "No longer offered" in gamma
