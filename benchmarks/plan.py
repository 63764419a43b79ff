"""How long a plan takes on a large generated guide: 25 courses with 300 lessons, 250 topics, 10 goals.

Run `python benchmarks/plan.py`: a line for each generated guide, then the longest time. Every course walks
through the topics from basic to advanced, each in lessons of its own mixture and length.
"""

from __future__ import annotations

import random
import time

from moocmap.curriculum.model import (
    DEPTHS,
    Area,
    Course,
    Guide,
    GuideSettings,
    Lesson,
    Price,
    Range,
    TaughtTopic,
    Topic,
    Unit,
)
from moocmap.curriculum.plan import allowed_courses, knowledge, plan

TOPICS, COURSES, LESSONS, GOALS, GUIDES = 250, 25, 12, 10, 8


def generated_guide(chance: random.Random) -> Guide:
    return Guide(
        settings=GuideSettings(
            title="G", description="d", locales=["en"], areas=[Area(id="all", name="All")]
        ),
        topics=[topic(number, chance) for number in range(TOPICS)],
        courses=[course(number, chance) for number in range(COURSES)],
    )


def topic(number: int, chance: random.Random) -> Topic:
    before = range(max(0, number - 40), number)
    required = chance.sample(before, min(len(before), chance.choice([0, 1, 1, 2, 2, 3])))
    requires = [f"topic-{n}" for n in sorted(required)]
    return Topic(id=f"topic-{number}", name="n", area="all", definition="d", requires=requires)


def course(number: int, chance: random.Random) -> Course:
    return Course(
        id=f"course-{number}",
        kind="mooc",
        title="t",
        provider="P",
        instructors=["I"],
        year=2020,
        language="en",
        url="https://example.org",
        status="current",
        price=Price(free=True),
        certificate="none",
        approach="mixed",
        emphasis="balanced",
        summary="s",
        units=[Unit(id="unit", title="t", lessons=[lesson(n, chance) for n in range(LESSONS)])],
    )


def lesson(number: int, chance: random.Random) -> Lesson:
    middle = (number + chance.uniform(0, 2)) / LESSONS * TOPICS
    near = {int(chance.gauss(middle, 25)) for _ in range(chance.randint(3, 15))}
    low = chance.choice([1, 1.5, 2, 3, 4, 6])
    return Lesson(
        id=f"lesson-{number}",
        title="t",
        summary="s",
        hours=Range(low=low, high=low * 1.5, kind="derived"),
        topics=[
            TaughtTopic(id=f"topic-{n}", depth=chance.choice(DEPTHS)) for n in sorted(near) if 0 <= n < TOPICS
        ],
    )


def main() -> None:
    longest = 0.0
    for seed in range(GUIDES):
        chance = random.Random(seed)
        guide = generated_guide(chance)
        taught = sorted({taught.id for _, _, taught in guide.taught()})
        goals = chance.sample(taught, GOALS)
        start = time.perf_counter()
        found = plan(guide, goals, knowledge(guide, [], []), allowed_courses(guide))
        seconds = time.perf_counter() - start
        longest = max(longest, seconds)
        early = sum(len(step.early) for step in found.steps)
        print(f"guide {seed}: {len(found.steps)} lessons, {early} topics early, {seconds:.2f} s")
    print(f"longest: {longest:.2f} s")


if __name__ == "__main__":
    main()
