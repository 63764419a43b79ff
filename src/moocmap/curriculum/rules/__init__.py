"""What curriculum data must mean, beyond its shape: one small function for each rule.

A rule takes the sources and the date of today and yields diagnostics. Its documentation for editors stands in
`moocmap/rulebook.yml`.
"""

from __future__ import annotations

from datetime import date

from moocmap.curriculum.load import Sources
from moocmap.curriculum.rules import agreement, identity, mentions, texts, times
from moocmap.curriculum.rules.registry import RULES, Rule
from moocmap.curriculum.rules.waiving import divide
from moocmap.diagnostics import Diagnostic

__all__ = ["RULES", "Rule", "agreement", "check", "divide", "identity", "mentions", "texts", "times"]


def check(sources: Sources, today: date) -> list[Diagnostic]:
    """Apply every rule; return all findings sorted by file and line."""
    return sorted(finding for rule in RULES for finding in rule.check(sources, today))
