"""What the planner's script needs of a guide: topics and lessons in few bytes, in the words of one locale."""

from __future__ import annotations

from typing import Any

from moocmap.curriculum.candidates import candidates
from moocmap.curriculum.model import DEPTHS, Course, Guide, Lesson, Topic
from moocmap.curriculum.plan import allowed_courses
from moocmap.site import addresses
from moocmap.site.locales import Strings
from moocmap.site.views import GuideView


def planner_data(view: GuideView, t: Strings) -> dict[str, Any]:
    """Return areas, topics and courses with their lessons, as lists whose places have a meaning.

    - `areas`: id, name
    - `topics`: id, name, place of the area, places of the topics that it requires, other words for it
    - `courses`: id, name, language, whether it is free, whether it is current, address, lessons
    - lessons: id, title, address ("" for the course's own), low and high hours (or null), and for each topic
      four times its place plus its depth's rank, 0 to 3
    - `estimate`: the minutes of a lesson that states no hours
    - `topic`, `lesson`: addresses of pages, with * for each id
    - `example`: a goal that courses of today teach
    - `words`: the interface strings of the script
    """
    guide = view.guide
    topic_places = {topic.id: place for place, topic in enumerate(guide.topics)}
    area_places = {area.id: place for place, area in enumerate(guide.settings.areas)}

    def topic(one: Topic) -> list[Any]:
        names = dict.fromkeys(word for word in view.synonyms(one.id, t.locale) if word != t.text(one.name))
        required = [topic_places[other] for other in one.requires]
        return [one.id, t.heading(one.name), area_places[one.area], required, list(names)]

    def lesson(one: Lesson) -> list[Any]:
        depths = {taught.id: taught.depth for taught in one.topics}
        codes = [4 * topic_places[topic_id] + DEPTHS.index(depth) for topic_id, depth in depths.items()]
        hours = [one.hours.low, one.hours.high] if one.hours else None
        return [one.id, t.text(one.title), one.url or "", hours, codes]

    def course(one: Course) -> list[Any]:
        flags = [one.language, one.price.free, one.status == "current"]
        name = t.text(one.short_title or one.title)
        return [one.id, name, *flags, one.url, [lesson(each) for each in one.lessons]]

    return {
        "areas": [[area.id, t.text(area.name)] for area in guide.settings.areas],
        "topics": [topic(one) for one in guide.topics],
        "courses": [course(one) for one in guide.courses],
        "estimate": minutes_without_hours(guide),
        "topic": addresses.relative(addresses.PLANNER, addresses.topic("*")),
        "lesson": addresses.relative(addresses.PLANNER, addresses.lesson("*", "*")),
        "example": _example(guide),
        "words": t.below("planner.script"),
    }


def _example(guide: Guide) -> str:
    taught = {
        one.id for course in allowed_courses(guide) for lesson in course.lessons for one in lesson.topics
    }
    return next((topic.id for topic in reversed(guide.topics) if topic.id in taught), "TOPIC")


def minutes_without_hours(guide: Guide) -> int:
    """Return what a plan reckons for a lesson that states no hours; 0 where all do."""
    estimated = (one.minutes for one in candidates(guide, guide.courses) if one.lesson.hours is None)
    return next(estimated, 0)
