"""Rules about waivers, with which editors accept findings; and which findings they cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from moocmap.curriculum.companions import Waiver
from moocmap.curriculum.load import Sources
from moocmap.curriculum.rules.mentions import unknown
from moocmap.curriculum.rules.registry import RULES, rule
from moocmap.diagnostics import Diagnostic
from moocmap.rulebook import rule_pages


@rule("unknown-rule")
def unknown_rule(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A waiver must name a rule that exists."""
    known = set(rule_pages())
    yield from unknown("unknown-rule", "rules", [("waivers", "*.rule")], known, sources)


@rule("not-waivable")
def not_waivable(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """Only findings that leave the guide usable can be waived."""
    firm = rule_pages().keys() - {rule.id for rule in RULES if rule.is_waivable}
    for mention in sources.select("waivers", "*.rule"):
        if mention.value in firm:
            message = f"findings of '{mention.value}' cannot be waived"
            yield mention.diagnostic("not-waivable", message, "mend what it finds and remove this waiver")


@rule("stale-waiver")
def stale_waiver(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A waiver must cover a finding: one that covers nothing any more is to be removed."""
    if sources.has_problems:
        return  # what it covers may stand in a file that could not be read
    waived = {entry.value.rule for entry in sources.waivers}
    found = {r.id: list(r.check(sources, today)) for r in RULES if r.is_waivable and r.id in waived}
    for entry in sources.waivers:
        rule, file = entry.value.rule, entry.value.file
        if rule in found and not any(_covers(entry.value, finding) for finding in found[rule]):
            message = f"this waiver covers no finding of '{rule}' in {file}"
            hint = "remove it, or compare 'file' and 'about' with what moocmap check says without it"
            yield entry.diagnostic("stale-waiver", message, hint)


def _covers(waiver: Waiver, finding: Diagnostic) -> bool:
    is_about = waiver.about is None or waiver.about in finding.message
    return finding.rule == waiver.rule and finding.file == waiver.file and is_about


def divide(
    findings: Iterable[Diagnostic], waivers: Iterable[Waiver]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return the findings that no waiver covers, and those that one covers."""
    waivable = {rule.id for rule in RULES if rule.is_waivable}
    active = [waiver for waiver in waivers if waiver.rule in waivable]
    left: list[Diagnostic] = []
    waived: list[Diagnostic] = []
    for finding in findings:
        (waived if any(_covers(waiver, finding) for waiver in active) else left).append(finding)
    return left, waived
