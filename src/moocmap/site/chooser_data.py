"""What the chooser's page shows and carries: for each answer the courses that each of its effects meets.

Which courses an effect meets is decided here, once, by the same function that the command line uses; the
page's script adds points and sorts, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moocmap.curriculum.choose import matches
from moocmap.curriculum.companions import Effect, Question
from moocmap.curriculum.model import Course
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView
from moocmap.site.wording import Wording


@dataclass(frozen=True)
class Meeting:
    """An effect of an answer with the candidates that it meets, in the order of the guide."""

    effect: Effect
    courses: list[Course]


class Chooser:
    """The questions of a guide and what their answers mean for its current courses."""

    def __init__(self, view: GuideView, t: Strings) -> None:
        self.view = view
        self.t = t

    @cached_property
    def candidates(self) -> list[Course]:
        """The courses among which one chooses, in the order of the guide."""
        return [course for course in self.view.guide.courses if course.status == "current"]

    @property
    def questions(self) -> list[Question]:
        """All questions, in the order of the guide."""
        return self.view.guide.chooser

    def meetings(self, question: Question) -> list[tuple[str, list[Meeting]]]:
        """Return each answer's text with those of its effects that meet any course."""
        return [
            (
                self.t.text(answer.text),
                [meeting for meeting in map(self._meeting, answer.effects) if meeting.courses],
            )
            for answer in question.answers
        ]

    def _meeting(self, effect: Effect) -> Meeting:
        coverage = self.view.coverage
        return Meeting(effect, [c for c in self.candidates if matches(c, effect.courses, coverage)])

    def script_data(self) -> dict[str, Any]:
        """Return what the page's script needs, as lists whose places have a meaning.

        - `courses`: id, title, facts in a line, summary
        - `effects`: by question and answer, in the order of the guide: points (0: drops out), reason, places
          of the courses
        - `words`: the interface strings of the script
        """
        places = {course.id: place for place, course in enumerate(self.candidates)}

        def effect(meeting: Meeting) -> list[Any]:
            because = self.t.text(meeting.effect.because)
            return [meeting.effect.points, because, [places[course.id] for course in meeting.courses]]

        return {
            "courses": [self._course(course) for course in self.candidates],
            "effects": {
                question.id: {
                    answer.id: [effect(meeting) for meeting in map(self._meeting, answer.effects)]
                    for answer in question.answers
                }
                for question in self.questions
            },
            "words": self.t.below("chooser.script"),
        }

    def _course(self, course: Course) -> list[str]:
        say, t = Wording(self.t), self.t
        facts = [
            str(t(f"kind.{course.kind}")),
            course.provider,
            say.hours_of(course) or str(say.effort(course.effort)),
            str(say.price(course.price)),
            str(t(f"certificate.{course.certificate}")),
        ]
        return [course.id, t.text(course.title), " · ".join(filter(None, facts)), t.text(course.summary)]
