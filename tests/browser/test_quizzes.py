"""Quizzes as a learner takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)

TEXTS = {
    "en": {
        "wrong": "A <b>larger</b> rate",
        "why": "The jumps would grow.",
        "some": "1 of 2 answered, 0 right",
        "end": "1 of 2 right",
        "check": "Check",
        "retry": "Start this area again",
        "count": "2 questions",
    },
    "es": {
        "wrong": "Una tasa <b>mayor</b>",
        "why": "Los saltos crecerían.",
        "some": "1 de 2 contestadas, 0 correctas",
        "end": "1 de 2 correctas",
        "check": "Comprobar",
        "retry": "Empezar de nuevo esta área",
        "count": "2 preguntas",
    },
}


@pytest.mark.parametrize("locale", ["en", "es"])
def test_a_quiz_is_taken_by_keyboard(visit: Start, locale: str) -> None:
    text = TEXTS[locale]
    visitor = visit(viewport={"width": 360, "height": 780})
    visitor.open(f"{locale}/quizzes.html")
    page = visitor.page
    score, first, second = (
        page.locator(".mm-quiz__score"),
        page.locator("#q-too-large"),
        page.locator("#q-gradient"),
    )
    assert score.inner_text() == text["count"]
    assert not page.locator(".mm-solution").first.is_visible()

    first.get_by_role("button", name=text["wrong"]).focus()
    page.keyboard.press("Enter")
    assert text["why"] in first.locator(".mm-reply__why").first.inner_text()
    assert first.locator(".mm-reply__why").count() == 2
    assert score.inner_text() == text["some"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first answer counts
    assert score.inner_text() == text["some"]

    boxes = second.get_by_role("checkbox")
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    boxes.nth(1).focus()
    page.keyboard.press("Space")
    second.get_by_role("button", name=text["check"]).focus()
    page.keyboard.press("Enter")
    assert score.inner_text() == text["end"]
    assert page.evaluate("document.activeElement.type") == "checkbox"
    again = page.locator(".mm-quiz__end a")
    assert again.count() == 1
    assert again.get_attribute("href").endswith("topics/learning-rate.html")

    page.get_by_role("button", name=text["retry"]).focus()
    page.keyboard.press("Enter")
    assert score.inner_text() == text["count"]
    assert page.locator(".mm-reply__why").count() == 0
    assert boxes.nth(0).is_checked() is False
    assert first.locator(":focus").count() == 1


@over_http
def test_all_right_answers_are_asked_for(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/quizzes.html")
    question = visitor.page.locator("#q-gradient")
    question.get_by_role("checkbox").first.check()
    question.get_by_role("button", name="Check").click()
    assert "Not quite" in question.locator(".mm-exam__said").inner_text()
    question.get_by_role("checkbox").nth(1).click(force=True)
    assert not question.get_by_role("checkbox").nth(1).is_checked()  # it is too late


def test_without_scripts_solutions_unfold(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("en/quizzes.html")
    question = visitor.page.locator("#q-too-large")
    assert question.locator(".mm-replies > li").count() == 2
    assert not question.get_by_text("The jumps would grow.").is_visible()
    question.locator("summary").click()
    assert question.get_by_text("The jumps would grow.").is_visible()
    assert "A <b>larger</b> rate" in question.locator(".mm-solution").inner_text()


@over_http
def test_a_topic_leads_to_its_questions(visit: Start) -> None:
    visitor = visit()
    visitor.open("es/topics/gradient.html")
    visitor.page.get_by_role("link", name="Autoevaluación").last.click()
    visitor.page.wait_for_url("**/quizzes.html#q-gradient")
