"""Where the events of the history lie in time, for the drawing at the top of its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moocmap.curriculum.companions import Chapter

_MARGIN = 2.0
"""Percent of the drawing's width left free at either end, for the marks' own width."""
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_MOST_TICKS = 6


@dataclass(frozen=True)
class Strand:
    """A chapter with the places of its events, in percent of the drawing's width."""

    chapter: Chapter
    first: int
    last: int
    start: float
    end: float
    places: tuple[float, ...]


class Timeline:
    """All chapters on one scale of years."""

    def __init__(self, chapters: Sequence[Chapter]) -> None:
        years = [year for chapter in chapters for year in _years(chapter)]
        self._first, self._last = (min(years), max(years)) if years else (0, 0)
        self.strands = [self._strand(chapter) for chapter in chapters]

    def _strand(self, chapter: Chapter) -> Strand:
        first, last = min(_years(chapter)), max(_years(chapter))
        places = tuple(self.place(int(event.year[:4])) for event in chapter.events)
        return Strand(chapter, first, last, self.place(first), self.place(last), places)

    def place(self, year: int) -> float:
        """Return where a year lies, in percent."""
        part = (year - self._first) / ((self._last - self._first) or 1)
        return round(_MARGIN + part * (100 - 2 * _MARGIN), 2)

    @property
    def ticks(self) -> list[tuple[int, float]]:
        """A few round years with their places."""
        span = self._last - self._first
        step = next((step for step in _STEPS if span / step < _MOST_TICKS), _STEPS[-1])
        start = -(-self._first // step) * step
        return [(year, self.place(year)) for year in range(start, self._last + 1, step)]


def _years(chapter: Chapter) -> list[int]:
    """Return the years of a chapter's events; the last too of one that lasted."""
    return [int(year[:4]) for event in chapter.events for year in (event.year, event.until) if year]
