from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from moocmap.curriculum.model import Course, Guide, Topic
from moocmap.site.lesson_views import (
    builds_on,
    built_upon_by,
    depth_counts,
    missing,
    needs,
    neighbours_in_area,
    onward,
    successor,
    teaching_of,
)
from moocmap.site.locales import Strings
from moocmap.site.pages import Origins, shared_data, site_pages
from moocmap.site.rendering import environment, render
from moocmap.site.views import GuideView, LessonPlace

TEMPLATES = Path(__file__).parents[2] / "site" / "templates"


def page_of(guide: Guide, t: Strings, path: str) -> BeautifulSoup:
    view = GuideView(guide)
    page = next(page for page in site_pages(view, t, [], Origins()) if page.path == path)
    text = render(page, environment(TEMPLATES), t, shared_data(view, t, [], Origins()))
    return BeautifulSoup(text, "html.parser")


def lesson(lesson_id: str, **depths: str) -> dict[str, Any]:
    topics = [{"id": topic.replace("_", "-"), "depth": depth} for topic, depth in depths.items()]
    return {"id": lesson_id, "title": lesson_id.title(), "summary": "x", "topics": topics}


def course(guide: Guide, course_id: str, lessons: list[dict[str, Any]], **changes: object) -> Course:
    """Make a current course like the first of the small guide, but with other lessons."""
    units = [{"id": "u", "title": "u", "lessons": lessons}]
    names = {"id": course_id, "short_title": course_id.title(), "status": "current", "superseded_by": None}
    return Course.model_validate(
        {
            **guide.courses[0].model_dump(by_alias=True),
            **names,
            "prerequisites": [],
            "units": units,
            **changes,
        }
    )


@pytest.fixture
def school(guide: Guide) -> Guide:
    """Topics a ← b ← c; a top-down course, its old edition, and two others that teach the same."""
    topics = [
        Topic(id=i, name=i, area="basics", definition="x", requires=requires)
        for i, requires in (("a", []), ("b", ["a"]), ("c", ["b", "a"]))
    ]
    courses = [
        course(
            guide,
            "old",
            [lesson("o1", c="uses"), lesson("o2", a="uses")],
            superseded_by="top",
            status="superseded",
        ),
        course(
            guide,
            "top",
            [lesson("t1", c="uses"), lesson("t2", b="explains"), lesson("t3", a="explains", c="explains")],
        ),
        course(guide, "theory", [lesson("h1", a="explains"), lesson("h2", c="explains")], emphasis="theory"),
        course(guide, "practice", [lesson("p1", a="uses", c="mentions"), lesson("p2", c="implements")]),
    ]
    return Guide(settings=guide.settings, courses=courses, topics=topics)


def place(guide: Guide, course_id: str, lesson_id: str) -> tuple[GuideView, LessonPlace]:
    view = GuideView(guide)
    found = next(p for p in view.places if (p.course.id, p.lesson.id) == (course_id, lesson_id))
    return view, found


def test_a_lesson_needs_what_its_topics_require_and_earlier_lessons_did_not_teach(school: Guide) -> None:
    found = needs(*place(school, "top", "t1"))
    assert [(need.topic.id, need.earlier, need.later and need.later.id) for need in found] == [
        ("b", None, "t2"),
        ("a", None, "t3"),
    ]
    assert [topic.id for need in found for topic in need.wanted_by] == ["c", "c"]


def test_what_earlier_lessons_taught_is_not_missing(school: Guide) -> None:
    found = needs(*place(school, "top", "t3"))
    assert missing(found) == []
    assert [(earlier.id, [t.id for t in topics]) for earlier, topics in builds_on(found)] == [("t2", ["b"])]
    assert [later.id for later, _ in built_upon_by(*place(school, "top", "t2"))] == ["t3"]


def test_a_mention_needs_nothing_and_teaches_nothing(school: Guide) -> None:
    assert needs(*place(school, "practice", "p1")) == []
    assert [need.topic.id for need in missing(needs(*place(school, "practice", "p2")))] == ["b"]


def test_a_topic_goes_on_deeper_and_in_practice(school: Guide) -> None:
    view, here = place(school, "theory", "h2")
    (taught,) = view.lesson_topics(here)
    found = onward(view, here, taught)
    assert [one.lesson.id for one in found.deeper] == ["p2"]
    assert [one.lesson.id for one in found.practice] == ["t1"]


def test_a_topic_goes_on_in_the_same_course_first_and_never_in_a_course_of_yesterday(school: Guide) -> None:
    view, here = place(school, "top", "t1")
    (taught,) = view.lesson_topics(here)
    found = onward(view, here, taught)
    assert [one.lesson.id for one in found.deeper] == ["t3", "p2", "h2"]
    assert found.practice == ()


