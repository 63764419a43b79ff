"""The catalogue of courses: what one can filter and sort them by, in the words of one locale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from moocmap.curriculum.delta import hours
from moocmap.curriculum.model import Course
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView, plain
from moocmap.site.wording import Wording

HOURS = (25, 50, 100)
"""Where one range of hours ends and the next begins."""

SORT_KEYS = ("year", "name", "hours", "price", "topics")
"""What the catalogue can be sorted by; the first is how it stands without scripts."""


@dataclass(frozen=True)
class Choice:
    """One value of a facet, and how many courses have it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Facet:
    """A property by which courses can be told apart, with the values that occur."""

    id: str
    label: str
    choices: tuple[Choice, ...]


class Catalogue:
    """The courses of a guide as the catalogue shows them."""

    def __init__(self, view: GuideView, strings: Strings) -> None:
        self.view = view
        self.t = strings
        self.say = Wording(strings)
        self._facets: dict[str, tuple[Callable[[Course], Sequence[str]], Callable[[str], object]]] = {
            "kind": (lambda course: [course.kind], lambda value: self.t(f"kind.{value}")),
            "price": (
                lambda course: ["free" if course.price.free else "paid"],
                lambda value: self.t(f"price.{value}"),
            ),
            "hours": (lambda course: [_span_of(course)], self._span_label),
            "library": (lambda course: course.libraries, self.say.library),
            "language": (lambda course: [course.language], self.say.language),
            "approach": (lambda course: [course.approach], lambda value: self.t(f"approach.{value}")),
            "emphasis": (lambda course: [course.emphasis], lambda value: self.t(f"emphasis.{value}")),
            "certificate": (
                lambda course: [course.certificate],
                lambda value: self.t(f"certificate.{value}"),
            ),
            "status": (lambda course: [course.status], lambda value: self.t(f"status.{value}")),
        }

    @property
    def courses(self) -> list[Course]:
        """All courses as they stand without scripts: those of today first, the newest first."""
        return sorted(
            self.view.guide.courses,
            key=lambda c: (c.status != "current", -c.year, plain(self.t.text(c.title))),
        )

    @property
    def facets(self) -> list[Facet]:
        """What one can filter by: properties that differ between the courses."""
        found = [
            Facet(facet_id, str(self.t(f"courses.facet.{facet_id}")), tuple(self._choices(facet_id)))
            for facet_id in self._facets
        ]
        return [facet for facet in found if len(facet.choices) > 1]

    def _choices(self, facet_id: str) -> Iterable[Choice]:
        values_of, label_of = self._facets[facet_id]
        values = [value for course in self.view.guide.courses for value in values_of(course)]
        choices = [Choice(v, str(label_of(v)), values.count(v)) for v in dict.fromkeys(values)]
        if facet_id == "hours":
            return sorted(choices, key=lambda choice: _SPANS.index(choice.value))
        return sorted(choices, key=lambda choice: (-choice.count, plain(choice.label)))

    def _span_label(self, span: str) -> object:
        if span == _UNKNOWN:
            return self.t("course.not_stated")
        low, high = _ENDS[span]
        if low is None:
            return self.t("courses.hours.up_to", high=high)
        if high is None:
            return self.t("courses.hours.over", low=low)
        return self.t("courses.hours.between", low=low, high=high)

    def replacement(self, course: Course) -> Course | None:
        """Return what to take instead of a course that is out of date."""
        newest = self.view.newest_edition(course)
        return newest if newest.id != course.id else None

    def script_data(self) -> dict[str, Any]:
        """Return what the catalogue's script needs: courses with their values, topics, and its texts."""
        topics = self.view.guide.topics
        places = {topic.id: place for place, topic in enumerate(topics)}
        return {
            "courses": [
                {
                    "id": course.id,
                    "name": self.t.text(course.short_title or course.title),
                    "outdated": course.status != "current",
                    "people": ", ".join(course.instructors),
                    "values": {
                        name: list(values_of(course)) for name, (values_of, _) in self._facets.items()
                    },
                    "keys": self._sort_keys(course),
                    "topics": [places[topic.id] for topic in self.view.coverage.topics(course.id)],
                }
                for course in self.courses
            ],
            "topics": [self.t.heading(topic.name) for topic in topics],
            "texts": self.t.below("courses.script"),
        }

    def _sort_keys(self, course: Course) -> dict[str, float | str | None]:
        span = stated_hours(course)
        return {
            "year": -course.year,
            "name": plain(self.t.text(course.title)),
            "hours": sum(span) / 2 if span else None,
            "price": 0 if course.price.free else course.price.amount,
            "topics": -len(self.view.coverage.topics(course.id)),
        }


def stated_hours(course: Course) -> tuple[float, float] | None:
    """Return how many hours a course takes: those of its lessons, else those its provider states."""
    total = hours(course.lessons)
    if not total.unstated:
        return total.low, total.high
    effort = course.effort
    if effort is None or effort.hours:
        return effort.hours if effort else None
    if effort.weeks and effort.hours_per_week:
        low, high = effort.hours_per_week
        return effort.weeks * low, effort.weeks * high
    return None


_UNKNOWN = "unknown"
_ENDS: dict[str, tuple[int | None, int | None]] = {
    f"{low or 0}-{high or ''}": (low, high) for low, high in zip((None, *HOURS), (*HOURS, None), strict=True)
}
_SPANS = (*_ENDS, _UNKNOWN)


def _span_of(course: Course) -> str:
    """Return the range of hours in which the middle of a course's own lies."""
    span = stated_hours(course)
    if span is None:
        return _UNKNOWN
    middle = sum(span) / 2
    return next(name for name, (_, high) in _ENDS.items() if high is None or middle <= high)
