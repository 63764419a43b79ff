"""The planner's JavaScript finds the plans that the command line finds: equal data, equal calendars.

The definition is the docstring of `moocmap.curriculum.plan`. `MOOCMAP_PLANNER_CASES` says how many random
inputs of each kind are tried.
"""

from __future__ import annotations

import functools
import os
import random
from datetime import date
from typing import Any

import pytest

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.model import DEPTHS, Guide, Price
from moocmap.curriculum.plan import allowed_courses, knowledge, plan, plan_data
from moocmap.curriculum.set_cover import cheapest_cover
from moocmap.curriculum.weeks import calendar, weekly_minutes, weeks
from moocmap.diagnostics import UsableError
from moocmap.site.locales import Strings, load_strings
from moocmap.site.planner_data import planner_data
from moocmap.site.views import GuideView

from .places import REPOSITORY, TESTS, loaded

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TODAY = date(2026, 11, 1)
PATIENCE = 20_000
CASES = int(os.environ.get("MOOCMAP_PLANNER_CASES", "40"))

PLANS = """async ([data, inputs]) => {
  const {allowedCourses, DEPTHS, findPlan, knowledge, planData, readGuide, untaught} = await import(
    "/plan.js");
  const {calendar, weeklyMinutes, weeksOf} = await import("/weeks.js");
  const guide = readGuide(data);
  return inputs.map((input) => {
    const begun = performance.now();
    const asked = {
      goals: input.goals,
      depth: DEPTHS.indexOf(input.depth),
      prerequisites: DEPTHS.indexOf(input.prerequisites),
      known: knowledge(guide, input.know, input.finished),
      courses: allowedCourses(guide, input.taste),
    };
    const [missing] = untaught(guide, asked);
    if (missing) return {untaught: missing};
    const search = findPlan(guide, asked);
    let turn;
    do turn = search.next(); while (!turn.done);
    const weeks = weeksOf(turn.value.steps, weeklyMinutes(input.perWeek));
    const found = {plan: planData(guide, turn.value), proven: turn.value.isProven};
    const ics = calendar(found.plan.goals.map(({topic}) => topic), weeks, input.start);
    return {...found, ics, time: performance.now() - begun};
  });
}"""
COVERS = """async (problems) => {
  const {cheapestCover} = await import("/set_cover.js");
  return problems.map(({minutes, covers, wanted}) => {
    const search = cheapestCover(minutes, covers, wanted);
    let turn;
    do turn = search.next(); while (!turn.done);
    return turn.value;
  });
}"""


@pytest.fixture(scope="module")
def samples() -> Any:
    """What makes guides from a few words."""
    return loaded(TESTS / "curriculum" / "samples.py")


def some(chance: random.Random, ids: list[str], most: int) -> list[str]:
    return chance.sample(ids, min(len(ids), chance.randint(0, most)))


def random_input(chance: random.Random, guide: Guide) -> dict[str, Any]:
    """Return what a person might enter: goals also that are known, named twice or taught by nobody."""
    topics, courses = list(guide.topic_by_id), list(guide.course_by_id)
    goals = chance.sample(topics, min(len(topics), chance.choice([1, 1, 2, 3, 5, 8, 20, 60])))
    taste = {
        "only": some(chance, courses, 6) if chance.random() < 0.15 else [],
        "exclude": some(chance, courses, 3) if chance.random() < 0.3 else [],
        "language": chance.choice([None, None, None, "en", "es"]),
        "free": chance.random() < 0.25,
        "superseded": chance.random() < 0.3,
    }
    if chance.random() < 0.7:  # mostly goals that someone teaches, so that plans are found
        taught = {
            topic.id
            for course in allowed_courses(guide, **taste)
            for les in course.lessons
            for topic in les.topics
        }
        goals = [goal for goal in goals if goal in taught]
    return {
        "goals": goals + (goals[:1] if chance.random() < 0.1 else []),
        "know": some(chance, topics, 10) if chance.random() < 0.4 else [],
        "finished": some(chance, courses, 2) if chance.random() < 0.3 else [],
        "depth": chance.choice(["explains", "explains", *DEPTHS]),
        "prerequisites": chance.choice(["uses", "uses", *DEPTHS]),
        "taste": taste,
        "perWeek": chance.choice([0.5, 1, 2.25, 5, 7.3, 40]),
        "start": date(2026, 12, 28).replace(day=chance.randint(1, 28)).isoformat(),
    }


@functools.cache
def all_strings() -> dict[str, Strings]:
    return load_strings(REPOSITORY / "site" / "locales", ["en", "es"], REPOSITORY)


def by_python(guide: Guide, asked: dict[str, Any], locale: str) -> dict[str, Any]:
    known = knowledge(guide, asked["know"], asked["finished"])
    courses = allowed_courses(guide, **asked["taste"])
    depths = {name: asked[name] for name in ("depth", "prerequisites")}
    try:
        found = plan(guide, asked["goals"], known, courses, **depths)
    except UsableError as error:
        return {"untaught": str(error).split("'")[1]}
    filled = weeks(found.steps, weekly_minutes(asked["perWeek"]))
    written = calendar(found, filled, date.fromisoformat(asked["start"]), locale)
    return {"plan": plan_data(found), "ics": written.decode()}


