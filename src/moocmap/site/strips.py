"""Each course as a strip of bars: one bar for each topic of the guide, as high as the course takes it.

Strips of several courses show at a glance where they are broad, deep or empty. Lengths are in topics across
and in `HEIGHT` units down; the page stretches both to its own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moocmap.curriculum.coverage import Coverage
from moocmap.curriculum.model import DEPTHS, Area, Course, Depth, Topic

HEIGHT = 4 * len(DEPTHS)


@dataclass(frozen=True)
class Band:
    """The part of all strips that belongs to an area: where it begins and how many topics it holds."""

    area: Area
    start: int
    size: int


@dataclass(frozen=True)
class Strip:
    """A course's bars: for each depth that it reaches, the outline of all bars of that height (SVG's `d`)."""

    course: Course
    bars: dict[Depth, str]


def bands(areas: Iterable[tuple[Area, Sequence[Topic]]]) -> list[Band]:
    """Return the areas that have topics, side by side in their order."""
    found, start = [], 0
    for area, topics in areas:
        if topics:
            found.append(Band(area, start, len(topics)))
        start += len(topics)
    return found


def strips(
    areas: Iterable[tuple[Area, Sequence[Topic]]], courses: Iterable[Course], coverage: Coverage
) -> list[Strip]:
    """Return the strip of each course over the topics of all areas, in the order of `bands`."""
    topics = [topic for _, group in areas for topic in group]
    return [_strip(course, topics, coverage) for course in courses]


def _strip(course: Course, topics: Sequence[Topic], coverage: Coverage) -> Strip:
    depths = [coverage.depth(course.id, topic.id) for topic in topics]
    bars = {}
    for rank, depth in enumerate(DEPTHS, 1):
        runs = _runs([reached == depth for reached in depths])
        height = HEIGHT * rank // len(DEPTHS)
        if runs:
            bars[depth] = "".join(f"M{x} {HEIGHT}v-{height}h{size}v{height}z" for x, size in runs)
    return Strip(course, bars)


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return where runs of true values start, and how long they are."""
    runs: list[tuple[int, int]] = []
    for x, flag in enumerate(flags):
        if flag and runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif flag:
            runs.append((x, 1))
    return runs
