"""Small guides for tests, made from a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moocmap.curriculum.model import (
    Area,
    Course,
    Guide,
    GuideSettings,
    Lesson,
    Price,
    Range,
    Term,
    Topic,
    Unit,
)

Taught = Mapping[str, str]
"""The depths of a lesson's topics by their ids."""


def make_guide(
    requires: Mapping[str, Sequence[str]],
    courses: Mapping[str, Sequence[tuple[Taught, float | None]]],
    terms: Sequence[Term] = (),
    **changes: Any,
) -> Guide:
    """Make a guide of topics with what they require, and courses with their lessons: topics and hours.

    `changes` by course id (with _ for -) override what a course says besides.
    """
    return Guide(
        settings=GuideSettings(
            title="Small guide", description="d", locales=["en", "es"], areas=[Area(id="all", name="All")]
        ),
        topics=[
            Topic(id=topic, name=topic, area="all", definition="d", requires=list(others))
            for topic, others in requires.items()
        ],
        courses=[
            make_course(name, lessons, **changes.get(name.replace("-", "_"), {}))
            for name, lessons in courses.items()
        ],
        terms=list(terms),
    )


def make_course(name: str, lessons: Sequence[tuple[Taught, float | None]], **changes: Any) -> Course:
    """Make a course whose lessons are called 1, 2, 3 …"""
    settings = {
        "id": name,
        "kind": "mooc",
        "title": name,
        "provider": "P",
        "instructors": ["I"],
        "year": 2020,
        "language": "en",
        "url": "https://example.org",
        "status": "current",
        "price": Price(free=True),
        "certificate": "none",
        "approach": "mixed",
        "emphasis": "balanced",
        "summary": "s",
    }
    unit = Unit(
        id="unit",
        title="t",
        lessons=[make_lesson(str(n), taught, hours) for n, (taught, hours) in enumerate(lessons, start=1)],
    )
    return Course.model_validate({**settings, "units": [unit], **changes})


def make_lesson(name: str, taught: Taught, hours: float | None) -> Lesson:
    """Make a lesson that takes exactly these hours, or states none."""
    return Lesson(
        id=name,
        title=f"Lesson {name}",
        summary="s",
        hours=None if hours is None else Range(low=hours, high=hours, kind="derived"),
        topics=[{"id": topic, "depth": depth} for topic, depth in taught.items()],
    )
