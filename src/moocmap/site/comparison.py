"""The page that compares courses: their facts side by side, and what its script needs to compare two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moocmap.curriculum.model import DEPTHS, Course
from moocmap.curriculum.order import CourseOrder, course_order
from moocmap.site.locales import Strings
from moocmap.site.planner_data import planner_data
from moocmap.site.views import GuideView
from moocmap.site.wording import Wording

FIRST_CHOICE = 4
"""How many courses stand side by side before anybody has chosen."""
MOST_CELLS = 10_000
"""So many cells stand in the page itself: a browser takes seconds for five times as many.
Its script makes the columns of further courses when they are chosen."""


@dataclass(frozen=True)
class Cell:
    """A fact of one course, and when it was last checked ("" where nobody says)."""

    text: str
    checked: str = ""


@dataclass(frozen=True)
class FactRow:
    """One fact of every course, in their order."""

    label: str
    cells: tuple[Cell, ...]


class Comparison:
    """The courses of a guide side by side, in the words of one locale."""

    def __init__(self, view: GuideView, strings: Strings) -> None:
        self.view = view
        self.t = strings
        self.say = Wording(strings)

    @property
    def courses(self) -> list[Course]:
        """All courses, those of today first."""
        return self.view.courses

    @property
    def columns(self) -> list[Course]:
        """The courses that the page's tables hold: all, or as many as a browser shows at once."""
        return self.courses[: max(FIRST_CHOICE, MOST_CELLS // max(1, len(self.view.guide.topics)))]

    @property
    def others(self) -> list[Course]:
        """The courses that they do not hold."""
        return self.courses[len(self.columns) :]

    @property
    def grouped(self) -> dict[bool, list[Course]]:
        """The courses of today (True) and those that are out of date (False)."""
        return {
            current: [course for course in self.courses if (course.status == "current") == current]
            for current in (True, False)
        }

    @cached_property
    def facts(self) -> list[FactRow]:
        """What a course asks for and how it teaches; a fact that no course states is left out."""
        t, say, exclusive = self.t, self.say, self.view.exclusive
        topics = self.view.coverage.topics

        def order(course: Course) -> str:
            return str(inversion_share(t, course_order(self.view.guide, course)))

        rows: list[tuple[str, object, Callable[[Course], object]]] = [
            ("kind", t("courses.facet.kind"), lambda c: t(f"kind.{c.kind}")),
            ("provider", t("compare.provider"), lambda c: c.provider),
            ("year", t("compare.year"), lambda c: str(c.year)),
            ("status", t("facts.status"), lambda c: t(f"status.{c.status}")),
            ("hours", t("facts.hours"), say.hours_of),
            ("effort", t("facts.effort"), lambda c: say.effort(c.effort) if c.effort else ""),
            ("price", t("facts.price"), lambda c: say.price(c.price)),
            ("certificate", t("facts.certificate"), lambda c: t(f"certificate.{c.certificate}")),
            (
                "approach",
                t("facts.approach"),
                lambda c: f"{t(f'approach.{c.approach}')}, {t(f'emphasis.{c.emphasis}')}",
            ),
            ("libraries", t("facts.libraries"), say.libraries),
            ("works_with", t("facts.works_with"), say.works_with),
            ("language", t("facts.language"), lambda c: say.language(c.language)),
            ("", t("course.lessons"), lambda c: str(len(c.lessons))),
            ("", t("compare.topics"), lambda c: str(len(topics(c.id)))),
            ("", t("compare.exclusive"), lambda c: str(len(exclusive(c)))),
            ("", t("order.rate"), order),
        ]
        found = [
            FactRow(
                str(label), tuple(self._cell(course, field, str(value(course))) for course in self.courses)
            )
            for field, label, value in rows
        ]
        return [row for row in found if any(cell.text for cell in row.cells)]

    def _cell(self, course: Course, field: str, text: str) -> Cell:
        dates = [fact.checked for _, fact in self.view.facts_about(course, field)]
        return Cell(text, self.say.date(max(dates)) if dates and text else "")

    @property
    def first_choice(self) -> list[Course]:
        """The courses to begin with: those of today that teach most, online courses before books."""
        size = self.view.coverage.topics
        wanted = sorted(self.view.current_courses, key=lambda c: (c.kind != "mooc", -len(size(c.id))))
        return wanted[:FIRST_CHOICE]

    def script_data(self) -> dict[str, Any]:
        """Return what the page's script needs: all lessons with their topics, and its texts.

        `columns` names the courses that the tables hold; `more` has for each other one the cells of its
        facts (text, date) and the places of the topics that only it teaches.
        """
        depths = {f"depth.{rank}": str(self.t(f"depth.{name}")) for rank, name in enumerate(DEPTHS)}
        order = {f"order.{key}": text for key, text in self.t.below("order").items()}
        guide = planner_data(self.view, self.t)
        return {
            "guide": {key: guide[key] for key in ("areas", "topics", "courses", "estimate")},
            "columns": [course.id for course in self.columns],
            "more": {course.id: self._column(course) for course in self.others},
            "first": [course.id for course in self.first_choice],
            "texts": {**self.t.below("compare.script"), **depths, **order, **self._marks()},
        }

    def _column(self, course: Course) -> dict[str, Any]:
        place = self.courses.index(course)
        cells = [row.cells[place] for row in self.facts]
        exclusive = self.view.is_exclusive
        topics = enumerate(self.view.guide.topics)
        return {
            "facts": [[cell.text, cell.checked] for cell in cells],
            "only": [number for number, topic in topics if exclusive(course, topic.id)],
        }

    def _marks(self) -> dict[str, str]:
        keys = {"not_stated": "course.not_stated", "only_title": "only.title", "only_badge": "only.badge"}
        return {name: str(self.t(key)) for name, key in keys.items()}


def inversion_share(strings: Strings, order: CourseOrder) -> str:
    """Say how many pairs of a topic and its prerequisite a course teaches in reverse, as a percentage."""
    rate = order.inversion_rate
    if rate is None:
        return str(strings("order.none"))
    percent = round(100 * rate)
    return str(strings("order.percent_low" if rate and not percent else "order.percent", n=percent))
