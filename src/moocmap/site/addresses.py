"""Where each page of a locale lives, as a path without suffix, and how one page links to another.

Ids are the URLs, so nothing here may change once a site is published.
"""

from __future__ import annotations

HOME = "index"
COURSES = "courses/index"
COMPARE = "compare"
TOPICS = "topics/index"
PUBLISHED = "published"
EXPERIMENTS = "experiments/index"
PLANNER = "planner"
PROGRESS = "progress"
MAP = "map"
DATA = "data"
ROUTES = "routes"
LIBRARIES = "libraries"
HISTORY = "history"
CHOOSER = "chooser"
QUIZZES = "quizzes"
CHANGES = "changes"
COMPANIONS = (ROUTES, LIBRARIES, HISTORY, CHOOSER, QUIZZES, CHANGES)
"""Pages of what a guide may have beside its courses: they exist where their data do."""
YOUR_IMAGES = "your-images"
"""The hand-written page on experiments of one's own, which a guide may have not."""
ANSWER = "keras-or-fastai"
"""The hand-written page on what the experiments come to, which a guide may have not."""
TOOLKIT = "toolkit"
"""The hand-written page on how fast and sturdy the toolkit is, which a guide may have not."""
GLOSSARY = "glossary"
RULES = "rules/index"
REFERENCES = "references"
API = "api"
"""The folder of exported data, beside those of the locales."""


def course(course_id: str) -> str:
    """Return the address of a course's page."""
    return f"courses/{course_id}"


def lesson(course_id: str, lesson_id: str) -> str:
    """Return the address of a lesson's page."""
    return f"courses/{course_id}/{lesson_id}"


def topic(topic_id: str) -> str:
    """Return the address of a topic's page."""
    return f"topics/{topic_id}"


def rule(rule_id: str) -> str:
    """Return the address of a rule's page."""
    return f"rules/{rule_id}"


def experiment(experiment_id: str) -> str:
    """Return the address of an experiment's page."""
    return f"experiments/{experiment_id}"


def relative(page: str, other: str, anchor: str = "") -> str:
    """Return the link from one page to another page (or to a place in it) of the same locale."""
    link = _from_folder(page.rpartition("/")[0], f"{other}.html")
    return f"{link}#{anchor}" if anchor else link


def beside(page: str, path: str) -> str:
    """Return the link from a page to a file at `path` below the site's root, outside all locales."""
    return _from_folder(page.rpartition("/")[0], f"../{path}")


def _from_folder(folder: str, path: str) -> str:
    """Return the way from a folder to a path; `posixpath.relpath` takes ten times as long."""
    here, there = folder.split("/") if folder else [], path.split("/")
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "../" * (len(here) - shared) + "/".join(there[shared:])
