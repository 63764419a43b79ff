"""Answers the chooser's questions as a person would; and holds its ranking against the command line's."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from moocmap.curriculum.choose import recommend
from moocmap.curriculum.load import read_sources
from moocmap.curriculum.model import Guide
from moocmap.site.chooser_data import Chooser
from moocmap.site.engine import build
from moocmap.site.locales import load_strings
from moocmap.site.views import GuideView

from .places import REPOSITORY, small_guide

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
as_files = pytest.mark.parametrize("visit", ["file"], indirect=True)
CASES = int(os.environ.get("MOOCMAP_CHOOSER_CASES", "400"))

RANK = """async ([data, sets]) => {
  const {recommend} = await import("/chooser.js");
  return sets.map((answers) => recommend(data.courses.length, data.effects, answers).map((one) => [
    data.courses[one.place][0], one.points, one.reasons.map(({because}) => because), one.exclusions]));
}"""
QUESTIONS = """
- id: money
  text: {en: "May it cost money?", es: "¿Puede costar dinero?"}
  answers:
    - id: free
      text: {en: "No", es: "No"}
      effects: [{courses: {free: false}, excludes: true, because: {en: it has to be paid, es: es de pago}}]
    - {id: any, text: {en: "Yes", es: "Sí"}}
- id: medium
  text: {en: Video or text?, es: "¿Vídeo o texto?"}
  answers:
    - id: video
      text: {en: Video, es: Vídeo}
      effects:
        - {courses: {kind: [mooc]}, points: 2, because: {en: it is a course, es: es un curso}}
        - {courses: {kind: [book]}, points: -1, because: {en: it is a book, es: es un libro}}
    - id: text
      text: {en: Text, es: Texto}
      effects: [{courses: {kind: [book]}, points: 3, because: {en: it is a book, es: es un libro}}]
"""


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The small guide with all its three courses to choose from, and two questions; as files."""
    small = small_guide()
    root = small.copy_guide(tmp_path_factory.mktemp("chooser") / "guide")
    (root / "curriculum" / "chooser.yml").write_text(QUESTIONS, encoding="utf-8")
    for name, was in (("alpha", "superseded\nsuperseded_by: beta"), ("gamma-book", "retired")):
        path = root / "curriculum" / "courses" / f"{name}.yml"
        text = path.read_text(encoding="utf-8")
        assert f"status: {was}" in text
        path.write_text(text.replace(f"status: {was}", "status: current"), encoding="utf-8")
    return build(root, today=small.TODAY).target.as_uri()


def visitor_of(visit: Start, base: str, **options: Any) -> Any:
    visitor = visit(**options)
    visitor.base = base
    return visitor


def answers_of(chance: random.Random, guide: Guide) -> dict[str, str]:
    """Return answers to some of the questions."""
    share = chance.choice([0.2, 0.6, 1.0])
    return {
        question.id: chance.choice(question.answers).id
        for question in guide.chooser
        if chance.random() < share
    }


def ranking(guide: Guide, answers: Mapping[str, str]) -> list[list[Any]]:
    """Return what Python finds, in the form of `RANK`."""
    return [
        [
            one.course.id,
            one.points,
            [reason.text["en"] for reason in one.reasons if reason.points],
            [reason.text["en"] for reason in one.exclusions],
        ]
        for one in recommend(guide, answers)
    ]


