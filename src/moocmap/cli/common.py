"""What all commands share: the guide's folder, the consoles, and how a command ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from moocmap import documents
from moocmap.curriculum.check import load_guide
from moocmap.curriculum.model import Guide
from moocmap.diagnostics import Diagnostic, did_you_mean

# Without emoji codes: in `file.yml:100:17` rich would see one.
out = Console(emoji=False)
err = Console(stderr=True, emoji=False)

SEVERITY_STYLES = {"error": "bold red", "warning": "yellow"}


@dataclass(frozen=True)
class State:
    """What the options before the command say."""

    root: Path


def root_of(context: typer.Context) -> Path:
    """Return the guide's folder: the one given, or the nearest around the current one."""
    state: State = context.obj
    return state.root


def find_root(start: Path) -> Path:
    """Return the nearest folder from `start` upward that holds `curriculum/guide.yml`, or `start` itself."""
    for folder in (start, *start.parents):
        if (folder / "curriculum" / "guide.yml").is_file():
            return folder
    return start


def today() -> date:
    """Return the date in UTC, so that a check says the same everywhere."""
    return datetime.now(UTC).date()


def locale_of(context: typer.Context) -> str:
    """Return the guide's first language, in which texts of experiments are shown; "en" without a guide."""
    document, _ = documents.read(root_of(context) / "curriculum" / "guide.yml", root_of(context))
    locales = document.select("locales.*") if document else iter(())
    return next((locale for _, locale in locales), "en")


def usable_guide(context: typer.Context) -> Guide:
    """Load the guide; ends the command with its errors when it has any."""
    guide, _ = load_guide(root_of(context), today())
    return guide


def fail(message: str, hint: str = "", code: int = 2) -> NoReturn:
    """End the command with a message (exit code 2: the call itself was wrong)."""
    err.print(
        f"[bold red]error:[/] {escape(message)}" + (f"; {escape(hint)}" if hint else ""), soft_wrap=True
    )
    raise typer.Exit(code)


def known_or_fail(what: str, words: Sequence[str], known: Iterable[str]) -> None:
    """End the command when a word on its line names nothing that exists."""
    known = list(known)
    for word in words:
        if word not in known:
            fail(f"no {what} '{word}'", did_you_mean(word, known) or f"known: {', '.join(known) or 'none'}")


def print_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    """Print one line for each finding, as compilers do."""
    for d in sorted(diagnostics):
        place = f"{d.file}:{d.line}:{d.column}"
        hint = f"; {d.hint}" if d.hint else ""
        style = SEVERITY_STYLES[d.severity]
        out.print(
            f"[cyan]{escape(place)}[/]: [{style}]{d.severity}\\[{d.rule}][/]: {escape(d.message + hint)}",
            soft_wrap=True,
            highlight=False,
        )


def say(text: str) -> None:
    """Print a line as it is: brackets and paths are no markup, and long lines are not wrapped."""
    out.print(escape(text), highlight=False, soft_wrap=True)


def counted(number: int, noun: str) -> str:
    """Return "1 error", "2 errors"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