def test_a_lesson_of_an_old_edition_leads_to_the_closest_of_the_new_one(school: Guide) -> None:
    newer = successor(*place(school, "old", "o2"))
    assert newer
    assert (newer.course.id, newer.lesson and newer.lesson.id, newer.shared) == ("top", "t3", 1)
    assert successor(*place(school, "top", "t1")) is None


def test_where_the_data_name_the_successor_it_is_that_one(guide: Guide, strings: dict[str, Strings]) -> None:
    page = page_of(guide, strings["en"], "courses/alpha/lesson-1")
    notice = page.select_one(".mm-notice")
    assert notice
    assert notice.text.startswith(
        "Alpha has been replaced by Beta. The lesson there that comes closest: 1. Gradients."
    )
    assert "shares 1 topic" in notice.text
    assert [link["href"] for link in notice.select("a")] == ["../beta.html", "../beta/week-1.html"]


def test_a_lesson_without_a_counterpart_leads_to_the_course(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    notice = page_of(guide, strings["es"], "courses/alpha/lesson-2").select_one(".mm-notice")
    assert notice
    assert "no tiene ninguna lección sobre estos temas" in notice.text


def test_a_lesson_of_a_retired_course_says_so(guide: Guide, strings: dict[str, Strings]) -> None:
    notice = page_of(guide, strings["en"], "courses/gamma-book/chapter-1").select_one(".mm-notice")
    assert notice
    assert notice.text == "The Gamma Book is no longer offered: links may be dead and code outdated."


def test_a_lessons_page_shows_needs_onward_ways_and_builders(
    school: Guide, strings: dict[str, Strings]
) -> None:
    page = page_of(school, strings["en"], "courses/top/t1")
    said = [" ".join(item.text.split()) for item in page.select(".mm-needs li")]
    assert [one.removeprefix("Topic known: ") for one in said] == [
        "B B comes later, in T2",
        "A A comes later, in T3",
    ]
    (row,) = page.select(".mm-onward tbody tr")
    assert [" ".join(str(link["href"]) for link in cell.select("a")) for cell in row.select("td")][1:] == [
        "t3.html ../practice/p2.html ../../topics/c.html#taught",
        "",
    ]
    after = page_of(school, strings["en"], "courses/top/t2").select_one("#leads-to, .mm-needs--wide")
    assert after
    assert "T3 needs from here: b" in " ".join(after.text.split())


# Topics ---------------------------------------------------------------------------------------------


def test_a_topics_courses_stand_the_deepest_first_and_those_of_yesterday_apart(school: Guide) -> None:
    view = GuideView(school)
    current, older = teaching_of(view, school.topic_by_id["c"])
    assert [(one.course.id, one.depth) for one in current] == [
        ("practice", "implements"),
        ("top", "explains"),
        ("theory", "explains"),
    ]
    assert [one.course.id for one in older] == ["old"]
    assert depth_counts(current) == [("implements", 1), ("explains", 2)]


def test_the_topics_before_and_after_are_of_the_same_area(guide: Guide) -> None:
    view = GuideView(guide)
    before, after = neighbours_in_area(view, guide.topic_by_id["learning-rate"])
    assert (before and before.id, after) == ("gradient", None)
    assert (
        neighbours_in_area(view, guide.topic_by_id["ulmfit"])[0] == guide.topic_by_id["learning-rate-finder"]
    )


def test_a_topics_page_leads_to_planner_and_map_and_says_hours(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    page = page_of(guide, strings["en"], "topics/learning-rate-finder")
    assert [link["href"] for link in page.select(".mm-actions a")] == [
        "../planner.html?goal=learning-rate-finder",
        "../map.html?topic=learning-rate-finder&only=1",
    ]
    assert "No current course teaches it" in page.text
    old = page.select_one("details[open] table")
    assert old
    assert "1.5 hours" in old.text
    assert "emphasis on practice" in old.text


def test_the_list_of_topics_counts_areas_and_says_how_far_courses_of_today_go(
    guide: Guide, strings: dict[str, Strings]
) -> None:
    page = page_of(guide, strings["en"], "topics/index")
    assert [" ".join(link.text.split()) for link in page.select(".mm-topics__areas a")] == [
        "Basics 2",
        "Practice 2",
    ]
    items = {item.select("a")[0].text: item for item in page.select(".mm-topic-list > li")}
    assert "1 course" in items["Gradient"].text
    assert items["Gradient"].select_one(".mm-depth--implements")
    assert "no course" in items["ULMFiT"].text
    assert "A way to fine-tune language models." in items["ULMFiT"].text
