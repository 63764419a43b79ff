"""What the progress page's script needs to know of a guide's lessons."""

from __future__ import annotations

from typing import Any

from moocmap.curriculum.model import Lesson
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView


def progress_data(view: GuideView, t: Strings) -> dict[str, Any]:
    """Return what the page carries for its script.

    - `courses`: by id the lessons, in the order of study: id, title, the middle of the hours (0: not stated)
    - `words`: the interface strings of the script
    """

    def lesson(one: Lesson) -> list[Any]:
        hours = (one.hours.low + one.hours.high) / 2 if one.hours else 0
        return [one.id, t.text(one.title), hours]

    return {
        "courses": {course.id: [lesson(one) for one in course.lessons] for course in view.guide.courses},
        "words": t.below("progress.script"),
    }
