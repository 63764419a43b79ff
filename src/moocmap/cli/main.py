"""Puts the commands together and turns expected errors into messages."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.markup import escape

from moocmap.cli.common import State, err, fail, find_root, print_diagnostics
from moocmap.diagnostics import DiagnosticsError, UsableError
from moocmap.files import worded


class Named(NamedTuple):
    """Where a command, or a group of commands, is written, and what its help ends with."""

    module: str
    function: str
    epilog: str = ""


COMMANDS = {
    "check": Named("curriculum", "check", "moocmap check --strict"),
    "coverage": Named(
        "curriculum", "coverage", "moocmap coverage deep-learning-specialization fastai-v3 --format csv"
    ),
    "compare": Named(
        "curriculum", "compare", "moocmap compare deep-learning-specialization fastai-v3 --locale es"
    ),
    "order": Named("reasoning", "order", "moocmap order fastai-v3"),
    "delta": Named("reasoning", "delta", "moocmap delta deep-learning-specialization fastai-v3"),
    "plan": Named("reasoning", "plan", "moocmap plan --know python-programming --goal transformer -w 6"),
    "export": Named("export", "export", "moocmap export anki --out build/glossary.apkg"),
    "choose": Named("choose", "choose", "moocmap choose goal=images style=practice --top 3"),
    "rules": Named("curriculum", "list_rules", "moocmap rules unknown-topic"),
    "fmt": Named("editing", "format_files", "moocmap fmt --check"),
    "schema": Named("curriculum", "print_schema", "moocmap schema --out build/schema"),
    "pages": Named("site", "pages", "moocmap pages"),
    "build": Named("site", "build", "moocmap build"),
    "serve": Named("site", "serve", "moocmap serve --port 8000"),
    "demo": Named("site", "demo", "moocmap demo"),
    "init": Named("creating", "init", "moocmap init my-guide --title 'My guide'"),
    "new": Named("creating", "app"),
    "experiment": Named("experiments", "app"),
}


def app_for(words: Sequence[str]) -> typer.Typer:
    """Return the application that runs a command line: with the one command that it names, else with all.

    Importing what all commands need takes longer than many of them run.
    """
    app = typer.Typer(
        name="moocmap",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        help="Maps what deep-learning courses teach into a bilingual study guide, beside reproducible Keras "
        "and fastai experiments.",
        epilog="Example: moocmap check && moocmap build",
    )
    app.callback()(options)
    name = _command_in(words)
    for command in [name] if name in COMMANDS else COMMANDS:
        _add(app, command)
    return app


def _command_in(words: Sequence[str]) -> str | None:
    """Return the first word that is no option, nor an option's value."""
    rest = iter(words)
    for word in rest:
        if word == "--root":
            next(rest, None)
        elif not word.startswith("-"):
            return word
    return None


def _add(app: typer.Typer, name: str) -> None:
    module, function, epilog = COMMANDS[name]
    found = getattr(import_module(f"moocmap.cli.{module}"), function)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name, epilog=f"Example: {epilog}")(found)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"moocmap {version('moocmap')}")
        raise typer.Exit


def options(
    context: typer.Context,
    root: Annotated[
        Path | None,
        typer.Option(
            "--root", help="The guide's folder; else the nearest one that holds curriculum/guide.yml."
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Hold what the options before the command say."""
    if root is not None and not root.is_dir():
        fail(f"--root: '{root}' is no folder")
    context.obj = State((root or find_root(Path.cwd())).resolve())


def _end(number: int, frame: object) -> None:
    """End the command as an exit does, so that workers are stopped and unfinished files go."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line; expected errors end it with a message and exit code 1, never a traceback."""
    signal.signal(signal.SIGTERM, _end)
    gc.set_threshold(100_000)  # a guide is a million small objects that all stay: looking for garbage is vain
    try:
        app_for(sys.argv[1:])()
    except DiagnosticsError as error:
        print_diagnostics(error.diagnostics)
        sys.exit(1)
    except (UsableError, OSError) as error:
        said = worded(error) if isinstance(error, OSError) else str(error)
        err.print(f"[bold red]error:[/] {escape(said)}", soft_wrap=True, highlight=False)
        sys.exit(1)
