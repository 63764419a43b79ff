"""Builds the whole site: pages, then MkDocs once for each locale, then a check of all links, then the swap.

Whatever fails, the last good site stays as it was: everything is built beside it and takes its place last.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from moocmap import documents
from moocmap.curriculum.check import examine
from moocmap.curriculum.load import Sources
from moocmap.curriculum.model import GuideSettings
from moocmap.diagnostics import DiagnosticsError, has_errors
from moocmap.experiments.settings.load import load_experiments
from moocmap.fields import text_in
from moocmap.site import addresses, feed, links, policy, sitemap, social_image, swap
from moocmap.site.addresses import API
from moocmap.site.compiled import SHARED, Compiled, Written, write_pages
from moocmap.site.errors import SiteError
from moocmap.site.escape import inline
from moocmap.site.git_dates import last_changes
from moocmap.site.locales import Strings, load_strings
from moocmap.site.measured import measure
from moocmap.site.pages import Origins

PAGES = Path("build", "pages")
"""Where the compiled pages go, below the guide's folder."""

MARK = f"{API}/guide.json"
"""The file by which a built site is known."""

_NOT_NEEDED = ("sitemap.xml", "sitemap.xml.gz")  # the site has one for all its languages


@dataclass(frozen=True)
class BuildResult:
    """What a build made: how many pages, in which locales, in how many seconds, and where."""

    target: Path
    locales: tuple[str, ...]
    pages: int
    seconds: float


def build(root: Path, target: Path | None = None, *, today: date, site_url: str | None = None) -> BuildResult:
    """Build the site of the guide in `root` into `target` (default: `root/build/site`).

    `today` is the date that the guide's facts are checked against; `site_url` is the address where the site
    will live, if known. Raises DiagnosticsError when data, strings or pages are wrong and SiteError when
    MkDocs or a link fails, or the disk is full; `target` is then as it was. While another process builds the
    same guide, this one waits and says so on stderr.
    """
    target = target or root / "build" / "site"
    with swap.one_at_a_time(root / "build"), swap.full_disk_explained(target):
        swap.repair(target)
        return _build(root, target, today, site_url)


def _build(root: Path, target: Path, today: date, site_url: str | None) -> BuildResult:
    started = time.perf_counter()
    if not is_site_folder(target):
        raise SiteError(f"{target} is not empty and holds no site built by moocmap; name another folder")
    settings, written = _compile(root, today, site_url)
    strings = load_strings(root / "site" / "locales", settings.locales, root)
    with swap.workplace(target) as workplace:
        fresh = workplace / swap.FRESH
        shutil.copytree(root / PAGES / SHARED, fresh)
        _render_locales(root, fresh, settings, strings, site_url)
        _protect(fresh, settings.locales)
        if site_url:
            sitemap.write(fresh, settings.locales, site_url)
            social_image.write(fresh, settings, strings)
        broken = links.check(fresh)
        if broken:
            raise SiteError(_list("the built site has broken or external links", list(map(str, broken))))
        if not swap.exchange(fresh, target):
            _swap(fresh, target, workplace / swap.OLD)
    return BuildResult(target, tuple(settings.locales), written.count, time.perf_counter() - started)


def compile_pages(root: Path, today: date) -> Written:
    """Write the guide in `root` as Markdown and data to `root/build/pages`, without rendering it.

    Raises DiagnosticsError or SiteError when data, strings, templates or pages are wrong.
    """
    with swap.one_at_a_time(root / "build"), swap.full_disk_explained(root / PAGES):
        return _compile(root, today)[1]


def _compile(root: Path, today: date, site_url: str | None = None) -> tuple[GuideSettings, Written]:
    checked = examine(root, today)
    if checked.guide is None:
        raise DiagnosticsError(checked.problems)
    guide, origins = checked.guide, _origins(root, checked.sources)
    experiments, problems = load_experiments(root)
    if has_errors(problems):
        raise DiagnosticsError(problems)
    measured = [measure(root, experiment) for experiment in experiments]
    site = Compiled(guide, measured, root / "site", origins, site_url=site_url)
    return guide.settings, write_pages(site, root / PAGES)


def is_site_folder(path: Path) -> bool:
    """Tell whether a folder is missing, empty or a built site: only such a folder may be replaced."""
    return not path.exists() or (path.is_dir() and (not any(path.iterdir()) or (path / MARK).is_file()))


def _origins(root: Path, sources: Sources) -> Origins:
    files = {("course", entry.value.id): entry.document.label for entry in sources.courses}
    files |= {("topic", entry.value.id): entry.document.label for entry in sources.topics}
    files |= {("published", entry.value.id): entry.document.label for entry in sources.published}
    return Origins(files, last_changes(root))


