"""Puts the commands together and turns expected errors into messages."""

from __future__ import annotations

import gc
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from moocmap.cli import choose, creating, curriculum, editing, experiments, export, reasoning, site
from moocmap.cli.common import State, err, fail, find_root, print_diagnostics
from moocmap.diagnostics import DiagnosticsError, UsableError

app = typer.Typer(
    name="moocmap",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Maps what deep-learning courses teach into a bilingual study guide, beside reproducible Keras and "
    "fastai experiments.",
    epilog="Example: moocmap check && moocmap build",
)


app.command(epilog="Example: moocmap check --strict")(curriculum.check)
app.command(epilog="Example: moocmap coverage deep-learning-specialization fastai-v3 --format csv")(
    curriculum.coverage
)
app.command(epilog="Example: moocmap compare deep-learning-specialization fastai-v3 --locale es")(
    curriculum.compare
)
app.command(epilog="Example: moocmap order fastai-v3")(reasoning.order)
app.command(epilog="Example: moocmap delta deep-learning-specialization fastai-v3")(reasoning.delta)
app.command(epilog="Example: moocmap plan --know python-programming --goal transformer -w 6")(reasoning.plan)
app.command(epilog="Example: moocmap export anki --out build/glossary.apkg")(export.export)
app.command(epilog="Example: moocmap choose goal=images style=practice --top 3")(choose.choose)
app.command("rules", epilog="Example: moocmap rules unknown-topic")(curriculum.list_rules)
app.command("fmt", epilog="Example: moocmap fmt --check")(editing.format_files)
app.command("schema", epilog="Example: moocmap schema --out build/schema")(curriculum.print_schema)
app.command(epilog="Example: moocmap pages")(site.pages)
app.command(epilog="Example: moocmap build")(site.build)
app.command(epilog="Example: moocmap serve --port 8000")(site.serve)
app.command(epilog="Example: moocmap demo")(site.demo)
app.command(epilog="Example: moocmap init my-guide --title 'My guide'")(creating.init)
app.add_typer(creating.app, name="new")
app.add_typer(experiments.app, name="experiment")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"moocmap {version('moocmap')}")
        raise typer.Exit


@app.callback()
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
        app()
    except DiagnosticsError as error:
        print_diagnostics(error.diagnostics)
        sys.exit(1)
    except (UsableError, OSError) as error:
        err.print(
            f"[bold red]error:[/] {str(error).replace('[', chr(92) + '[')}", soft_wrap=True, highlight=False
        )
        sys.exit(1)
