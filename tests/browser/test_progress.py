"""Ticks lessons and topics, follows them to the progress page, and moves them as files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Start = Callable[..., Any]
over_http = pytest.mark.parametrize("visit", ["http"], indirect=True)
"""For what cannot differ from the file system."""

FORMAT = {"format": "moocmap-progress", "version": 1}


def box(page: Any, label: str) -> Any:
    return page.get_by_role("checkbox", name=label, exact=True)


def as_file(folder: Path, name: str = "progress.json", **content: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(FORMAT | content), encoding="utf-8")
    return path


def take(page: Any, path: Path) -> None:
    """Choose a file behind the import button."""
    with page.expect_file_chooser() as chooser:
        page.click("[data-mm-import]")
    chooser.value.set_files(path)


def exported(page: Any) -> dict[str, Any]:
    with page.expect_download() as download:
        page.click("[data-mm-export]")
    assert download.value.suggested_filename.startswith("moocmap-progress-")
    found: dict[str, Any] = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    return found


def test_a_lesson_ticked_with_the_keyboard_counts_everywhere(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/alpha.html")
    assert not page.locator(".mm-begun").is_visible()
    box(page, "Lesson done: Images [and] more").focus()
    page.keyboard.press("Space")
    assert page.locator(".mm-begun").first.inner_text().startswith("1 of 2 lessons done")
    page.get_by_role("link", name="Continue with Text").click()
    assert page.locator("article h1").inner_text() == "Text"
    assert not box(page, "I have done this lesson").is_checked()
    visitor.open("es/courses/alpha/lesson-1.html")
    assert box(page, "Esta lección está hecha").is_checked()
    visitor.open("es/courses/index.html")
    card = page.locator("article.mm-course", has_text="Alpha Course")
    assert card.locator(".mm-begun").text_content().startswith("1 de 2 lecciones hechas", 1)
    visitor.open("es/progress.html")
    assert page.locator("[data-mm-tally]").inner_text() == "1 lección hecha"
    begun = page.locator("[data-mm-state=begun]")
    assert begun.locator("h3").inner_text() == "Continuar donde se dejó"
    assert "1 de 2 lecciones hechas" in begun.inner_text()
    begun.get_by_role("link", name="Texto").click()
    assert page.locator("article h1").inner_text() == "Texto"
    box(page, "Esta lección está hecha").check()
    visitor.open("en/progress.html")
    assert "2 of 2 lessons done" in page.locator("[data-mm-state=finished]").inner_text()
    assert not page.locator("[data-mm-state=begun]").is_visible()


@over_http
def test_a_unit_is_ticked_at_once_and_says_when_some_are(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/alpha.html")
    unit = box(page, "all 2 lessons")
    unit.check()
    assert box(page, "Lesson done: Text").is_checked()
    assert not page.get_by_role("link", name="Continue with").is_visible()
    box(page, "Lesson done: Text").uncheck()
    assert unit.evaluate("box => box.indeterminate")
    page.reload()
    assert unit.evaluate("box => box.indeterminate")
    assert box(page, "Lesson done: Images [and] more").is_checked()


@over_http
def test_a_finished_lesson_offers_its_topics_but_does_not_mark_them(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/courses/alpha/lesson-2.html")
    offer = box(page, "I know the 2 topics that it explains")
    assert not offer.is_visible()
    box(page, "I have done this lesson").check()
    assert offer.is_visible()
    assert not offer.is_checked()
    assert not box(page, "Topic known: ULMFiT").is_checked()
    offer.check()
    assert box(page, "Topic known: ULMFiT").is_checked()
    visitor.open("en/topics/ulmfit.html")
    assert box(page, "I know this topic").is_checked()
    visitor.open("en/topics/index.html")
    assert page.get_by_text("2 of 2 topics known").is_visible()
    box(page, "Topic known: Learning rate finder").uncheck()
    assert page.get_by_text("1 of 2 topics known").is_visible()


def test_another_window_hears_of_a_tick(visit: Start) -> None:
    visitor = visit()
    other = visitor.page.context.new_page()
    other.goto(f"{visitor.base}/en/progress.html")
    assert other.get_by_text("Nothing is ticked yet.").is_visible()
    visitor.open("es/courses/beta.html")
    box(visitor.page, "Lección hecha: 1. Gradientes").check()
    other.get_by_text("1 lesson done", exact=False).first.wait_for()
    assert not other.get_by_text("Nothing is ticked yet.").is_visible()


@over_http
def test_progress_moves_as_a_file(visit: Start, tmp_path: Path) -> None:
    one = visit()
    one.open("en/courses/alpha.html")
    box(one.page, "Lesson done: Text").check()
    one.open("en/topics/gradient.html")
    box(one.page, "I know this topic").check()
    one.open("en/progress.html")
    data = exported(one.page)
    assert data == FORMAT | {
        "lessons": {"alpha/lesson-2": data["lessons"]["alpha/lesson-2"]},
        "topics": {"gradient": data["topics"]["gradient"]},
        "plan": None,
    }
    other = visit()
    other.open("en/progress.html")
    take(other.page, as_file(tmp_path, **data))
    other.page.get_by_text("The file has been imported: 1 lesson, 1 topic.").wait_for()
    assert "1 of 2 lessons done" in other.page.locator("[data-mm-state=begun]").inner_text()
    assert exported(other.page) == data


@over_http
def test_an_import_asks_before_it_touches_what_is_there(visit: Start, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/progress.html")
    mine = {"lessons": {"alpha/lesson-1": "2026-01-02"}, "topics": {"gradient": "2026-01-02"}, "plan": None}
    plan = {"saved": "2026-02-03", "inputs": {"goals": ["ulmfit"]}, "lessons": ["alpha/lesson-2"]}
    theirs = {
        "lessons": {"alpha/lesson-1": "2026-03-04", "beta/week-1": "2026-03-04"},
        "topics": {},
        "plan": plan,
    }
    take(page, as_file(tmp_path, "mine.json", **mine))
    page.get_by_text("1 lesson done · 1 topic known").wait_for()
    file = as_file(tmp_path, "theirs.json", **theirs)

    take(page, file)
    asked = page.get_by_role(
        "dialog", name="The file holds 2 lessons, 0 topics, a plan. This browser holds 1 lesson"
    )
    asked.wait_for()
    page.keyboard.press("Escape")
    asked.wait_for(state="detached")
    assert exported(page) == FORMAT | mine

    take(page, file)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("The file has been imported").wait_for()
    merged = {"lessons": theirs["lessons"] | mine["lessons"], "topics": mine["topics"], "plan": plan}
    assert exported(page) == FORMAT | merged
    take(page, file)
    page.get_by_role("button", name="Replace", exact=True).click()
    page.get_by_text("The file has been imported").wait_for()
    assert exported(page) == FORMAT | theirs
    take(page, file)
    page.get_by_role("button", name="Replace", exact=True).click()
    page.click("[data-mm-said] >> text=Undo")
    assert exported(page) == FORMAT | theirs


@over_http
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "“bad.json” is not a JSON file."),
        ('{"format": "another"}', "“bad.json” is a JSON file, but holds no progress"),
        ("[1]", "“bad.json” is a JSON file, but holds no progress"),
        (json.dumps(FORMAT | {"version": 2}), "“bad.json” was written by a newer version"),
        (
            json.dumps(FORMAT | {"lessons": {"a/b": 7, "c": "2026-13-01"}, "topics": ["x"]}),
            "“bad.json” holds neither ticks nor",
        ),
    ],
)
def test_a_bad_file_changes_nothing_and_is_named(visit: Start, tmp_path: Path, text: str, said: str) -> None:
    visitor = visit()
    visitor.open("en/progress.html")
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    take(visitor.page, path)
    status = visitor.page.locator("[data-mm-said]")
    status.get_by_text(said).wait_for()
    assert "Nothing has been changed." in status.inner_text()
    assert exported(visitor.page) == FORMAT | {"lessons": {}, "topics": {}, "plan": None}


@over_http
def test_everything_is_deleted_only_when_one_says_so(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("es/courses/alpha/lesson-1.html")
    box(page, "Esta lección está hecha").check()
    visitor.open("es/progress.html")
    reset = page.get_by_role("button", name="Borrar todo…")
    reset.focus()
    page.keyboard.press("Enter")
    assert "1 lección, 0 temas" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Enter")  # on "Cancelar", which has the focus
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.get_by_text("1 lección hecha", exact=True).is_visible()
    assert reset.evaluate("button => button === document.activeElement")
    reset.click()
    page.get_by_role("button", name="Borrar todo", exact=True).click()
    page.get_by_text("Se ha borrado todo.").wait_for()
    assert page.get_by_text("Aún no hay nada marcado.").is_visible()
    page.get_by_role("button", name="Deshacer").click()
    assert page.get_by_text("1 lección hecha", exact=True).is_visible()


@over_http
def test_the_saved_plan_and_what_the_guide_no_longer_has(visit: Start, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("en/progress.html")
    assert page.get_by_text("No plan is saved here yet").is_visible()
    lessons = ["beta/week-1", "old/lesson", "alpha/lesson-2"]
    plan = {"saved": "2026-02-03", "inputs": {"goals": ["ulmfit"]}, "lessons": lessons}
    marks = {"beta/week-1": "2026-03-04", "old/lesson": "2026-03-04"}
    content = {"lessons": marks, "topics": {"old-topic": "2026-03-04"}, "plan": plan}
    take(page, as_file(tmp_path, **content))
    section = page.locator("[data-mm-plan]")
    section.get_by_text("1 of 2 lessons done").wait_for()
    assert "Saved on 3 February 2026." in section.inner_text()
    assert section.get_by_role("link", name="Text", exact=True).is_visible()
    assert page.locator("[data-mm-tally]").inner_text() == "1 lesson done · 1 course finished"
    gone = page.locator("[data-mm-gone]").inner_text()
    assert gone.startswith("2 ticks belong to")
    assert gone.endswith("old/lesson, old-topic")
    assert exported(page) == FORMAT | content


@over_http
def test_a_browser_that_keeps_nothing_is_named(visit: Start) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }"
    )
    visitor.open("en/topics/index.html")
    box(page, "Topic known: Gradient").check()
    assert page.get_by_text("1 of 2 topics known").is_visible()
    visitor.open("en/progress.html")
    assert page.get_by_text("This browser keeps nothing for this site").is_visible()


@over_http
def test_without_scripts_there_are_lists_and_no_boxes(visit: Start) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    for path in ("courses/alpha", "courses/alpha/lesson-1", "topics/index", "topics/gradient", "progress"):
        visitor.open(f"en/{path}.html")
        assert page.locator("article :is(input, progress, button):visible").count() == 0
    assert page.get_by_text("needs JavaScript").is_visible()
    assert page.get_by_role("link", name="Alpha Course").is_visible()
    assert page.get_by_text("2 topics").first.is_visible()


@over_http
@pytest.mark.parametrize("has_scripts", [True, False])
def test_paper_has_boxes_for_a_pencil_and_no_controls(visit: Start, has_scripts: bool) -> None:
    visitor = visit(java_script_enabled=has_scripts)
    page = visitor.page
    page.emulate_media(media="print")
    visitor.open("en/courses/alpha.html")
    boxes = page.locator(".mm-lessons input")
    assert boxes.count() == 2
    assert [one.bounding_box()["width"] > 8 for one in boxes.all()] == [True, True]
    for control in (".md-header", ".mm-group", ".mm-crumbs", ".mm-next", "button"):
        assert page.locator(f"{control}:visible").count() == 0, control
    address = page.locator(".mm-byline a.mm-button").evaluate(
        "link => getComputedStyle(link, '::after').content"
    )
    assert "https://example.org/alpha" in address
    visitor.open("en/compare.html")
    assert page.locator(".mm-scroll").first.evaluate("box => getComputedStyle(box).overflow") == "visible"
