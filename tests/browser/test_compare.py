"""Courses side by side: the matrix, the view of two, and that it reckons as the command line does."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.coverage import Coverage, compare
from moocmap.curriculum.delta import delta, hours
from moocmap.curriculum.model import DEPTHS, Guide
from moocmap.curriculum.order import course_order
from moocmap.site import comparison
from moocmap.site.engine import build
from moocmap.site.locales import Strings
from moocmap.site.planner_data import planner_data
from moocmap.site.scripts import bundle
from moocmap.site.views import GuideView

from .places import small_guide

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
REPOSITORY = Path(__file__).parents[2]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)

RECKON = """
import {compared, hoursOf, newFor, rounded, teachingOrder} from "./pair.js";
import {readGuide} from "./plan.js";
window.pairs = (data, wanted) => {
  const guide = readGuide(data);
  const names = (places) => places.map((place) => guide.topics[place].id);
  const found = {orders: {}, pairs: {}, rounded: [0.5, 1.5, 2.5, 2.49, 12.5].map(rounded)};
  for (const course of guide.courses) {
    const {pairs, inversions} = teachingOrder(guide, course);
    const ids = (n) => course.lessons[n].id;
    found.orders[course.id] = [pairs, inversions.map((one) => [
      names([one.topic])[0], ids(one.lesson), names([one.required])[0], ids(one.later), one.isDirect])];
  }
  for (const [a, b] of wanted.map((ids) => ids.map((id) => guide.courses[guide.courseOf.get(id)]))) {
    const {shared, only, deeper} = compared(a, b);
    const gain = (one) => [b.lessons[one.lesson].id, names([one.topic])[0], one.before, one.depth];
    const added = newFor(a, b);
    const {low, high, unstated} = hoursOf(added.lessons);
    found.pairs[`${a.id} ${b.id}`] = {
      shared: names(shared), only: only.map(names), deeper: deeper.map(names),
      gains: added.gains.map(gain),
      lessons: added.lessons.map((lesson) => lesson.id), fresh: names(added.fresh), more: names(added.deeper),
      hours: [low, high, unstated],
    };
  }
  return found;
};
"""


def expected_pair(guide: Guide, coverage: Coverage, a: str, b: str) -> dict[str, Any]:
    both, added = compare(coverage, [a, b]), delta(guide, [a], b)
    rank = {None: -1} | {depth: place for place, depth in enumerate(DEPTHS)}
    total = hours(added.lessons)
    return {
        "shared": [topic.id for topic in both.shared],
        "only": [[topic.id for topic in both.exclusive[c]] for c in (a, b)],
        "deeper": [[topic.id for topic in both.deeper_in[c]] for c in (a, b)],
        "gains": [[g.lesson.id, g.topic, rank[g.before], rank[g.depth]] for g in added.gains],
        "lessons": [lesson.id for lesson in added.lessons],
        "fresh": list(added.new),
        "more": list(added.deeper),
        "hours": [total.low, total.high, len(total.unstated)],
    }


def expected_order(guide: Guide, course_id: str) -> list[Any]:
    order = course_order(guide, guide.course_by_id[course_id])
    rows = [[i.topic, i.lesson.id, i.requires, i.later.id, i.is_direct] for i in order.inversions]
    return [order.pairs, sorted(rows)]


@pytest.mark.parametrize("root", [REPOSITORY, REPOSITORY / "tests" / "site" / "guide"], ids=["real", "small"])
def test_two_courses_compare_as_on_the_command_line(root: Path, browser: Any, tmp_path: Path) -> None:
    guide, _ = load_guide(root, date.today())
    scripts = Path(shutil.copytree(REPOSITORY / "site" / "scripts", tmp_path / "scripts"))
    (scripts / "reckon.js").write_text(RECKON)
    page = browser.new_page()
    page.evaluate(bundle(scripts, "reckon.js"))
    data = planner_data(GuideView(guide), Strings("en", _Anything()))
    ids = [course.id for course in guide.courses]
    around = [*itertools.pairwise([*ids, ids[0]])]
    pairs = [*around, *((b, a) for a, b in around)]
    found = page.evaluate("([data, pairs]) => window.pairs(data, pairs)", [data, pairs])
    page.close()
    assert found["rounded"] == [round(n) for n in (0.5, 1.5, 2.5, 2.49, 12.5)]
    coverage = Coverage(guide)
    for course_id, (count, inversions) in found["orders"].items():
        assert [count, sorted(inversions)] == expected_order(guide, course_id), course_id
    for a, b in pairs:
        mine, wanted = found["pairs"][f"{a} {b}"], expected_pair(guide, coverage, a, b)
        assert mine.pop("hours") == pytest.approx(wanted.pop("hours")), (a, b)
        assert mine == wanted, (a, b)


class _Anything(dict[str, str]):
    def __contains__(self, key: object) -> bool:
        return False


def columns(page: Any, table: str = "[data-mm-matrix]") -> list[str]:
    return list(page.locator(f"{table} thead th:visible").all_inner_texts()[1:])


def topics(page: Any) -> list[str]:
    return list(page.locator("[data-mm-matrix] tbody tr:not(.mm-matrix__area) th:visible").all_inner_texts())


def rows(page: Any, mode: str) -> None:
    page.check(f"[name=rows][value={mode}]")


def test_courses_are_chosen_and_the_address_says_which(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/compare.html")
    assert columns(page) == ["Beta"], "of the courses of today there is one"
    page.check("[data-mm-choose] [value=gamma-book]")
    page.check("[data-mm-choose] [value=alpha]")
    assert columns(page) == columns(page, ".mm-matrix--facts") == ["Beta", "The Gamma Book", "Alpha"]
    assert "courses=all" in page.evaluate("location.search")
    page.click("[aria-label='Remove Beta']")
    assert columns(page) == ["The Gamma Book", "Alpha"]
    page.reload()
    assert columns(page) == ["The Gamma Book", "Alpha"], "the address keeps the choice and its order"
    assert page.locator("#pair").inner_text() == "The Gamma Book and Alpha, side by side"
    page.click("text=Swap sides")
    assert columns(page) == ["Alpha", "The Gamma Book"]
    page.click(".mm-choose__all summary")
    page.click("text=Choose all")
    assert columns(page) == ["Beta", "Alpha", "The Gamma Book"]
    assert page.locator("#pair").count() == 0


CELLS = """() => [...document.querySelectorAll("[data-mm-columns]")].map((table) => [...table.rows]
  .map((row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) => cell.outerHTML)))"""


def test_columns_that_the_page_lacks_are_made_like_those_that_it_has(
    browser: Any, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small_guide().copy_guide(tmp_path / "guide")
    monkeypatch.setattr(comparison, "MOST_CELLS", 4)
    monkeypatch.setattr(comparison, "FIRST_CHOICE", 1)
    narrow = build(root, today=small_guide().TODAY).target
    page = browser.new_page()
    shown = []
    for folder in (site, narrow):
        page.goto(f"{folder.as_uri()}/es/compare.html?courses=gamma-book,alpha,beta&rows=all")
        assert columns(page) == ["The Gamma Book", "Alpha", "Beta"]
        shown.append(page.evaluate(CELLS))
    assert page.locator("[data-mm-some]").count() == 0, "the note is for readers without scripts"
    page.click(".mm-choose__chosen li:has-text('Alpha') button")
    assert columns(page) == ["The Gamma Book", "Beta"]
    page.close()
    assert shown[0] == shown[1]
    assert "3 cursos" in (narrow / "es" / "compare.html").read_text()


@over_http
def test_rows_that_differ_areas_and_folding(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/compare.html?courses=beta,gamma-book")
    assert topics(page) == ["Gradient", "Learning rate"], "only what one of them teaches"
    rows(page, "all")
    assert len(topics(page)) == 4
    visitor.open("en/compare.html?courses=alpha,alpha,nobody&rows=differences")
    assert topics(page) == [], "one course differs from no other"
    assert "No topic fits" in page.locator("[data-mm-tools] [role=status]").inner_text()
    visitor.open("en/compare.html?courses=alpha,beta&rows=differences&area=practice")
    assert topics(page) == ["Learning rate finder", "ULMFiT"]
    assert page.locator("[data-mm-tools] [role=status]").inner_text() == "2 of 4 topics"
    head = page.get_by_role("button", name="Practice")
    head.press("Enter")
    assert head.get_attribute("aria-expanded") == "false"
    assert topics(page) == []
    head.press("Enter")
    assert len(topics(page)) == 2
    page.click("text=Collapse the areas")
    assert topics(page) == []


def test_two_courses_side_by_side(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("es/compare.html?courses=alpha,beta")
    pair = page.locator("[data-mm-pair]")
    assert pair.locator("h2").inner_text() == "Alpha y Beta, uno junto a otro"
    assert (
        pair.locator(".mm-pair__sum")
        .inner_text()
        .startswith("Ambos enseñan 1 tema. Temas que solo enseña Alpha: 2")
    )
    only = [part.inner_text() for part in pair.locator("details[open] .mm-pair__area").all()]
    assert [" ".join(part.split()) for part in only] == [
        "Práctica Buscador de la tasa de aprendizaje implementa ULMFiT explica",
        "Fundamentos Gradiente implementa",
    ]
    text = pair.inner_text()
    assert "A quien ha terminado Beta le aportan algo nuevo 1 de 2 lecciones" not in text
    assert "le aporta algo nuevo 1 lección de 2 (2 h)" in text, "1.5 hours, rounded as elsewhere"
    assert "no se indican las horas" in text
    assert "0 % (0 de 1 pares)" in text
    page.click("text=Todos los temas que enseñan ambos")
    row = pair.locator("tbody tr")
    assert (
        re.sub(r"\s+", " ", row.inner_text())
        == "Tasa de aprendizaje 1. Imágenes [y] más usa 1. 1. Gradientes explica"
    )
    row.locator("a", has_text="Gradientes").click()
    page.wait_for_url("**/es/courses/beta/week-1.html")


@over_http
def test_the_drawing_marks_the_lines_of_a_lesson_in_focus(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/compare.html?courses=alpha,beta")
    line = page.locator(".mm-slopes path")
    assert line.count() == 1
    assert line.locator("title").text_content() == "Learning rate"
    assert page.locator(".mm-slopes svg").get_attribute("aria-label").startswith("Each line joins")
    page.locator(".mm-slopes a", has_text="Images [and] more").focus()
    assert "mm-on" in (line.get_attribute("class") or "")
    page.locator(".mm-slopes a", has_text="Text").focus()
    assert "mm-on" not in (line.get_attribute("class") or "")


@over_http
def test_the_link_to_a_comparison_is_copied(visit: Start) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    visitor.open("en/compare.html?courses=alpha,beta")
    page.click("text=Copy link")
    page.locator("[data-mm-said]", has_text="Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/en/compare.html?courses=alpha,beta")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')) }")
    page.click("text=Copy link")
    shown = page.get_by_label("Copy this address:")
    assert shown.input_value().endswith("/en/compare.html?courses=alpha,beta")


@over_http
def test_without_scripts_everything_is_there(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    visitor.open("en/compare.html?courses=alpha,beta")
    assert columns(page) == columns(page, ".mm-matrix--facts") == ["Beta", "Alpha", "The Gamma Book"]
    assert len(topics(page)) == 4
    assert not page.locator("[data-mm-choose], [data-mm-tools]").first.is_visible()


@over_http
def test_a_phone_shows_that_there_is_more_to_the_side(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 780})
    page = visitor.page
    visitor.open("en/compare.html?courses=all")
    box = page.locator(".mm-scroll--tall")
    page.wait_for_function("document.querySelectorAll('.mm-cue')[1].classList.contains('mm-cue--more')")
    box.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    page.wait_for_function("!document.querySelectorAll('.mm-cue')[1].classList.contains('mm-cue--more')")
    visitor.open("en/compare.html?courses=alpha,beta")
    facts = page.locator(".mm-scroll").first
    assert facts.evaluate("box => box.scrollWidth <= box.clientWidth"), "two courses fit"


@over_http
def test_the_matrix_scrolls_under_its_head_and_beside_its_topics(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 400})
    visitor.open("en/compare.html?courses=all&rows=all")
    box = visitor.page.locator(".mm-scroll--tall")
    head, topic = box.locator("thead th").first, box.locator("tbody th:visible").last
    box.scroll_into_view_if_needed()
    before, left = head.bounding_box(), topic.bounding_box()["x"]
    moved = box.evaluate("box => { box.scrollTo(60, 60); return [box.scrollLeft, box.scrollTop] }")
    assert moved == [60, 60]
    assert head.bounding_box() == before
    assert topic.bounding_box()["x"] == left


@over_http
def test_a_course_leads_to_its_comparisons(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/alpha.html")
    page.locator(".mm-onward a", has_text="Beta").click()
    page.locator("#pair").wait_for()
    assert columns(page) == ["Alpha", "Beta"]
