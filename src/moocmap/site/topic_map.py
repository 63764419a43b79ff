"""Draws which topic needs which: the map of all topics, and for one topic what stands around it.

A drawing is made of plain numbers and texts; the templates write it as SVG.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moocmap.curriculum.coverage import Coverage
from moocmap.curriculum.model import Area, Guide, Topic
from moocmap.curriculum.prerequisites import TAUGHT, at_least
from moocmap.site.layers import Edge, Layout, layered
from moocmap.site.locales import Strings

BOX_WIDTH, COLUMN_WIDTH = 172, 222
LINE_HEIGHT, BOX_PADDING, BOX_GAP = 14, 6, 8
TEXT_WIDTH = 150.0
LANE_HEAD = 36
MARGIN = 12
AREA_COLOURS = 14
"""How many colours the style sheet has for areas; further areas begin anew."""
MOST_AROUND = 10
"""How many topics one drawing of a neighbourhood shows on each step, at most."""
_NARROW, _WIDE = frozenset("iíjltfrI.,:;'|()[]- "), frozenset("mwMWGOQ@%—")


@dataclass(frozen=True)
class Box:
    """A topic in the drawing, with its name in lines."""

    topic: Topic
    name: str
    lines: tuple[str, ...]
    x: int
    y: int
    colour: int
    is_centre: bool = False

    @property
    def height(self) -> int:
        """How high the box is."""
        return _box_height(self.lines)

    def baseline(self, number: int) -> int:
        """Return where a line of the name stands within the box, counted from 0."""
        return BOX_PADDING + 11 + number * LINE_HEIGHT


@dataclass(frozen=True)
class Line:
    """That one box (by its number) leads to another, and the SVG path between them."""

    source: int
    target: int
    path: str
    crosses_areas: bool


@dataclass(frozen=True)
class Lane:
    """The band of an area."""

    area: Area
    colour: int
    y: int
    height: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines with the size of the whole; `lanes` hold the same boxes by area, if there are any."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    lanes: tuple[Lane, ...] = ()


class TopicMap:
    """Draws the topics of a guide in the words of one locale."""

    def __init__(self, guide: Guide, t: Strings) -> None:
        self.guide = guide
        self.t = t
        self.areas = [area for area in guide.settings.areas if any(t.area == area.id for t in guide.topics)]
        self.colours = {area.id: n % AREA_COLOURS for n, area in enumerate(self.areas)}
        self._opened = _opened(guide)

    @cached_property
    def drawing(self) -> Drawing:
        """All topics, each area in a band of its own."""
        lane_of = {area.id: n for n, area in enumerate(self.areas)}
        topics = sorted(
            (t for t in self.guide.topics if t.area in lane_of), key=lambda topic: lane_of[topic.area]
        )
        drawing, layout = self._draw(topics, lanes=[lane_of[t.area] for t in topics], head=LANE_HEAD)
        lanes = tuple(
            Lane(
                area,
                self.colours[area.id],
                round(top) + MARGIN,
                round(bottom) - round(top),
                tuple(box for box in drawing.boxes if box.topic.area == area.id),
            )
            for area, (top, bottom) in zip(self.areas, layout.bands, strict=True)
        )
        return Drawing(drawing.width, drawing.height, drawing.boxes, drawing.lines, lanes)

    def script_data(self, coverage: Coverage) -> dict[str, Any]:
        """Return what the map's script cannot read from the drawing, with topics by their place in it.

        `definitions` in the order of places, for each course the places of what it teaches, and `words`.
        """
        boxes = self.drawing.boxes
        taught = {
            course.id: [
                n for n, box in enumerate(boxes) if at_least(coverage.depth(course.id, box.topic.id), TAUGHT)
            ]
            for course in self.guide.courses
        }
        definitions = [self.t.text(box.topic.definition) for box in boxes]
        return {"definitions": definitions, "courses": taught, "words": self.t.below("map.script")}

    def area_name(self, topic: Topic) -> str:
        """Return the name of a topic's area."""
        return next((self.t.text(area.name) for area in self.areas if area.id == topic.area), topic.area)

    def around(self, topic: Topic) -> Drawing | None:
        """Draw a topic with what it needs, two steps back, and what it opens; None when it stands alone."""
        direct = self._known(topic.requires)[:MOST_AROUND]
        further = self._known(r for t in direct for r in t.requires if r not in topic.requires)
        opened = self._opened[topic.id]
        shown = [topic, *direct, *further[:MOST_AROUND], *opened[:MOST_AROUND]]
        if len(shown) == 1:
            return None
        shown = list({t.id: t for t in shown}.values())
        drawing, _ = self._draw(shown, centre=topic.id)
        return drawing

    def further(self, topic: Topic) -> list[Topic]:
        """Return what a topic needs beyond what it names itself, the nearest first."""
        found = {t.id: t for t in self._known(topic.requires)}
        pending = list(found.values())
        for one in pending:
            new = [t for t in self._known(one.requires) if t.id not in found]
            found |= {t.id: t for t in new}
            pending += new
        return [t for t in found.values() if t.id not in topic.requires]

    def opens(self, topic: Topic) -> set[str]:
        """Return the ids of all topics that need this one, directly or through others."""
        found: set[str] = set()
        pending = [topic]
        while pending:
            new = [t for t in self._opened[pending.pop().id] if t.id not in found]
            found |= {t.id for t in new}
            pending += new
        return found

    def in_order(self) -> list[Topic]:
        """Return all topics, each after those that it needs and else in the order of areas and files."""
        rank = {area.id: n for n, area in enumerate(self.guide.settings.areas)}
        by_area = sorted(self.guide.topics, key=lambda topic: rank.get(topic.area, len(rank)))
        place = {topic.id: n for n, topic in enumerate(by_area)}
        missing = {topic.id: len(self._known(topic.requires)) for topic in by_area}
        ready = [place[topic.id] for topic in by_area if not missing[topic.id]]
        found = []
        while ready:
            topic = by_area[heapq.heappop(ready)]
            found.append(topic)
            for other in self._opened[topic.id]:
                missing[other.id] -= 1
                if not missing[other.id]:
                    heapq.heappush(ready, place[other.id])
        return found

    def _known(self, topic_ids: Iterable[str]) -> list[Topic]:
        known = self.guide.topic_by_id
        return [known[topic_id] for topic_id in dict.fromkeys(topic_ids) if topic_id in known]

    def _draw(
        self,
        topics: Sequence[Topic],
        lanes: Sequence[int] | None = None,
        head: float = 0.0,
        centre: str = "",
    ) -> tuple[Drawing, Layout]:
        number = {topic.id: n for n, topic in enumerate(topics)}
        edges = [(number[r], number[t.id]) for t in topics for r in t.requires if r in number]
        names = [self.t.heading(topic.name) for topic in topics]
        lines = [in_lines(name) for name in names]
        layout = layered([_box_height(part) + BOX_GAP for part in lines], edges, lanes, head)
        boxes = tuple(
            Box(
                topic,
                names[n],
                lines[n],
                MARGIN + layout.layers[n] * COLUMN_WIDTH,
                MARGIN + round(layout.middles[n] - _box_height(lines[n]) / 2),
                self.colours.get(topic.area, 0),
                topic.id == centre,
            )
            for n, topic in enumerate(topics)
        )
        return Drawing(
            2 * MARGIN + max(layout.layers, default=0) * COLUMN_WIDTH + BOX_WIDTH,
            2 * MARGIN + round(layout.height),
            boxes,
            tuple(
                _line(edge, layout, topics[edge[0]].area != topics[edge[1]].area)
                for edge in sorted(set(edges))
            ),
        ), layout


