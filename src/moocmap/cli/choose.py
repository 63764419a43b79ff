"""The command that asks a learner a few questions and names the courses that suit the answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from moocmap.cli.common import fail, known_or_fail, out, say, usable_guide
from moocmap.curriculum.choose import Reason, Recommendation, recommend, successor
from moocmap.curriculum.companions import Question
from moocmap.curriculum.model import Course, Guide
from moocmap.fields import text_in


class ChoiceFormat(StrEnum):
    """How questions and recommendations are printed."""

    TABLE = "table"
    JSON = "json"


def choose(
    context: typer.Context,
    answers: Annotated[
        list[str] | None, typer.Argument(metavar="[QUESTION=ANSWER]...", help="For example time=short.")
    ] = None,
    *,
    course: Annotated[
        str | None, typer.Option("--course", "-c", help="Say how this course fares, whatever its rank.")
    ] = None,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="How many courses to name.")] = 3,
    form: Annotated[
        ChoiceFormat, typer.Option("--format", "-f", help="For reading (table), or JSON.")
    ] = ChoiceFormat.TABLE,
    locale: Annotated[str, typer.Option("--locale", "-l", help="The language of texts, en or es.")] = "",
) -> None:
    """Name the courses that suit a learner, with the reasons for and against each.

    Without answers it asks the questions one by one, or lists them where nobody can answer. A question may
    be left out. Superseded and retired courses are never named: --course says what took their place.
    """
    guide = usable_guide(context)
    known_or_fail("language", [locale] if locale else [], guide.settings.locales)
    locale = locale or guide.settings.locales[0]
    if not guide.chooser:
        fail("this guide has no questions", "write curriculum/chooser.yml")
    given = _given(guide, answers or [])
    if not given and course is None:
        if form is ChoiceFormat.JSON or not _is_interactive():
            _list_questions(guide, form, locale)
            return
        given = _ask(guide, locale)
    ranked = recommend(guide, given)
    shown = ranked[:top] if course is None else _of_course(guide, ranked, course, locale)
    if form is ChoiceFormat.JSON:
        _print_json([_as_data(one, locale) for one in shown])
    else:
        _print_recommendations(shown, locale)


def _given(guide: Guide, words: Sequence[str]) -> dict[str, str]:
    """Read `question=answer` words; ends the command when one names nothing that exists."""
    questions = {question.id: question for question in guide.chooser}
    given: dict[str, str] = {}
    for word in words:
        question, equals, answer = word.partition("=")
        if not equals:
            fail(f"'{word}' is no answer", "write QUESTION=ANSWER, such as those that 'moocmap choose' lists")
        known_or_fail("question", [question], questions)
        known_or_fail(f"answer to '{question}'", [answer], [a.id for a in questions[question].answers])
        given[question] = answer
    return given


def _is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _list_questions(guide: Guide, form: ChoiceFormat, locale: str) -> None:
    if form is ChoiceFormat.JSON:
        _print_json([_question_as_data(question, locale) for question in guide.chooser])
        return
    for question in guide.chooser:
        say(f"{question.id}: {text_in(question.text, locale)}")
        for answer in question.answers:
            say(f"  {question.id}={answer.id}  {text_in(answer.text, locale)}")


def _question_as_data(question: Question, locale: str) -> dict[str, Any]:
    answers = [{"id": answer.id, "text": text_in(answer.text, locale)} for answer in question.answers]
    return {"id": question.id, "text": text_in(question.text, locale), "answers": answers}


def _ask(guide: Guide, locale: str) -> dict[str, str]:
    """Ask the questions one by one; an empty line skips a question."""
    given: dict[str, str] = {}
    for question in guide.chooser:
        say(text_in(question.text, locale))
        for number, answer in enumerate(question.answers, start=1):
            say(f"  {number}. {text_in(answer.text, locale)}")
        choice = _number_up_to(len(question.answers))
        if choice:
            given[question.id] = question.answers[choice - 1].id
    return given


def _number_up_to(highest: int) -> int:
    while True:
        line = typer.prompt(f"1-{highest}, or Enter to skip", default="", show_default=False).strip()
        if not line or (line.isdecimal() and 1 <= int(line) <= highest):
            return int(line or 0)


def _of_course(
    guide: Guide, ranked: Sequence[Recommendation], course_id: str, locale: str
) -> list[Recommendation]:
    """Return what was found about one course, or about the one that took its place."""
    known_or_fail("course", [course_id], guide.course_by_id)
    course = guide.course_by_id[course_id]
    if course.status != "current":
        course = _current_instead_of(guide, course, locale)
    return [one for one in ranked if one.course is course]


def _current_instead_of(guide: Guide, course: Course, locale: str) -> Course:
    instead = successor(guide, course)
    message = f"'{course.id}' ({text_in(course.title, locale)}) is {course.status}"
    if instead is None:
        fail(message, "no current course of the guide takes its place")
    typer.echo(f"{message}; its successor is '{instead.id}'", err=True)
    return instead


def _as_data(one: Recommendation, locale: str) -> dict[str, Any]:
    return {
        "course": one.course.id,
        "title": text_in(one.course.title, locale),
        "points": one.points,
        "excluded": bool(one.exclusions),
        "reasons": [
            {
                "question": reason.question,
                "answer": reason.answer,
                "points": reason.points,
                "excludes": reason.excludes,
                "text": text_in(reason.text, locale),
            }
            for reason in one.reasons
        ],
    }


def _print_json(data: object) -> None:
    out.file.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _print_recommendations(shown: Sequence[Recommendation], locale: str) -> None:
    for rank, one in enumerate(shown, start=1):
        say(f"{rank}. {text_in(one.course.title, locale)} ({one.course.id}): {_verdict(one)}")
        for mark, reasons in (("×", one.exclusions), ("+", one.advantages), ("−", one.drawbacks)):
            for reason in reasons:
                say(f"   {mark} {_worded(reason, locale)}")


def _verdict(one: Recommendation) -> str:
    return "drops out" if one.exclusions else f"{one.points:+d}" if one.points else "0"


def _worded(reason: Reason, locale: str) -> str:
    points = f" ({reason.points:+d})" if reason.points else ""
    return text_in(reason.text, locale) + points
