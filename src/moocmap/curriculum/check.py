"""The whole way from a folder to a checked guide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from moocmap.curriculum import rules
from moocmap.curriculum.load import FOLDER, Sources, read_sources
from moocmap.curriculum.model import Guide
from moocmap.diagnostics import Diagnostic, DiagnosticsError, has_errors
from moocmap.parsed import ParsedFiles


@dataclass(frozen=True)
class Checked:
    """A guide (None when unusable), what is to be mended in it, what its editors accepted, and its files."""

    guide: Guide | None
    problems: list[Diagnostic]
    waived: list[Diagnostic] = field(default_factory=list)
    sources: Sources = field(default_factory=Sources)


def examine(root: Path, today: date, parsed: ParsedFiles | None = None) -> Checked:
    """Read and check `root/curriculum`; findings that `waivers.yml` covers stand apart.

    `parsed` knows the files that have not changed since they were read.
    """
    if not (root / FOLDER / "guide.yml").is_file():
        message, hint = "this file is missing", "run moocmap in a guide's folder, or name one with --root"
        return Checked(None, [Diagnostic(f"{FOLDER}/guide.yml", 1, 1, "error", "no-guide", message, hint)])
    sources, problems = read_sources(root, parsed)
    waivers = [entry.value for entry in sources.waivers]
    found, waived = rules.divide(rules.check(sources, today), waivers)
    problems = sorted([*problems, *found])
    return Checked(None if has_errors(problems) else sources.guide(), problems, waived, sources)


def check_guide(root: Path, today: date) -> tuple[Guide | None, list[Diagnostic]]:
    """Return the guide of `examine` (None when unusable) and what is to be mended."""
    checked = examine(root, today)
    return checked.guide, checked.problems


def load_guide(root: Path, today: date) -> tuple[Guide, list[Diagnostic]]:
    """Return a guide without errors, and its warnings. Raises DiagnosticsError when there are errors."""
    guide, problems = check_guide(root, today)
    if guide is None:
        raise DiagnosticsError(problems)
    return guide, problems
