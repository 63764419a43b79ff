"""The quizzes of a guide as its pages show them."""

from __future__ import annotations

from moocmap.curriculum.companions import Quiz, QuizQuestion
from moocmap.curriculum.model import Area, Guide


class Quizzes:
    """The quizzes in the order of the guide's areas, and the questions on a topic."""

    def __init__(self, guide: Guide) -> None:
        by_area = {quiz.area: quiz for quiz in guide.quizzes}
        self.by_area: list[tuple[Area, Quiz]] = [
            (area, by_area[area.id]) for area in guide.settings.areas if area.id in by_area
        ]
        self._of_topic: dict[str, list[QuizQuestion]] = {}
        for _, quiz in self.by_area:
            for question in quiz.questions:
                for topic in question.topics:
                    self._of_topic.setdefault(topic, []).append(question)

    def of_topic(self, topic_id: str) -> list[QuizQuestion]:
        """Return the questions that check a topic."""
        return self._of_topic.get(topic_id, [])
