from __future__ import annotations

from typing import Any

import pytest

from moocmap.curriculum.model import Course, Effort, Guide
from moocmap.site.catalogue import SORT_KEYS, Catalogue, stated_hours
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView


def with_courses(guide: Guide, *courses: Course) -> GuideView:
    return GuideView(guide.model_copy(update={"courses": list(courses)}))


@pytest.fixture
def catalogue(guide: Guide, strings: dict[str, Strings]) -> Catalogue:
    return Catalogue(GuideView(guide), strings["en"])


def facet(catalogue: Catalogue, facet_id: str) -> list[tuple[str, str, int]]:
    (found,) = (one for one in catalogue.facets if one.id == facet_id)
    return [(choice.value, choice.label, choice.count) for choice in found.choices]


def test_courses_of_today_stand_first_and_the_newest_before_others(catalogue: Catalogue) -> None:
    assert [course.id for course in catalogue.courses] == ["beta", "gamma-book", "alpha"]


def test_facets_hold_the_values_that_occur_the_most_frequent_first(catalogue: Catalogue) -> None:
    assert facet(catalogue, "kind") == [("mooc", "Online course", 2), ("book", "Book", 1)]
    assert facet(catalogue, "price") == [("paid", "paid", 2), ("free", "free", 1)]
    assert facet(catalogue, "library") == [
        ("fastai", "fastai", 1),
        ("pytorch", "PyTorch", 1),
        ("tensorflow", "TensorFlow", 1),
    ]


def test_hours_come_in_ranges_from_few_to_many(catalogue: Catalogue) -> None:
    assert facet(catalogue, "hours") == [
        ("0-25", "up to 25 hours", 1),
        ("25-50", "25 to 50 hours", 1),
        ("unknown", "not stated", 1),
    ]


def test_what_all_courses_have_alike_is_no_facet(guide: Guide, strings: dict[str, Strings]) -> None:
    alone = Catalogue(with_courses(guide, guide.courses[0]), strings["en"])
    assert [one.id for one in alone.facets] == ["library"], "it has two libraries, and one of all else"


@pytest.mark.parametrize(
    ("effort", "expected"),
    [
        (Effort(hours=(3, 5)), (3, 5)),
        (Effort(weeks=4, hours_per_week=(2, 3)), (8, 12)),
        (Effort(weeks=4), None),
        (None, None),
    ],
)
def test_hours_of_the_provider_serve_where_lessons_state_none(
    guide: Guide, effort: Effort | None, expected: Any
) -> None:
    beta = guide.course_by_id["beta"].model_copy(update={"effort": effort})
    assert stated_hours(beta) == expected


def test_hours_of_lessons_go_before_those_of_the_provider(guide: Guide) -> None:
    assert stated_hours(guide.course_by_id["alpha"]) == (7.5, 11.5), "not 14 weeks of 7 to 10 hours"


def test_the_newest_edition_replaces_an_older_one(guide: Guide, catalogue: Catalogue) -> None:
    assert catalogue.replacement(guide.course_by_id["alpha"]) == guide.course_by_id["beta"]
    assert catalogue.replacement(guide.course_by_id["beta"]) is None


def test_the_script_gets_values_keys_and_topics(catalogue: Catalogue) -> None:
    data = catalogue.script_data()
    beta = data["courses"][0]
    assert beta["values"]["language"] == ["es"]
    assert beta["keys"] == {
        "year": -2021,
        "name": "beta specialization",
        "hours": 50,
        "price": 44,
        "topics": -2,
    }
    assert set(beta["keys"]) == set(SORT_KEYS)
    assert [data["topics"][place] for place in beta["topics"]] == ["Gradient", "Learning rate"]
    gamma = data["courses"][1]
    assert gamma["outdated"]
    assert gamma["keys"]["hours"] is None
    assert gamma["people"] == "Alan Turing"
