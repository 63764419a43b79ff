"""Plans as a person would: goals by name, plans by keyboard, kept, shared, taken to the calendar and back."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.plan import allowed_courses, knowledge, plan, plan_data
from moocmap.curriculum.weeks import calendar, weekly_minutes, weeks

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
"""For what cannot differ from the file system."""

FINDER = "goal=learning-rate-finder&superseded=1&start=2027-01-11"
EXCESS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def lessons(page: Any) -> list[str]:
    found: list[str] = page.locator(".mm-plan__title > a").all_inner_texts()
    return found


def picked(page: Any, name: str) -> list[str]:
    found: list[str] = page.locator(f"[data-mm-picker={name}] .mm-picked span").all_inner_texts()
    return found


def said(page: Any) -> str:
    return str(page.locator("[data-mm-said]").inner_text())


def do(page: Any, name: str) -> None:
    page.click(f"[data-mm-do={name}]")


def downloaded(page: Any, name: str) -> bytes:
    with page.expect_download() as download:
        do(page, name)
    return Path(download.value.path()).read_bytes()


def test_an_address_makes_the_whole_plan_with_its_reasons(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"en/planner.html?{FINDER}")
    page = visitor.page
    assert lessons(page) == ["1. Gradients", "Text"]
    assert said(page) == (
        "2 lessons · 2 courses · 6.3 h · 2 weeks at 5 h · 11 January 2027 to 24 January 2027"
    )
    weeks_shown = page.locator("h3.mm-plan__week").all_inner_texts()
    assert [re.sub(r"\s+", " ", week) for week in weeks_shown] == [
        "Week 1 11 – 17 January",
        "Week 2 18 – 24 January",
    ]
    first, second = page.locator(".mm-plan__lesson").all()
    assert "4.8 h*" in first.inner_text()
    assert "Prepares: Gradient · Learning rate" in first.inner_text()
    assert "Goal: Learning rate finder" in second.inner_text()
    assert "15 min of 1 h 30 min this week" in second.inner_text()
    assert page.locator(".mm-plan__more").inner_text() == "continued: Text, 1 h 15 min"
    assert "* States no hours" in page.locator(".mm-plan__remarks").inner_text()
    first.locator(".mm-plan__title a").click()
    assert page.url.endswith("en/courses/beta/week-1.html")


@pytest.mark.parametrize(
    ("locale", "typed", "found", "status"),
    [
        ("en", "step siz", "Learning rate", "1 lesson · 1 course · 4.8 h · 1 week at 5 h"),
        ("es", "TASA", "Tasa de aprendizaje", "1 lección · 1 curso · 4,8 h · 1 semana a 5 h"),
    ],
)
def test_goals_are_found_by_name_and_synonym_with_the_keyboard_alone(
    visit: Start, locale: str, typed: str, found: str, status: str
) -> None:
    visitor = visit()
    visitor.open(f"{locale}/planner.html")
    page, keyboard = visitor.page, visitor.page.keyboard
    page.focus("#mm-pick-goal")
    keyboard.type(typed)
    options = page.get_by_role("option")
    assert options.first.inner_text().startswith(found)
    assert options.first.get_attribute("id") == page.get_attribute("#mm-pick-goal", "aria-activedescendant")
    keyboard.press("Enter")
    assert picked(page, "goal") == [found]
    assert said(page).startswith(status)
    assert page.url.endswith("planner.html?goal=learning-rate")
    assert page.locator("#mm-pick-goal").evaluate("box => box === document.activeElement")
    keyboard.press("Tab")
    keyboard.press("Enter")  # the button that removes the goal
    assert picked(page, "goal") == []
    assert not lessons(page)
    assert page.locator("#mm-pick-goal").evaluate("box => box === document.activeElement")


@over_http
def test_a_list_opens_without_typing_and_leaves_out_what_is_picked(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/planner.html?goal=gradient")
    page = visitor.page
    page.click("#mm-pick-goal")
    options = page.get_by_role("option").all_inner_texts()
    assert options[0].startswith("Basics whole area, 2 topics")
    assert not any(option.startswith("Gradient") for option in options)
    page.keyboard.press("Escape")
    assert not page.locator("#mm-list-goal").is_visible()
    page.fill("#mm-pick-goal", "zzz")
    assert "Nothing here is called “zzz”" in page.locator("#mm-list-goal").inner_text()


@over_http
def test_a_whole_area_is_a_set_of_goals_without_what_nobody_teaches(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/planner.html")
    page = visitor.page
    page.get_by_role("button", name="Practice").click()
    assert said(page).startswith("None of the available courses teaches these goals: Learning rate finder")
    page.click("summary:has-text('Which courses')")
    page.check("input[name=superseded]")
    assert page.url.endswith("?area=practice&superseded=1")
    assert lessons(page) == ["1. Gradients", "Text"]
    page.click("#mm-pick-goal")
    page.get_by_role("option", name="Basics whole area").click()
    page.uncheck("input[name=superseded]")
    assert lessons(page) == ["1. Gradients"]
    assert "Left out of the areas" in page.locator(".mm-plan__remarks").inner_text()


@over_http
def test_a_goal_that_no_chosen_course_teaches_can_be_dropped_or_courses_allowed(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/planner.html?goal=ulmfit,gradient")
    page = visitor.page
    assert said(page) == "None of the available courses teaches ULMFiT."
    page.get_by_role("button", name="Allow superseded courses").click()
    assert lessons(page) == ["Text", "1. Gradients"]
    visitor.open("en/planner.html?goal=ulmfit,gradient")
    page.get_by_role("button", name="Plan without it").click()
    assert lessons(page) == ["1. Gradients"]
    assert page.url.endswith("?goal=gradient")


@over_http
def test_a_choice_of_courses_that_is_too_narrow_is_loosened_with_one_click(visit: Start) -> None:
    visitor = visit()
    visitor.open("en/planner.html?goal=gradient&free=1&language=es")
    page = visitor.page
    assert said(page) == "No course is left for the plan."
    page.get_by_role("button", name="Choose from all courses").click()
    assert lessons(page) == ["1. Gradients"]
    assert not page.is_checked("input[name=free]")
    assert page.url.endswith("?goal=gradient")


@over_http
def test_on_a_phone_the_plan_is_one_step_away(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 640})
    visitor.open(f"en/planner.html?{FINDER}")
    link = visitor.page.locator(".mm-planner__jump a")
    assert link.inner_text() == "2 lessons · 2 courses · 6.3 h"
    link.click()
    visitor.page.wait_for_function("document.querySelector('#plan').getBoundingClientRect().top < 200")
    assert visitor.page.url.endswith("start=2027-01-11&superseded=1#plan")


@over_http
def test_what_an_address_asks_for_in_vain_is_named_and_left_out(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"en/planner.html?{FINDER}&goal=nothing&know=beta,gone&depth=deep&hours-per-week=200")
    page = visitor.page
    assert "nothing called nothing, gone" in page.locator("[data-mm-told]").inner_text()
    assert picked(page, "know") == ["finished: Beta"]
    assert page.locator("#mm-hours-wrong").is_visible()
    assert page.input_value("#mm-depth") == "explains"
    assert lessons(page) == ["Text"]  # without weeks
    page.fill("input[name=hours-per-week]", "2")
    page.keyboard.press("Tab")
    assert not page.locator("#mm-hours-wrong").is_visible()
    assert "1 week at 2 h" in said(page)


def test_calendar_and_file_are_those_of_the_command_line(visit: Start, site: Path) -> None:
    visitor = visit()
    visitor.open(f"es/planner.html?{FINDER}&goal=ulmfit&know=gradient&hours-per-week=1.5")
    guide = load_guide(site.parents[1], date(2026, 11, 1))[0]
    known = knowledge(guide, ["gradient"], [])
    found = plan(guide, ["learning-rate-finder", "ulmfit"], known, allowed_courses(guide, superseded=True))
    filled = weeks(found.steps, weekly_minutes(1.5))
    assert downloaded(visitor.page, "ics") == calendar(found, filled, date(2027, 1, 11), "es")
    exported = json.loads(downloaded(visitor.page, "export"))
    assert exported["plan"] == plan_data(found)


@over_http
def test_the_command_is_that_of_the_same_plan(visit: Start) -> None:
    visitor = visit()
    visitor.open(
        f"en/planner.html?{FINDER}&know=gradient&finished=gamma-book&exclude=beta&free=1&language=en"
    )
    visitor.page.click("[data-mm-command] summary")
    assert visitor.page.locator("[data-mm-command] code").inner_text() == (
        "moocmap plan --goal learning-rate-finder --know gradient,gamma-book --hours-per-week 5 "
        "--start 2027-01-11 --exclude beta --language en --free --allow-superseded --locale en --ics plan.ics"
    )


@over_http
def test_a_plan_goes_out_as_a_file_and_comes_back(visit: Start, tmp_path: Path) -> None:
    visitor = visit()
    visitor.open(f"en/planner.html?{FINDER}&hours-per-week=3")
    page = visitor.page
    path = tmp_path / "plan.json"
    path.write_bytes(downloaded(page, "export"))
    do(page, "clear")
    assert not lessons(page)
    page.set_input_files("[data-mm-file]", path)
    page.locator("[data-mm-told]", has_text="has been read").wait_for()
    assert lessons(page) == ["1. Gradients", "Text"]
    assert page.input_value("input[name=hours-per-week]") == "3"
    path.write_text('{"format": "another"}', encoding="utf-8")
    page.set_input_files("[data-mm-file]", path)
    page.locator("[data-mm-told]", has_text="holds no plan").wait_for()
    assert lessons(page) == ["1. Gradients", "Text"]


@over_http
def test_the_link_is_copied_or_shown(visit: Start) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.open(f"en/planner.html?{FINDER}")
    do(visitor.page, "share")
    visitor.page.locator("[data-mm-told]", has_text="Copied.").wait_for()
    assert visitor.page.evaluate("navigator.clipboard.readText()") == visitor.page.url
    visitor.page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }"
    )
    do(visitor.page, "share")
    visitor.page.locator("[data-mm-told]", has_text=visitor.page.url).wait_for()


def test_a_plan_is_kept_and_followed(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"en/planner.html?{FINDER}")
    page = visitor.page
    page.get_by_role("checkbox", name="Lesson done: Text").check()
    assert "1 of 2 lessons done" in page.locator(".mm-plan__bar").inner_text()
    do(page, "save")
    assert page.locator("[data-mm-do=save]").inner_text() == "Saved"
    visitor.open("en/progress.html")
    assert "1 of 2 lessons done" in page.locator("[data-mm-plan]").inner_text()
    visitor.open("en/planner.html")  # without an address of its own the kept plan opens
    assert lessons(page) == ["1. Gradients", "Text"]
    assert page.get_by_role("checkbox", name="Lesson done: Text").is_checked()
    visitor.open("en/planner.html?goal=ulmfit")
    assert "Another plan is saved" in page.locator("[data-mm-kept]").inner_text()
    page.get_by_role("button", name="Add this one's goals to it").click()
    assert picked(page, "goal") == ["Learning rate finder", "ULMFiT"]


@over_http
def test_ticks_become_knowledge_with_one_click(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"en/planner.html?{FINDER}")
    page = visitor.page
    assert not page.locator("[data-mm-do=take]").is_visible()
    page.get_by_role("checkbox", name="Lesson done: 1. Gradients").check()
    do(page, "take")
    assert picked(page, "know") == ["finished: Beta"]
    assert lessons(page) == ["Text"]


@over_http
def test_the_other_language_keeps_the_plan(visit: Start) -> None:
    visitor = visit()
    visitor.open(f"en/planner.html?{FINDER}")
    visitor.page.click(".mm-language a")
    visitor.page.wait_for_url("**/es/planner.html?*")
    assert lessons(visitor.page) == ["1. Gradientes", "Texto"]
    assert "del 11 de enero de 2027 al 24 de enero de 2027" in said(visitor.page)


@over_http
def test_the_page_fits_a_phone_and_prints_the_plan_alone(visit: Start) -> None:
    visitor = visit(viewport={"width": 360, "height": 780})
    visitor.open(f"es/planner.html?{FINDER}")
    page = visitor.page
    page.click("summary:has-text('Qué cursos')")
    page.click("#mm-pick-goal")
    assert page.evaluate(EXCESS) <= 0
    page.emulate_media(media="print")
    assert not page.locator(".mm-planner__form").is_visible()
    assert not page.locator(".mm-plan__actions").is_visible()
    assert page.locator(".mm-plan__title").first.is_visible()
    assert page.locator(".mm-plan__asked").inner_text() == "Objetivos: Buscador de la tasa de aprendizaje"


@over_http
def test_without_scripts_the_page_says_how_to_plan(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.open("en/planner.html")
    assert not visitor.page.locator("[data-mm-planner]").is_visible()
    assert "moocmap plan --goal learning-rate " in visitor.page.inner_text("[data-mm-planner-plain]")


def hard_page(page_text: str) -> str:
    """Return the planner's page with data on which the search is long: much overlap, equal prices."""
    chance = random.Random(3)
    start = page_text.index(">", page_text.index('id="mm-planner-data"')) + 1
    end = page_text.index("</script>", start)
    data = json.loads(page_text[start:end])
    data["areas"] = [["all", "Everything"]]
    data["topics"] = [[f"t{n}", f"Topic {n}", 0, [], []] for n in range(100)]
    hard = [
        [f"l{n}", f"Lesson {n}", "", [1, 1], [4 * topic + 2 for topic in chance.sample(range(100), 6)]]
        for n in range(200)
    ]
    data["courses"] = [["c", "Course", "en", True, True, "https://example.org", hard]]
    text = json.dumps(data).replace("<", "\\u003c")
    return (page_text[:start] + text + page_text[end:]).replace(
        " data-mm-planner>", ' data-mm-planner data-mm-limit="600000">'
    )


@over_http
def test_a_long_search_leaves_the_page_alive_and_ends_honestly(visit: Start, site: Path) -> None:
    visitor = visit()
    page = visitor.page
    body = hard_page((site / "en" / "planner.html").read_text(encoding="utf-8"))
    page.route("**/en/planner.html*", lambda route: route.fulfill(body=body, content_type="text/html"))
    visitor.open("en/planner.html?area=all")
    page.locator("[data-mm-said]", has_text="Searching…").wait_for()
    page.click("#mm-pick-goal")  # the page answers meanwhile
    page.get_by_role("option", name="Topic 7 Everything").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove Everything").click()  # the next input ends the search
    assert "Choose a goal" in said(page)
    page.evaluate("document.querySelector('[data-mm-planner]').dataset.mmLimit = 2000")
    page.get_by_role("button", name="Everything").click()
    page.locator(".mm-plan .mm-notice", has_text="stopped after 2 seconds").wait_for(timeout=30_000)
    assert "lessons" in said(page)
    page.fill("input[name=hours-per-week]", "9")  # no new search
    page.keyboard.press("Tab")
    assert "weeks at 9 h" in said(page)