def test_the_page_ranks_courses_as_the_command_line_does(
    modules: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = read_sources(REPOSITORY)[0].guide()
    view = GuideView(guide)
    monkeypatch.setattr("moocmap.curriculum.choose.Coverage", lambda _: view.coverage)  # made once: faster
    strings = load_strings(REPOSITORY / "site" / "locales", ["en", "es"], REPOSITORY)
    data = Chooser(view, strings["en"]).script_data()
    chance = random.Random(8)
    one_each = [{question.id: answer.id} for question in guide.chooser for answer in question.answers]
    sets = [{}, *one_each, *(answers_of(chance, guide) for _ in range(CASES))]
    found = modules.evaluate(RANK, [data, sets])
    for answers, ranks in zip(sets, found, strict=True):
        assert ranks == ranking(guide, answers), answers
    assert len({ranks[0][0] for ranks in found}) >= 5  # the sample is no monotony


@as_files
def test_answers_change_the_recommendation_and_the_address(visit: Start, three: str) -> None:
    visitor = visitor_of(visit, three)
    page = visitor.page
    visitor.open("en/chooser.html")
    choice = page.locator(".mm-choice")
    assert "as soon as one question is answered" in choice.inner_text()
    page.get_by_role("group", name="Video or text?").get_by_label("Video").check()
    assert choice.locator(".mm-choice__title").inner_text() == "Alpha Course"
    assert "it is a course" in choice.locator("[data-mm-best] .mm-reasons--for").inner_text()
    assert "With equally many points" in choice.inner_text()
    assert "Beta Specialization 2 points" in choice.locator("[data-mm-list=others]").inner_text()
    against = choice.locator("li", has_text="The Gamma Book").locator(".mm-reasons--against")
    assert against.inner_text() == "it is a book"
    assert page.url.endswith("chooser.html?medium=video")
    page.get_by_role("link", name="Compare the first 3").click()
    assert page.url.endswith("compare.html?courses=alpha,beta,gamma-book")
    page.go_back()
    assert page.get_by_label("Video").is_checked()


@as_files
def test_an_address_brings_answers_and_courses_drop_out(visit: Start, three: str) -> None:
    visitor = visitor_of(visit, three)
    page = visitor.page
    visitor.open("es/chooser.html?money=free&medium=text&other=x")
    assert page.get_by_label("Texto").is_checked()
    assert page.locator(".mm-choice__title").inner_text() == "Alpha Course"
    out = page.locator("[data-mm-list=dropped]")
    assert out.locator("summary").inner_text() == "2 cursos quedan fuera"
    out.locator("summary").click()
    names = [text.split("\n")[0].strip() for text in out.locator(".mm-ranking > li").all_inner_texts()]
    assert names == ["The Gamma Book", "Programa Beta"]
    assert "es de pago" in out.locator("li", has_text="Programa Beta").first.inner_text()
    page.get_by_role("button", name="Empezar de nuevo").click()
    assert page.url.endswith("chooser.html")
    page.get_by_label("Texto").check()
    page.click("a.mm-language__link")
    page.wait_for_url("**/en/chooser.html?medium=text")
    page.wait_for_function("document.querySelector('input[value=text]').checked")
    visitor.open("es/chooser.html")
    assert not page.locator(".mm-choice__title").is_visible()
    visitor.open("es/chooser.html?money=nonsense")
    assert page.get_by_label("Omitir esta pregunta").first.is_checked()


@as_files
def test_the_keyboard_alone_suffices_on_a_telephone(visit: Start, three: str) -> None:
    visitor = visitor_of(visit, three, viewport={"width": 360, "height": 640})
    page = visitor.page
    visitor.open("en/chooser.html")
    page.get_by_role("group", name="May it cost money?").get_by_label("Skip this question").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    assert page.get_by_label("Text", exact=True).is_checked()
    bar = page.locator("[data-mm-bar]")
    assert bar.inner_text() == "Suits best: The Gamma Book."
    bar.get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#recommendation').getBoundingClientRect().top < 300")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "The Gamma Book"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@as_files
def test_without_scripts_one_can_decide_by_hand(visit: Start, three: str) -> None:
    visitor = visitor_of(visit, three, java_script_enabled=False)
    page = visitor.page
    visitor.open("en/chooser.html")
    assert not page.locator("form.mm-questions").is_visible()
    video = page.locator(".mm-means > div", has_text="Video").first
    effects = [" ".join(text.split()) for text in video.locator("dd").all_inner_texts()]
    assert effects == ["+2 points it is a course: Alpha, Beta", "−1 points it is a book: The Gamma Book"]
    free = page.locator(".mm-means > div", has_text="it has to be paid")
    assert "drops out" in free.inner_text()
    free.get_by_role("link", name="Beta").click()
    assert page.locator("article h1").inner_text() == "Beta Specialization"
