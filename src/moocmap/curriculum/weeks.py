"""Spreads a plan over weeks and writes them as a calendar (iCalendar, RFC 5545)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from moocmap.curriculum.plan import Plan, Step
from moocmap.diagnostics import UsableError
from moocmap.fields import text_in

if TYPE_CHECKING:
    from icalendar import Event


@dataclass(frozen=True)
class Portion:
    """What of a lesson falls into a week."""

    step: Step
    minutes: int


def weekly_minutes(hours: float) -> int:
    """Return hours a week in whole minutes, rounded half up; at least one minute."""
    return max(1, math.floor(hours * 60 + 0.5))


def weeks(steps: Sequence[Step], per_week: int) -> list[list[Portion]]:
    """Fill one week after the other with `per_week` minutes (at least 1); a lesson may go on in the next."""
    filled: list[list[Portion]] = []
    room = 0
    for step in steps:
        left = step.minutes
        while True:
            if not room:
                filled.append([])
                room = per_week
            part = min(left, room)
            filled[-1].append(Portion(step, part))
            left, room = left - part, room - part
            if not left:  # asked at the end: a lesson of no minutes has its place too
                break
    return filled


def calendar(plan: Plan, filled: Sequence[Sequence[Portion]], start: date, locale: str) -> bytes:
    """Return an iCalendar file with one event for each week, from `start` on, in `locale`.

    An event spans its seven days and blocks none of them. The same goals give the same event identifiers, so
    that a calendar replaces the weeks of an older plan. Raises UsableError when the weeks leave the calendar.
    """
    from icalendar import Calendar

    whole = Calendar()
    whole.add("prodid", "-//moocmap//study plan//EN")
    whole.add("version", "2.0")
    name = ", ".join(goal.topic for goal in plan.goals)
    whole.add("x-wr-calname", name)
    for number, portions in enumerate(filled):
        try:
            first = start + timedelta(weeks=number)
            after = first + timedelta(weeks=1)
        except OverflowError:
            raise UsableError(f"week {number + 1} lies beyond the year 9999; start earlier") from None
        whole.add_component(_event(f"{name} {number}", portions, (first, after), start, locale))
    return bytes(whole.to_ical())


def _event(
    identity: str, portions: Sequence[Portion], span: tuple[date, date], stamp: date, locale: str
) -> Event:
    from icalendar import Event

    event = Event()
    event.add("uid", str(uuid5(NAMESPACE_URL, f"moocmap {identity}")))
    event.add("dtstamp", datetime.combine(stamp, time(), UTC))  # the same plan gives the same file
    event.add("dtstart", span[0])
    event.add("dtend", span[1])
    event.add("transp", "TRANSPARENT")
    event.add("summary", "; ".join(_title(portion, locale) for portion in portions))
    event.add("description", "\n".join(_line(portion, locale) for portion in portions))
    return event


def _title(portion: Portion, locale: str) -> str:
    course = portion.step.course
    return (
        f"{text_in(course.short_title or course.title, locale)}: {text_in(portion.step.lesson.title, locale)}"
    )


def _line(portion: Portion, locale: str) -> str:
    address = portion.step.lesson.url or portion.step.course.url
    return f"{_title(portion, locale)} ({portion.minutes} of {portion.step.minutes} min) {address}"
