"""Starts a guide to any subject: an example to replace, and the site's templates, strings and theme."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path, PurePath

import jinja2

from moocmap import documents
from moocmap.curriculum.check import load_guide
from moocmap.curriculum.formatting import format_text
from moocmap.curriculum.load import FOLDER
from moocmap.curriculum.schema import modeline, write_schemas
from moocmap.curriculum.skeletons import TODO
from moocmap.diagnostics import UsableError
from moocmap.files import copy_folder, write_atomically
from moocmap.site.addresses import ANSWER

PACKAGED = "starter_site"
"""The folder of the installed package that holds what a site is built from; see setup.py."""

PARTS = ("mkdocs.yml", "site/assets", "site/locales", "site/scripts", "site/templates", "site/theme")
"""What is copied from there; hand-written pages are not, for they speak of their own subject."""

_LANGUAGE = "en"
"""The language that others are to be translated from."""


@dataclass(frozen=True)
class Started:
    """A new guide, and what is still to be translated in it, by language."""

    folder: Path
    to_translate: dict[str, list[str]]


def start_guide(folder: Path, title: str, locales: Sequence[str], today: date) -> Started:
    """Write a guide into a new or empty folder: it is there whole or not at all.

    Raises UsableError when the folder holds something, and OSError when the disk refuses.
    """
    if folder.exists() and (not folder.is_dir() or any(path.name != ".git" for path in folder.iterdir())):
        raise UsableError(f"'{folder}' is not empty; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".guide-", dir=folder.parent) as workplace:
        fresh = Path(workplace)
        _copy_site(site_source(), fresh)
        to_translate = {locale: _add_language(fresh, locale) for locale in locales}
        for path in (fresh / "site" / "locales").iterdir():
            if path.stem not in locales:
                path.unlink()
        _write_example(fresh, title, locales, today)
        write_schemas(fresh, load_guide(fresh, today)[0])
        folder.mkdir(exist_ok=True)
        for path in sorted(fresh.iterdir()):
            path.rename(folder / path.name)
    return Started(folder, {locale: texts for locale, texts in to_translate.items() if texts})


def site_source() -> Path:
    """Return the folder that holds `mkdocs.yml` and `site/`: of the installed package, or of the checkout."""
    package = Path(str(files("moocmap")))
    for source in (package / PACKAGED, package.parent.parent):
        if all((source / part).exists() for part in PARTS):
            return source
    raise UsableError(f"moocmap is installed without '{PACKAGED}', the source of its sites; install it again")


def _copy_site(source: Path, target: Path) -> None:
    for part in PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            copy_folder(source / part, target / part)
        else:
            shutil.copyfile(source / part, target / part)
    settings = target / "mkdocs.yml"
    named = settings.read_text(encoding="utf-8")
    write_atomically(settings, named.replace(f"{ANSWER}.md, ", ""))  # a page of this guide's own subject


def _add_language(root: Path, locale: str) -> list[str]:
    """Write what the site says in one language; return the files that are still in English."""
    strings, page = (
        root / "site" / "locales" / f"{locale}.yml",
        root / "site" / "pages" / locale / "about.md",
    )
    page_source = files("moocmap").joinpath("starter_files", "pages", f"{locale}.md")
    is_known = strings.is_file() and page_source.is_file()
    if not is_known:
        english = strings.with_name(f"{_LANGUAGE}.yml").read_text(encoding="utf-8")
        write_atomically(strings, f"# {TODO}: translate these texts from English.\n{english}")
        page_source = files("moocmap").joinpath("starter_files", "pages", f"{_LANGUAGE}.md")
    write_atomically(page, page_source.read_text(encoding="utf-8"))
    return [] if is_known else [path.relative_to(root).as_posix() for path in (strings, page)]


def _write_example(root: Path, title: str, locales: Sequence[str], today: date) -> None:
    texts, _ = documents.parse(_starter_file("texts.yml"), "texts.yml")
    assert texts is not None

    def text(key: str) -> dict[str, str]:
        words = texts.data[key]
        return {locale: words.get(locale) or f"{TODO}: {words[_LANGUAGE]}" for locale in locales}

    values = {
        "title": title,
        "locales": list(locales),
        "text": text,
        "modeline": lambda kind, path: modeline(kind, PurePath(path)),
        "year": today.year,
        "checked": today.isoformat()[:7],
    }
    for kind, place in (
        ("guide", "guide.yml"),
        ("topics", "topics/basics.yml"),
        ("course", "courses/example-course.yml"),
    ):
        filled = jinja2.Template(_starter_file(f"{kind}.yml")).render(values)
        write_atomically(root / FOLDER / place, format_text(filled, kind, place, locales))
    write_atomically(
        root / FOLDER / "references.bib", "% Works to cite, as BibTeX: refs: [key] names them.\n"
    )
    write_atomically(root / "README.md", jinja2.Template(_starter_file("README.md")).render(values) + "\n")
    write_atomically(root / ".gitignore", "build/\n")


def _starter_file(name: str) -> str:
    return files("moocmap").joinpath("starter_files", name).read_text(encoding="utf-8")
