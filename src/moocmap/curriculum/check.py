"""The whole way from a folder to a checked guide."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from moocmap.curriculum import rules
from moocmap.curriculum.load import FOLDER, read_sources
from moocmap.curriculum.model import Guide
from moocmap.diagnostics import Diagnostic, DiagnosticsError, has_errors


def check_guide(root: Path, today: date) -> tuple[Guide | None, list[Diagnostic]]:
    """Read and check `root/curriculum`; return the guide (None when unusable) and all that was found."""
    if not (root / FOLDER / "guide.yml").is_file():
        message, hint = "this file is missing", "run moocmap in a guide's folder, or name one with --root"
        return None, [Diagnostic(f"{FOLDER}/guide.yml", 1, 1, "error", "no-guide", message, hint)]
    sources, problems = read_sources(root)
    problems += rules.check(sources, today)
    return (None if has_errors(problems) else sources.guide()), sorted(problems)


def load_guide(root: Path, today: date) -> tuple[Guide, list[Diagnostic]]:
    """Return a guide without errors, and its warnings. Raises DiagnosticsError when there are errors."""
    guide, problems = check_guide(root, today)
    if guide is None:
        raise DiagnosticsError(problems)
    return guide, problems
