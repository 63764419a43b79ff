"""Commands for the website: pages, build, serve, demo.

The site's modules (with Matplotlib and SciPy behind them) are imported by the command that uses them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from moocmap import tables
from moocmap.cli import curriculum
from moocmap.cli.common import counted, out, root_of, say, today, usable_guide
from moocmap.curriculum.coverage import compare as compare_courses
from moocmap.curriculum.coverage import comparison_table, coverage_of

TargetOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Where the site goes; else build/site in the guide's folder."),
]
UrlOption = Annotated[
    str | None, typer.Option("--site-url", help="The address where the site will live, for its sitemap.")
]


def pages(context: typer.Context) -> None:
    """Write the guide as plain Markdown and JSON to build/pages, without rendering it."""
    from moocmap.site import engine

    written = engine.compile_pages(root_of(context), today())
    folder = root_of(context) / "build" / "pages"
    say(f"{counted(written.count, 'page')} in {folder}")


def build(context: typer.Context, target: TargetOption = None, site_url: UrlOption = None) -> None:
    """Build the website. When anything is wrong, say what, and leave the last good site as it is."""
    _build(root_of(context), target, site_url)


def _build(root: Path, target: Path | None, site_url: str | None = None) -> None:
    from moocmap.site import engine

    with out.status("building the site …"):
        result = engine.build(root, target, today=today(), site_url=site_url)
    languages = " and ".join(result.locales)
    out.print(
        f"[bold green]✓[/] {result.pages} pages in {languages}, {result.seconds:.1f} s", highlight=False
    )
    say(f"open {result.target / 'index.html'}")


def serve(
    context: typer.Context,
    port: Annotated[
        int,
        typer.Option("--port", "-p", min=0, max=65535, help="The port to listen on; 0 takes any free one."),
    ] = 8000,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the site, and show every edit of data, templates or pages at once.

    Pages are rendered when a browser asks for them; `moocmap build` makes the site to publish, and checks it.
    """
    from moocmap.site import serve as server

    server.serve(root_of(context), host, port, today=today)


def demo(context: typer.Context) -> None:
    """Walk once through everything: check the data, compare two courses, build the site in a new folder.

    Takes some seconds, needs no deep-learning library, and changes nothing in the guide's folder.
    """
    root, guide = root_of(context), usable_guide(context)
    _say("Is the data sound?", "moocmap check")
    curriculum.check(context, strict=False, everything=False)
    courses = list(guide.course_by_id)[:2]
    if len(courses) == 2:
        _say("What does only one of two courses teach?", f"moocmap compare {' '.join(courses)}")
        coverage = coverage_of(guide)
        table = comparison_table(coverage, compare_courses(coverage, courses), guide.settings.locales[0])
        examples = {row["verdict"]: row for row in table}
        tables.show(list(examples.values()), tables.Format.TABLE, out, too_wide=["area", "topic"])
        counts = Counter(row["verdict"] for row in table)
        out.print(", ".join(f"{verdict}: {number}" for verdict, number in counts.items()), highlight=False)
    _say("What does the guide look like?", "moocmap build")
    _build(root, Path(tempfile.mkdtemp(prefix="moocmap-demo-")))
    _say("Which library does better?", "moocmap experiment list")


def _say(question: str, command: str) -> None:
    out.print(f"\n[bold]{question}[/]  [dim]$ {command}[/]", highlight=False)