def hold_against_each_other(
    modules: Any, guide: Guide, inputs: list[dict[str, Any]], locale: str
) -> list[float]:
    """Compare both sides on each input; return the milliseconds that the browser took."""
    data = planner_data(GuideView(guide), all_strings()[locale])
    answers = modules.evaluate(PLANS, [data, inputs])
    times = []
    for asked, answer in zip(inputs, answers, strict=True):
        expected = by_python(guide, asked, locale)
        assert answer.pop("proven", True), asked
        times.append(answer.pop("time", 0.0))
        if "plan" in expected:  # a sum's last bit depends on the version of Python
            expected["plan"]["hours"] = pytest.approx(expected["plan"]["hours"], rel=1e-12)
        assert answer == expected, asked
    return times


def test_plans_of_the_real_guide_are_equal(modules: Any) -> None:
    chance, guide = random.Random(f"real {CASES}"), load_guide(REPOSITORY, date.today())[0]
    everything = random_input(chance, guide) | {
        "know": [],
        "finished": [],
        "depth": "explains",
        "prerequisites": "uses",
        "taste": {"only": [], "exclude": [], "language": None, "free": False, "superseded": True},
    }
    taught = {topic.id for _, _, topic in guide.taught()}
    everything["goals"] = [topic.id for topic in guide.topics if topic.id in taught]
    inputs = [everything, *(random_input(chance, guide) for _ in range(CASES))]
    times = hold_against_each_other(modules, guide, inputs, chance.choice(["en", "es"]))
    middle = sorted(times)[len(times) // 2]
    print(f"{len(inputs)} inputs: {middle:.1f} ms in the middle, {max(times):.0f} ms at most")
    assert max(times) < PATIENCE, "the page would give the search up"


def test_plans_of_the_small_guide_are_equal(modules: Any) -> None:
    chance = random.Random(f"small {CASES}")
    guide = load_guide(REPOSITORY / "tests" / "site" / "guide", TODAY)[0]
    for locale in ("en", "es"):
        inputs = [random_input(chance, guide) for _ in range(CASES // 2)]
        hold_against_each_other(modules, guide, inputs, locale)


def test_plans_of_random_guides_are_equal(modules: Any, samples: Any) -> None:
    chance = random.Random(f"random {CASES}")
    for _ in range(CASES):
        guide = random_guide(chance, samples)
        hold_against_each_other(modules, guide, [random_input(chance, guide) for _ in range(3)], "en")


def random_guide(chance: random.Random, samples: Any) -> Guide:
    """Make a guide with many ties: few prices, much overlap, texts that a calendar must escape."""
    topics = [f"t{n}" for n in range(chance.randint(1, 12))]
    requires = {topic: some(chance, topics[:n], 2) for n, topic in enumerate(topics)}
    hours = chance.choice([[1.0], [None], [0.5, 1.0], [None, 0.0, 1.0, 1.5, 2.05]])
    lessons = {
        f"c{n}": [
            ({topic: chance.choice(DEPTHS) for topic in some(chance, topics, 4)}, chance.choice(hours))
            for _ in range(chance.randint(1, 6))
        ]
        for n in range(chance.randint(1, 5))
    }
    changes = {
        course: {
            "title": chance.choice(
                ["Plain", "Comma, semicolon; back\\slash \\N", "«Año» — 深層学習 🙂 " * 5]
            ),
            "language": chance.choice(["en", "es"]),
            "status": chance.choice(["current", "current", "superseded", "retired"]),
            "price": Price(free=chance.random() < 0.7),
        }
        for course in lessons
    }
    guide: Guide = samples.make_guide(requires, lessons, **changes)
    return guide


def test_covers_are_equal_where_many_tie(modules: Any) -> None:
    chance = random.Random(f"covers {CASES}")
    problems = [random_problem(chance) for _ in range(3 * CASES)]
    for problem, answer in zip(problems, modules.evaluate(COVERS, problems), strict=True):
        covers = [set(covered) for covered in problem["covers"]]
        expected = cheapest_cover(problem["minutes"], covers, set(problem["wanted"]))
        assert answer == {"chosen": expected, "isProven": True}, problem


def random_problem(chance: random.Random) -> dict[str, Any]:
    size, things = chance.choice([3, 6, 12, 25, 50]), chance.choice([3, 6, 12, 24, 40])
    widest = min(things, chance.choice([1, 2, 3, 5]))
    prices = chance.choice([[60], [0, 60], [30, 60, 90], list(range(1, 300)), [6000, 6001]])
    covers = [chance.sample(range(things), chance.randint(0, widest)) for _ in range(size)]
    covered = sorted(set().union(*covers))
    wanted = chance.sample(covered, chance.randint(0, len(covered)))
    return {"minutes": [chance.choice(prices) for _ in covers], "covers": covers, "wanted": wanted}


def test_a_search_that_may_not_go_on_has_a_set_and_says_that_it_is_not_proven(modules: Any) -> None:
    chance = random.Random(1)
    covers = [chance.sample(range(80), 5) for _ in range(160)]
    wanted = sorted(set().union(*covers))
    answer = modules.evaluate(
        """async ([covers, wanted]) => {
          const {cheapestCover} = await import("/set_cover.js");
          const search = cheapestCover(covers.map(() => 60), covers, wanted, () => false);
          let turn;
          do turn = search.next(); while (!turn.done);
          return turn.value;
        }""",
        [covers, wanted],
    )
    assert not answer["isProven"]
    assert set().union(*(covers[place] for place in answer["chosen"])) >= set(wanted)