def _opened(guide: Guide) -> dict[str, list[Topic]]:
    opened: dict[str, list[Topic]] = {topic.id: [] for topic in guide.topics}
    for topic in guide.topics:
        for required in dict.fromkeys(topic.requires):
            if required in opened:
                opened[required].append(topic)
    return opened


def _box_height(lines: Collection[str]) -> int:
    return 2 * BOX_PADDING + len(lines) * LINE_HEIGHT


def _line(edge: Edge, layout: Layout, crosses_areas: bool) -> Line:
    """Draw an edge from the right side of a box to the left side of another, level where it passes layers."""
    source, target = edge
    stops = [layout.middles[source], *layout.bends[edge], layout.middles[target]]
    heights = [MARGIN + round(stop) for stop in stops]
    gap = COLUMN_WIDTH - BOX_WIDTH
    steps = [
        f"h{gap}" if a == b else f"c{gap // 2} 0 {gap // 2} {b - a} {gap} {b - a}"
        for a, b in itertools.pairwise(heights)
    ]
    x = MARGIN + layout.layers[source] * COLUMN_WIDTH + BOX_WIDTH
    return Line(source, target, f"M{x} {heights[0]}" + f"h{BOX_WIDTH}".join(steps), crosses_areas)


def in_lines(name: str) -> tuple[str, ...]:
    """Break a name into as few lines as fit into a box, of about the same length."""
    words = name.split()
    narrow = next(
        (
            width
            for width in (TEXT_WIDTH * part / 10 for part in range(4, 11))
            if len(_filled(words, width)) == len(_filled(words, TEXT_WIDTH))
        ),
        TEXT_WIDTH,
    )
    return tuple(_filled(words, narrow))


def _filled(words: Iterable[str], width: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and text_width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def text_width(text: str) -> float:
    """Return about how wide a text is at 12 pixels, in the widest of the fonts that systems have."""
    return sum(4.2 if c in _NARROW else 11 if c in _WIDE else 8.2 if c.isupper() else 7.2 for c in text)
