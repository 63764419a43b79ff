"""The rules that there are: each a small function, registered by its decorator under its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from moocmap.curriculum.load import Sources
from moocmap.diagnostics import Diagnostic, Severity

Check = Callable[[Sources, date], Iterator[Diagnostic]]


@dataclass(frozen=True)
class Rule:
    """A named check with its severity.

    `is_waivable` tells whether the guide can be used in spite of a finding, so that editors may accept it.
    """

    id: str
    severity: Severity
    check: Check
    is_waivable: bool


RULES: list[Rule] = []


def rule(
    rule_id: str, severity: Severity = "error", is_waivable: bool | None = None
) -> Callable[[Check], Check]:
    """Register a rule; warnings can be waived unless `is_waivable` says otherwise, errors cannot."""

    def register(check: Check) -> Check:
        waivable = severity == "warning" if is_waivable is None else is_waivable
        RULES.append(Rule(rule_id, severity, check, waivable))
        return check

    return register
