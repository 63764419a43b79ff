"""Commands for people who edit `curriculum/`: fmt."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from moocmap import documents
from moocmap.cli.common import counted, fail, out, print_diagnostics, root_of, say
from moocmap.curriculum.load import FOLDER
from moocmap.curriculum.schema import data_files, kind_of
from moocmap.diagnostics import Diagnostic, DiagnosticsError, did_you_mean
from moocmap.files import write_atomically


def format_files(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of curriculum/; all of them when left out.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing, say what would be changed.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing, show what would be changed.")] = False,
) -> None:
    """Bring files of curriculum/ into their canonical order and layout; data and comments stay.

    Exit code: 0 done, 1 a file is no usable YAML, or (with --check or --diff) one would be changed.
    """
    from moocmap.curriculum.formatting import format_text

    root = root_of(context)
    chosen = [_within(file, root) for file in files] if files else list(data_files(root))
    locales = _locales(root)
    changed: list[str] = []
    problems: list[Diagnostic] = []
    for path in chosen:
        kind = kind_of(path.relative_to(root / FOLDER))
        label = path.relative_to(root).as_posix()
        if kind is None:
            fail(f"'{label}' is none of the files that fmt knows", f"they are the .yml files of {FOLDER}/")
        try:
            text = _read(path, root)
            formatted = format_text(text, kind, label, locales)
        except DiagnosticsError as error:
            problems += error.diagnostics
            continue
        if formatted == text:
            continue
        changed.append(label)
        if diff:
            lines = unified_diff(text.splitlines(), formatted.splitlines(), label, label, lineterm="")
            out.file.write("".join(f"{line}\n" for line in lines))
        elif not check:
            write_atomically(path, formatted)
    print_diagnostics(problems)
    _print_verdict(len(chosen), changed, problems, is_trial=check or diff)
    if problems or (changed and (check or diff)):
        raise typer.Exit(1)


def _print_verdict(files: int, changed: list[str], problems: list[Diagnostic], is_trial: bool) -> None:
    for label in changed:
        say(f"{'would change' if is_trial else 'changed'} {label}")
    unread = f", {counted(len({d.file for d in problems}), 'file')} left for errors" if problems else ""
    say(f"{counted(files, 'file')}: {len(changed)} {'to change' if is_trial else 'changed'}{unread}")


def _within(file: Path, root: Path) -> Path:
    """Return the full path of a file named on the command line, seen from here or from the guide's folder."""
    path = next((place for place in (file.resolve(), (root / file).resolve()) if place.is_file()), None)
    if path is None:
        known = [place.relative_to(root).as_posix() for place in data_files(root)]
        fail(f"no file '{file}'", did_you_mean(file.as_posix(), known))
    if not path.is_relative_to(root / FOLDER):
        fail(f"'{file}' does not stand in {root / FOLDER}", "name files of the guide's curriculum/")
    return path


def _read(path: Path, root: Path) -> str:
    """Return a file's text. Raises DiagnosticsError when it is no YAML in UTF-8."""
    document, problems = documents.read(path, root)
    if document is None or problems:
        raise DiagnosticsError(problems)
    return path.read_text(encoding="utf-8-sig")


def _locales(root: Path) -> list[str]:
    document, _ = documents.read(root / FOLDER / "guide.yml", root)
    return [locale for _, locale in document.select("locales.*")] if document else []
