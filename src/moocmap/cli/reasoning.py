"""Commands that reason about courses: order, delta, plan."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from moocmap import tables
from moocmap.cli.common import counted, fail, known_or_fail, out, root_of, say, today, usable_guide
from moocmap.cli.curriculum import FormatOption, LocaleOption, known_locale
from moocmap.curriculum.delta import Gain, hours
from moocmap.curriculum.delta import delta as find_delta
from moocmap.curriculum.load import Sources, read_sources
from moocmap.curriculum.model import Depth, Guide, Lesson
from moocmap.curriculum.order import CourseOrder, Inversion, course_order, place_of_lesson, place_of_topic
from moocmap.curriculum.plan import Plan, allowed_courses, knowledge, plan_data
from moocmap.curriculum.plan import plan as find_plan
from moocmap.curriculum.weeks import Portion, calendar, weekly_minutes, weeks
from moocmap.diagnostics import did_you_mean
from moocmap.fields import text_in
from moocmap.files import write_atomically
from moocmap.tables import Format

HOURS_OF_A_WEEK = 168


def order(
    context: typer.Context,
    *,
    courses: Annotated[
        list[str] | None, typer.Argument(help="Course ids; all courses when left out.")
    ] = None,
    rates: Annotated[
        bool, typer.Option("--rates", help="Only how often each course does it: its inversion rate.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Also prerequisites of prerequisites, not only direct ones.")
    ] = False,
    depth: Annotated[
        Depth, typer.Option("--depth", "-d", help="From this depth on a lesson counts as teaching a topic.")
    ] = "uses",
    form: FormatOption = Format.TABLE,
) -> None:
    """Show topics that a course teaches before their prerequisites, and how often it does.

    The inversion rate is the part of all pairs of a topic and something it requires, directly or through
    others, that a course begins in the wrong order: near 0 for bottom-up courses, higher for top-down ones.
    """
    guide = usable_guide(context)
    ids = courses or list(guide.course_by_id)
    known_or_fail("course", ids, guide.course_by_id)
    found = [course_order(guide, guide.course_by_id[course_id], depth) for course_id in ids]
    if rates:
        tables.show([_rate(one) for one in found], form, out)
        return
    sources, _ = read_sources(root_of(context))
    shown = [i for one in found for i in one.inversions if i.is_direct or everything]
    rows = [_inversion(sources, one) for one in shown]
    if form is not Format.TABLE:
        tables.show(rows, form, out)
        return
    for row in rows:  # a line each, as check does: editors and terminals make places links
        say(f"{row['taught at']}: {row['topic']} before {row['requires']}, which comes at {row['comes at']}")
    for one in found:
        say(f"{one.course.id}: {_in_words(one)}")


def _inversion(sources: Sources, one: Inversion) -> tables.Row:
    return {
        "topic": one.topic,
        "taught at": place_of_topic(sources, one.course, one.lesson, one.topic),
        "requires": one.requires,
        "comes at": place_of_lesson(sources, one.course, one.later),
    }


def _rate(one: CourseOrder) -> tables.Row:
    return {
        "course": one.course.id,
        "approach": one.course.approach,
        "pairs": one.pairs,
        "inverted": len(one.inversions),
        "inversion rate": math.nan if one.inversion_rate is None else round(one.inversion_rate, 3),
    }


def _in_words(one: CourseOrder) -> str:
    if one.inversion_rate is None:
        return "no topic together with one it requires, so no inversion rate"
    wrong = f"{len(one.inversions)} of {counted(one.pairs, 'pair')} in the wrong order"
    return f"{wrong}, inversion rate {one.inversion_rate:.3f}"


def delta(
    context: typer.Context,
    courses: Annotated[
        list[str], typer.Argument(help="Course ids: those that are finished, and last the new one.")
    ],
    known: Annotated[
        list[str] | None,
        typer.Option("--known", "-k", help="A topic that one knows besides, with all it requires."),
    ] = None,
    form: FormatOption = Format.TABLE,
    locale: LocaleOption = "",
) -> None:
    """Show what is new in a course for one who finished others: topics, lessons and hours.

    A row says where the new course takes a topic further than all before. Mentions do not count.
    """
    guide = usable_guide(context)
    known_or_fail("course", courses, guide.course_by_id)
    *finished, new = courses
    if not finished or new in finished:
        fail("a finished course and another, new one are needed", "for example: moocmap delta FINISHED NEW")
    topics = _topics(guide, known)
    language = known_locale(guide, locale)
    found = find_delta(guide, finished, new, topics)
    if found.gains or form is not Format.TABLE:
        tables.show([_gain(guide, one, language) for one in found.gains], form, out, too_wide=["topic"])
    if form is Format.TABLE:
        whole = found.course.lessons
        say(f"{counted(len(found.new), 'topic')} new, {len(found.deeper)} deeper than before")
        gaining = f"{len(found.lessons)} of {counted(len(whole), 'lesson')} with something new"
        say(f"{gaining}: {_span(found.lessons)}")
        say(f"the whole course: {_span(whole)}")


def _gain(guide: Guide, gain: Gain, locale: str) -> tables.Row:
    return {
        "lesson": gain.lesson.id,
        "topic": gain.topic,
        "name": text_in(guide.topic_by_id[gain.topic].name, locale),
        "before": gain.before or "",
        "here": gain.depth,
        "what": "new" if gain.is_new else "deeper",
    }


def _span(lessons: Sequence[Lesson]) -> str:
    total = hours(lessons)
    stated = (
        [] if lessons and len(total.unstated) == len(lessons) else [f"{_hours(total.low, total.high)} hours"]
    )
    names = ", ".join(lesson.id for lesson in total.unstated)
    return ", and ".join([*stated, *([f"{names} without stated hours"] if names else [])])


def _hours(low: float, high: float) -> str:
    ends = [f"{round(end, 1):g}" for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else "–".join(ends)


def plan(
    context: typer.Context,
    *,
    per_week: Annotated[float, typer.Option("--hours-per-week", "-w", help="How long one can study a week.")],
    goal: Annotated[
        list[str] | None, typer.Option("--goal", "-g", help="A topic to reach; several times or with commas.")
    ] = None,
    know: Annotated[
        list[str] | None,
        typer.Option("--know", "-k", help="A topic that one knows, or a course that one has finished."),
    ] = None,
    depth: Annotated[Depth, typer.Option("--depth", "-d", help="How far to take the goals.")] = "explains",
    prerequisites: Annotated[
        Depth, typer.Option("--prerequisites", help="How far to take what the goals require.")
    ] = "uses",
    courses: Annotated[
        list[str] | None, typer.Option("--courses", "-c", help="Choose from these courses only.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", "-x", help="Leave a course out.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Only courses in this language, such as en or es.")
    ] = None,
    free: Annotated[bool, typer.Option("--free", help="Only courses that cost nothing.")] = False,
    superseded: Annotated[
        bool, typer.Option("--allow-superseded", help="Also superseded and retired courses.")
    ] = False,
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day of the first week; today by default."),
    ] = None,
    ics: Annotated[Path | None, typer.Option("--ics", help="Write the weeks to this calendar file.")] = None,
    form: FormatOption = Format.TABLE,
    locale: LocaleOption = "",
) -> None:
    """Find the lessons, from all courses, that reach some goals in the least time, with all prerequisites.

    Lessons without stated hours, marked *, count as long as the median of all others. As JSON the whole plan
    is printed, in the other formats its lessons.
    """
    if not 0 < per_week <= HOURS_OF_A_WEEK:
        fail(f"--hours-per-week: expected more than 0 and at most {HOURS_OF_A_WEEK}, got {per_week:g}")
    guide = usable_guide(context)
    goals, chosen_locale = _topics(guide, goal), known_locale(guide, locale)
    if not goals:
        fail("no goal given", "name a topic with --goal; moocmap coverage lists all topics")
    only, without = _words(courses), _words(exclude)
    known_or_fail("course", [*only, *without], guide.course_by_id)
    allowed = allowed_courses(
        guide, only=only, exclude=without, language=language, free=free, superseded=superseded
    )
    if not allowed:
        fail(
            "no course is left to choose from",
            "allow more of them, or superseded ones with --allow-superseded",
        )
    known = knowledge(guide, *_topics_and_courses(guide, know))
    found = find_plan(guide, goals, known, allowed, depth=depth, prerequisites=prerequisites)
    filled = weeks(found.steps, weekly_minutes(per_week))
    if form is Format.JSON:
        out.file.write(json.dumps(plan_data(found), indent=2, ensure_ascii=False) + "\n")
    elif found.steps or form is not Format.TABLE:
        tables.show(_lesson_rows(guide, found, filled, chosen_locale), form, out)
    if form is Format.TABLE:
        for line in _remarks(found, depth, per_week, len(filled)):
            say(line)
    if ics is not None:
        write_atomically(ics, calendar(found, filled, start.date() if start else today(), chosen_locale))


def _lesson_rows(
    guide: Guide, found: Plan, filled: Sequence[Sequence[Portion]], locale: str
) -> list[tables.Row]:
    def names(topics: Iterable[str]) -> str:
        return ", ".join(text_in(guide.topic_by_id[topic_id].name, locale) for topic_id in topics)

    return [
        {
            "week": _weeks_of(place, found, filled),
            "lesson": f"{step.course.id}/{step.lesson.id}",
            "title": text_in(step.lesson.title, locale),
            "hours": _hours(*step.hours) + ("*" if step.is_estimated else ""),
            "reaches": names(step.goals),
            "prepares": names(step.prepares),
        }
        for place, step in enumerate(found.steps)
    ]


def _weeks_of(place: int, found: Plan, filled: Sequence[Sequence[Portion]]) -> str:
    step = found.steps[place]
    numbers = [n for n, portions in enumerate(filled, start=1) if any(p.step is step for p in portions)]
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"


def _remarks(found: Plan, wanted: Depth, per_week: float, number_of_weeks: int) -> Iterable[str]:
    """Say in words what the table of lessons leaves open."""
    courses = len({step.course.id for step in found.steps})
    if found.steps:
        whole, middle = _hours(*found.hours), _hours(found.minutes / 60, found.minutes / 60)
        span = f"{whole} hours" + (f", {middle} in the middle" if middle != whole else "")
        yield f"{counted(len(found.steps), 'lesson')} of {counted(courses, 'course')}: {span}"
        yield f"{counted(number_of_weeks, 'week')} at {per_week:g} h a week"
    else:
        yield "nothing to study"
    if any(step.is_estimated for step in found.steps):
        yield "* states no hours: the median of all lessons that do"
    for goal in found.goals:
        if goal.depth != wanted:
            yield f"goal {goal.topic}: no lesson to choose from {wanted} it; at most one {goal.depth} it"
        if goal.is_known:
            yield f"goal {goal.topic}: known already"
    if found.assumed:
        yield f"assumed, as no lesson to choose from teaches it: {', '.join(found.assumed)}"
    for step in found.steps:
        if step.early:
            where = f"{step.course.id}/{step.lesson.id}"
            yield f"{where}: comes before what it requires, come back to it later: {', '.join(step.early)}"


def _words(given: Sequence[str] | None) -> list[str]:
    """Split what an option was given, several times or with commas."""
    return [word.strip() for words in given or () for word in words.split(",") if word.strip()]


def _topics(guide: Guide, given: Sequence[str] | None) -> list[str]:
    words = _words(given)
    for word in words:
        if word not in guide.topic_by_id:
            fail(f"no topic '{word}'", _nearest(word, guide.topic_by_id))
    return words


def _topics_and_courses(guide: Guide, given: Sequence[str] | None) -> tuple[list[str], list[str]]:
    words = _words(given)
    for word in words:
        if word not in guide.topic_by_id and word not in guide.course_by_id:
            fail(f"no topic or course '{word}'", _nearest(word, [*guide.topic_by_id, *guide.course_by_id]))
    return [w for w in words if w in guide.topic_by_id], [w for w in words if w in guide.course_by_id]


def _nearest(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or "moocmap coverage lists all topics and courses"
