"""Commands that start something new: a course, a topic, a term.

At a terminal they ask for what their options leave open; elsewhere, and for an empty answer, they write TODO.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from moocmap.cli.common import fail, known_or_fail, root_of, say, today
from moocmap.curriculum.check import load_guide
from moocmap.curriculum.load import FOLDER
from moocmap.curriculum.model import Guide
from moocmap.curriculum.schema import modeline, write_schemas
from moocmap.diagnostics import UsableError
from moocmap.fields import ID_PATTERN, LOCALE_PATTERN
from moocmap.files import write_atomically

app = typer.Typer(
    no_args_is_help=True,
    help="Start a course, a topic or a term: asks for what it needs and writes a complete skeleton.",
    epilog="Example: moocmap new course my-course --title 'My course'",
)


class CourseKind(StrEnum):
    """What a course is."""

    MOOC = "mooc"
    BOOK = "book"


IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id, in kebab-case.")]
TextsOption = Annotated[list[str] | None, typer.Option(help="By language: en=… (once for each).")]


@app.command(
    "course",
    epilog="Example: moocmap new course my-course --title 'My course' --kind mooc --lessons 2",
)
def new_course(
    context: typer.Context,
    course_id: IdArgument,
    *,
    title: Annotated[str | None, typer.Option(help="Its title, a proper name.")] = None,
    kind: Annotated[CourseKind, typer.Option(help="What it is.")] = CourseKind.MOOC,
    lessons: Annotated[int, typer.Option(min=1, max=500, help="How many lessons it has.")] = 2,
    provider: Annotated[str | None, typer.Option(help="Who offers or publishes it.")] = None,
    instructor: Annotated[list[str] | None, typer.Option(help="Who teaches it (once for each).")] = None,
    url: Annotated[str | None, typer.Option(help="Its web address.")] = None,
    year: Annotated[int | None, typer.Option(help="When this edition appeared; else this year.")] = None,
    language: Annotated[str | None, typer.Option(help="Its language; else the guide's first.")] = None,
) -> None:
    """Write courses/ID.yml: complete, valid, with a TODO wherever words are missing."""
    from moocmap.curriculum import skeletons

    root, guide = _guide(context)
    _new_id(course_id, "course", guide.course_by_id)
    path = root / FOLDER / "courses" / f"{course_id}.yml"
    if path.exists():
        fail(f"'{path.relative_to(root)}' exists", "choose another id, or edit that file")
    locales = guide.settings.locales
    text = skeletons.new_course(
        locales,
        lessons,
        id=course_id,
        kind=kind.value,
        title=title or _ask("Title") or "TODO: its title",
        provider=provider or _ask("Provider or publisher") or "TODO: who offers it",
        instructors=instructor
        or _listed(_ask("Instructors or authors, with commas between"))
        or ["TODO: name"],
        url=url or _ask("Web address") or "https://example.org/TODO",
        year=year or today().year,
        language=language or locales[0],
        checked=today().isoformat()[:7],
    )
    _write(root, path, text)


@app.command(
    "topic",
    epilog="Example: moocmap new topic beam-search --area sequences --name en='beam search'",
)
def new_topic(
    context: typer.Context,
    topic_id: IdArgument,
    *,
    area: Annotated[str | None, typer.Option(help="An area of guide.yml.")] = None,
    name: TextsOption = None,
    definition: TextsOption = None,
    requires: Annotated[
        list[str] | None, typer.Option(help="A topic one must know before (once for each).")
    ] = None,
) -> None:
    """Add a topic to the file of its area."""
    from moocmap.curriculum import skeletons

    root, guide = _guide(context)
    _new_id(topic_id, "topic", guide.topic_by_id)
    areas, locales = [known.id for known in guide.settings.areas], guide.settings.locales
    area = area or _ask(f"Area ({', '.join(areas)})")
    if not area:
        fail("no area given", f"name one with --area: {', '.join(areas)}")
    known_or_fail("area", [area], areas)
    known_or_fail("topic", requires or [], guide.topic_by_id)
    entry = skeletons.new_entry(
        "topics",
        locales,
        id=topic_id,
        area=area,
        name=_texts(name, locales, "Name", "its name"),
        definition=_texts(definition, locales, "Definition", "what it is, in one to three plain sentences"),
        requires=requires or [],
    )
    single = root / FOLDER / "topics.yml"
    _add(
        root,
        single if single.exists() else root / FOLDER / "topics" / f"{area}.yml",
        entry,
        topic_id,
        "topics",
    )


@app.command("term", epilog="Example: moocmap new term epoch --term en=epoch --term es=época")
def new_term(
    context: typer.Context,
    term_id: IdArgument,
    term: TextsOption = None,
    definition: TextsOption = None,
    topic: Annotated[str | None, typer.Option(help="The topic that teaches what it names.")] = None,
) -> None:
    """Add a term to glossary.yml, at its place by id."""
    from moocmap.curriculum import skeletons

    root, guide = _guide(context)
    _new_id(term_id, "term", [known.id for known in guide.terms])
    known_or_fail("topic", [topic] if topic else [], guide.topic_by_id)
    locales = guide.settings.locales
    entry = skeletons.new_entry(
        "glossary",
        locales,
        id=term_id,
        term=_texts(term, locales, "Term", "the term"),
        definition=_texts(definition, locales, "Definition", "what it means, in one or two plain sentences"),
        topic=topic,
    )
    _add(root, root / FOLDER / "glossary.yml", entry, term_id, "glossary")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    title: Annotated[
        str | None, typer.Option(help="What the guide is called; else the folder's name.")
    ] = None,
    locale: Annotated[
        list[str] | None, typer.Option(help="A language of the guide (once for each); else en and es.")
    ] = None,
) -> None:
    """Start a guide to any subject: it can be checked and built at once, and holds an example to replace."""
    from moocmap.starter import start_guide

    locales = list(dict.fromkeys(locale or ["en", "es"]))
    for code in locales:
        if not re.fullmatch(LOCALE_PATTERN, code):
            fail(f"expected a language code such as 'en' or 'es', got '{code}'")
    folder = folder.resolve()
    started = start_guide(folder, title or folder.name.replace("-", " ").capitalize(), locales, today())
    say(f"started a guide in {folder}")
    for code, paths in started.to_translate.items():
        say(f"language '{code}' is still in English: translate {' and '.join(paths)},")
        say("and in curriculum/ the texts that begin with TODO (moocmap check lists them)")
    say(f"next: cd {folder} && moocmap serve")


# What they share ------------------------------------------------------------------------------------


def _guide(context: typer.Context) -> tuple[Path, Guide]:
    root = root_of(context)
    return root, load_guide(root, today())[0]


def _new_id(new: str, what: str, known: Iterable[str]) -> None:
    if not re.match(ID_PATTERN, new):
        proposal = re.sub(r"[^a-z0-9]+", "-", new.lower()).strip("-")
        fail(f"'{new}' is no id in kebab-case", f"for example '{proposal}'" if proposal else "")
    if new in known:
        fail(f"{what} '{new}' exists", "choose another id, or edit it where it stands")


def _ask(question: str) -> str:
    """Ask at a terminal; without one, or for no answer, return an empty text."""
    if not sys.stdin.isatty():
        return ""
    answer: str = typer.prompt(question, default="", show_default=False)
    return answer.strip()


def _listed(answer: str) -> list[str]:
    return [part.strip() for part in answer.split(",") if part.strip()]


def _texts(given: Sequence[str] | None, locales: Sequence[str], question: str, what: str) -> dict[str, str]:
    """Return a text in each language: from options such as `en=…`, by asking, or a TODO."""
    from moocmap.curriculum.skeletons import todo

    texts: dict[str, str] = {}
    for option in given or []:
        locale, equals, text = option.partition("=")
        if not equals or not text.strip():
            fail(f"expected a text by language, got '{option}'", f"for example {locales[0]}='some words'")
        known_or_fail("language", [locale], locales)
        texts[locale] = text.strip()
    return {
        locale: texts.get(locale) or _ask(f"{question} ({locale})") or todo([locale], what)[locale]
        for locale in locales
    }


def _add(root: Path, path: Path, entry: str, entry_id: str, kind: str) -> None:
    from moocmap.curriculum.skeletons import with_entry

    label = path.relative_to(root).as_posix()
    new_file = modeline(kind, path.relative_to(root / FOLDER)) + "\n"
    text = path.read_text(encoding="utf-8-sig") if path.exists() else new_file
    _write(root, path, with_entry(text, entry, entry_id, kind, label))


def _write(root: Path, path: Path, text: str) -> None:
    """Write a file, bring the schemas with the guide's ids up to date, and say what comes next."""
    write_atomically(path, text)
    try:
        write_schemas(root, load_guide(root, today())[0])
    except UsableError as error:
        fail(f"{path.relative_to(root)} is written, but the guide now has errors: {error}", code=1)
    say(f"wrote {path.relative_to(root)}")
    say("next: replace each TODO in it (moocmap check lists them), then look at it with moocmap serve")
