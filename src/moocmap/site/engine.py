"""Builds the whole site: pages, then MkDocs once for each locale, then a check of all links, then the swap.

Whatever fails, the last good site stays as it was: everything is built beside it and takes its place last.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from moocmap.curriculum.check import examine
from moocmap.curriculum.load import Sources
from moocmap.diagnostics import DiagnosticsError
from moocmap.files import copy_folder
from moocmap.parsed import ParsedFiles
from moocmap.site import links, policy, sitemap, social_image, swap
from moocmap.site.addresses import API
from moocmap.site.compiled import SHARED, Compiled, Written, write_pages
from moocmap.site.configuration import write_configuration
from moocmap.site.errors import SiteError
from moocmap.site.git_dates import last_changes
from moocmap.site.measured import Measured, measure_all
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
    site = compile_site(root, today, site_url)
    written, locales = write_pages(site, root / PAGES), list(site.locales)
    with swap.workplace(target) as workplace:
        fresh = workplace / swap.FRESH
        copy_folder(root / PAGES / SHARED, fresh)
        _render_locales(root, fresh, site)
        _protect(fresh, locales)
        if site_url:
            sitemap.write(fresh, locales, site_url)
            social_image.write(fresh, site.guide.settings, site.strings)
        broken = links.check(fresh)
        if broken:
            raise SiteError(_list("the built site has broken or external links", list(map(str, broken))))
        if not swap.exchange(fresh, target):
            _swap(fresh, target, workplace / swap.OLD)
    return BuildResult(target, tuple(locales), written.count, time.perf_counter() - started)


def compile_pages(root: Path, today: date) -> Written:
    """Write the guide in `root` as Markdown and data to `root/build/pages`, without rendering it.

    Raises DiagnosticsError or SiteError when data, strings, templates or pages are wrong.
    """
    with swap.one_at_a_time(root / "build"), swap.full_disk_explained(root / PAGES):
        return write_pages(compile_site(root, today), root / PAGES)


def compile_site(
    root: Path,
    today: date,
    site_url: str | None = None,
    *,
    parsed: ParsedFiles | None = None,
    measure_all: Callable[[Path], list[Measured]] = measure_all,
) -> Compiled:
    """Read and check the guide in `root`, and make what its site is rendered from.

    `parsed` knows the files that have not changed since they were read.

    Raises DiagnosticsError when data, strings or pages are wrong.
    """
    checked = examine(root, today, parsed)
    if checked.guide is None:
        raise DiagnosticsError(checked.problems)
    origins = _origins(root, checked.sources)
    return Compiled(checked.guide, measure_all(root), root / "site", origins, site_url=site_url)


def is_site_folder(path: Path) -> bool:
    """Tell whether a folder is missing, empty or a built site: only such a folder may be replaced."""
    return not path.exists() or (path.is_dir() and (not any(path.iterdir()) or (path / MARK).is_file()))


def _origins(root: Path, sources: Sources) -> Origins:
    files = {("course", entry.value.id): entry.document.label for entry in sources.courses}
    files |= {("topic", entry.value.id): entry.document.label for entry in sources.topics}
    files |= {("published", entry.value.id): entry.document.label for entry in sources.published}
    return Origins(files, last_changes(root))


def _render_locales(root: Path, fresh: Path, site: Compiled) -> None:
    """Run MkDocs for each locale, side by side, into `fresh/<locale>`."""
    paths = {
        locale: write_configuration(
            root,
            site,
            locale,
            "mkdocs",
            docs_dir=str((root / PAGES / locale).resolve()),
            site_dir=str((fresh / locale).resolve()),
        )
        for locale in site.locales
    }
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(lambda item: _run_mkdocs(root, *item), paths.items()))
    for locale in site.locales:
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
