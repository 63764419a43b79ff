from __future__ import annotations

from collections.abc import Mapping

import pytest

from moocmap.curriculum.choose import recommend
from moocmap.curriculum.companions import Question
from moocmap.curriculum.model import Guide
from moocmap.site.chooser_data import Chooser
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView


@pytest.fixture
def free_for_all(guide: Guide) -> Guide:
    """The small guide with all its courses to choose from, and two questions."""
    questions = [
        {
            "id": "medium",
            "text": "?",
            "answers": [
                {
                    "id": "video",
                    "text": {"en": "Video", "es": "Vídeo"},
                    "effects": [
                        {"courses": {"kind": ["mooc"]}, "points": 2, "because": {"en": "a", "es": "b"}},
                        {"courses": {"max_hours": 1}, "points": 1, "because": "short"},
                        {"courses": {"free": False}, "excludes": True, "because": "paid"},
                    ],
                },
                {"id": "any", "text": "Any"},
            ],
        }
    ]
    return guide.model_copy(
        update={
            "courses": [course.model_copy(update={"status": "current"}) for course in guide.courses],
            "chooser": [Question.model_validate(question) for question in questions],
        }
    )


def test_the_script_gets_what_each_answer_means_for_which_course(
    free_for_all: Guide, strings: Mapping[str, Strings]
) -> None:
    data = Chooser(GuideView(free_for_all), strings["es"]).script_data()
    assert [course[0] for course in data["courses"]] == ["alpha", "beta", "gamma-book"]
    assert data["courses"][1][1] == "Programa Beta"
    assert (
        data["courses"][1][2]
        == "Curso en línea · Example University · 40–60 horas · 44 EUR al mes · certificado de pago"
    )
    assert data["effects"] == {
        "medium": {"video": [[2, "b", [0, 1]], [1, "short", []], [0, "paid", [1, 2]]], "any": []}
    }
    ranks = recommend(free_for_all, {"medium": "video"})
    assert [(one.course.id, one.points) for one in ranks] == [("alpha", 2), ("beta", 2), ("gamma-book", 0)]


def test_by_hand_only_effects_are_named_that_meet_a_course(
    free_for_all: Guide, strings: Mapping[str, Strings]
) -> None:
    chooser = Chooser(GuideView(free_for_all), strings["en"])
    (video, met), (other, none) = chooser.meetings(chooser.questions[0])
    assert (video, other, none) == ("Video", "Any", [])
    assert [(one.effect.points, [course.id for course in one.courses]) for one in met] == [
        (2, ["alpha", "beta"]),
        (0, ["beta", "gamma-book"]),
    ]


def test_superseded_and_retired_courses_are_no_candidates(
    guide: Guide, strings: Mapping[str, Strings]
) -> None:
    chooser = Chooser(GuideView(guide), strings["en"])
    assert [course.id for course in chooser.candidates] == ["beta"]
