"""Rules about dates and the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from moocmap.curriculum.companions import Libraries, Offer
from moocmap.curriculum.load import Entry, Sources
from moocmap.curriculum.rules.registry import rule
from moocmap.diagnostics import Diagnostic
from moocmap.documents import Place

FACTS_AGE_YEARS = 2


@rule("future-date", is_waivable=True)
def future_date(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """No course, event or change can have taken place in the future, nor a fact have been checked there."""
    for entry, at, moment in _moments(sources):
        if moment > today.isoformat()[: len(moment)]:
            yield entry.diagnostic("future-date", f"{moment} lies in the future", at=at)


def _moments(sources: Sources) -> Iterator[tuple[Entry[Any], Place, str]]:
    """Yield every date of the data with its place."""
    for course in sources.courses:
        yield course, ("year",), str(course.value.year)
        for index, fact in enumerate(course.value.facts):
            yield course, ("facts", index, "checked"), fact.checked
    for chapter in sources.history:
        for index, event in enumerate(chapter.value.events):
            yield chapter, ("events", index, "year"), event.year
    for change in sources.changes:
        yield change, ("date",), change.value.date
    if sources.libraries:
        for at, offer in _offers(sources.libraries.value):
            yield sources.libraries, (*at, "date"), offer.date


def _offers(libraries: Libraries) -> Iterator[tuple[Place, Offer]]:
    for s, stage in enumerate(libraries.stages):
        for a, aspect in enumerate(stage.aspects):
            for o, offer in enumerate(aspect.offers):
                yield ("stages", s, "aspects", a, "offers", o), offer


@rule("history-order", is_waivable=True)
def history_order(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The events of a chapter stand in the order of time."""
    for chapter in sources.history:
        for index, (before, event) in enumerate(pairwise(chapter.value.events), start=1):
            if event.year[:4] < before.year[:4]:
                message = f"'{event.id}' ({event.year}) stands after '{before.id}' ({before.year})"
                yield chapter.diagnostic(
                    "history-order", message, "sort the events by year", at=["events", index, "year"]
                )


@rule("changes-order", is_waivable=True)
def changes_order(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """The newest change stands first."""
    for after, entry in pairwise(sources.changes):
        if entry.value.date > after.value.date:
            newer, older = (f"'{one.value.id}' ({one.value.date})" for one in (entry, after))
            message = f"{newer} stands after {older}"
            yield entry.diagnostic("changes-order", message, "put the newest first", at=["date"])


@rule("old-fact", "warning")
def old_fact(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Facts about a course that is offered today should be looked up again every two years."""
    for entry in sources.courses:
        for index, fact in enumerate(entry.value.facts):
            age = today.year - int(fact.checked[:4])
            if entry.value.status == "current" and age > FACTS_AGE_YEARS:
                message = f"facts about {', '.join(fact.about)} were checked {age} years ago"
                hint = "look them up again and renew 'checked'"
                yield entry.diagnostic(
                    "old-fact", message, hint, at=["facts", index, "checked"], severity="warning"
                )
