"""What is wrong with an edited file, where, and how to mend it: the editor's interface.

Rules and loaders return lists of `Diagnostic`; nothing here prints or exits.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One finding at one place of one file.

    `line` and `column` count from 1, as editors do. `message` says what was found and what was expected;
    `hint` says how to mend it.
    """

    file: str
    line: int
    column: int
    severity: Severity
    rule: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}[{self.rule}]: {self.message}{hint}"


class UsableError(Exception):
    """Something that a user can mend; the message says what was found, what was expected and how to go on.

    Every error that a command is to show without a traceback derives from this one.
    """


class DiagnosticsError(UsableError):
    """Input could not be used; `diagnostics` says why, one finding for each place."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = sorted(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether anything found must be mended before the data can be used."""
    return any(d.severity == "error" for d in diagnostics)


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return "did you mean 'x'?" for the known word nearest to `word`, or "" when none is near.

    `cutoff` (0 to 1) is how alike two words must be, as `difflib.SequenceMatcher.ratio` measures it.
    """
    nearest = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"did you mean '{nearest[0]}'?" if nearest else ""


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Render one line for each finding, in the order of files and lines."""
    return "".join(f"{d}\n" for d in sorted(diagnostics))


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Render a JSON list of objects with the fields of `Diagnostic`."""
    return json.dumps([asdict(d) for d in sorted(diagnostics)], indent=2, ensure_ascii=False) + "\n"