def _render_locales(
    root: Path, fresh: Path, settings: GuideSettings, strings: Mapping[str, Strings], site_url: str | None
) -> None:
    """Run MkDocs for each locale, side by side, into `fresh/<locale>`."""
    paths = {}
    for locale in settings.locales:
        configuration = configuration_for(root, settings, strings, locale, site_url)
        configuration["site_dir"] = str((fresh / locale).resolve())
        if site_url:
            configuration["site_url"] = f"{site_url.rstrip('/')}/{locale}/"
        paths[locale] = root / "build" / f"mkdocs.{locale}.yml"
        text = yaml.safe_dump(configuration, allow_unicode=True, sort_keys=False)
        paths[locale].write_text(text, encoding="utf-8")
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(lambda item: _run_mkdocs(root, *item), paths.items()))
    for locale in settings.locales:
        for name in _NOT_NEEDED:
            (fresh / locale / name).unlink(missing_ok=True)


def _protect(fresh: Path, locales: Sequence[str]) -> None:
    """Give every page its security policy; the theme's error pages, which say what it may run, then go."""
    for locale in locales:
        error_page = fresh / locale / "404.html"
        policy.protect_pages(fresh / locale, error_page)
        error_page.unlink()
    for path in fresh.glob("*.html"):
        policy.protect_page(path)


def configuration_for(
    root: Path,
    settings: GuideSettings,
    strings: Mapping[str, Strings],
    locale: str,
    site_url: str | None = None,
) -> dict[str, Any]:
    """Return what one locale's MkDocs configuration says beyond the hand-written `mkdocs.yml`."""
    t, base = strings[locale], _base_configuration(root)
    return {
        "INHERIT": "../mkdocs.yml",
        "site_name": str(inline(text_in(settings.title, locale))),
        "site_description": str(inline(text_in(settings.description, locale))),
        "docs_dir": str((root / PAGES / locale).resolve()),
        "theme": {
            "custom_dir": str((root / "site" / "theme").resolve()),
            "language": locale.split("-", maxsplit=1)[0],
            "palette": _palette(base, t),
        },
        "nav": _nav(base, root / PAGES / locale, t),
        "markdown_extensions": {"toc": {"permalink_title": str(t("permalink"))}},
        "extra": {
            "locale": locale,
            "locales": [_language(strings[other]) for other in strings],
            "open_graph_locale": _language(t)["open_graph"],
            "address": f"{site_url.rstrip('/')}/" if site_url else "",
            "social_image": social_image.FILE,
            "feed": str(inline(t("changes.title"))) if (root / PAGES / locale / feed.FILE).is_file() else "",
            "group_label": str(inline(t("nav.label"))),
            "switch_language": str(inline(t("switch_language"))),
            "search": {
                key: str(inline(t(f"search.{key}"))) for key in ("button", "title", "close", "failed")
            },
        },
    }


def _language(t: Strings) -> dict[str, str]:
    """Return what the theme must know of a language: its id, its name, and Open Graph's name of it."""
    return {"id": t.locale, "name": str(t("language.name")), "open_graph": str(t("meta.open_graph_locale"))}


def _base_configuration(root: Path) -> dict[str, Any]:
    """Return what the hand-written `mkdocs.yml` says. Raises DiagnosticsError where it has no theme."""
    document, problems = documents.read(root / "mkdocs.yml", root)
    if document is None:
        raise DiagnosticsError(problems)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("theme"), dict):
        problem = document.diagnostic(("theme",), "wrong-type", "expected 'theme' with its settings below")
        raise DiagnosticsError([problem])
    return data


def _nav(base: Mapping[str, Any], pages: Path, t: Strings) -> list[Any]:
    """Return the groups of `mkdocs.yml` named in one locale, without pages that a guide may have not."""
    optional = (f"{name}.md" for name in (*addresses.COMPANIONS, addresses.ANSWER, addresses.YOUR_IMAGES))
    missing = {page for page in optional if not (pages / page).exists()}
    nav: list[Any] = []
    for item in base.get("nav", []):
        if isinstance(item, dict):
            nav += [
                {str(t(f"nav.{key}")): [page for page in group if page not in missing]}
                for key, group in item.items()
            ]
        elif item not in missing:
            nav.append(item)
    return nav


def _palette(base: Mapping[str, Any], t: Strings) -> list[dict[str, Any]]:
    """Return the palettes of `mkdocs.yml` with the names of their buttons in one locale."""
    palettes: list[dict[str, Any]] = base["theme"].get("palette", [])
    names = {"(prefers-color-scheme: light)": "light", "(prefers-color-scheme: dark)": "dark"}
    for palette in palettes:
        if "toggle" in palette:
            palette["toggle"]["name"] = str(t(f"palette.{names.get(palette.get('media', ''), 'auto')}"))
    return palettes


def _run_mkdocs(root: Path, locale: str, configuration: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(configuration)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise SiteError(_list(f"MkDocs could not build locale '{locale}'", said))


def _list(headline: str, lines: Sequence[str], most: int = 40) -> str:
    more = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([f"{headline}:", *(f"  {line}" for line in [*lines[:most], *more])])


def _swap(fresh: Path, target: Path, old: Path) -> None:
    """Put the fresh site in the target's place by two renames, where none can do both; see `swap.repair`."""
    try:
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    except BaseException:  # an interruption must not cost the last good site either
        if old.exists() and not target.exists():
            old.rename(target)
        raise
