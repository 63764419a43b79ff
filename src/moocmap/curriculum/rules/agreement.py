"""The rule that published tables agree with what the lessons teach, or say why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from moocmap.curriculum.coverage import agreement, coverage_of
from moocmap.curriculum.load import Sources
from moocmap.curriculum.rules.registry import rule
from moocmap.diagnostics import Diagnostic


@rule("published-row", is_waivable=True)
def published_row(sources: Sources, today: date) -> Iterator[Diagnostic]:
    """A published row that differs from the derived coverage needs an explanation, and only such a row."""
    guide = sources.guide()
    if guide is None or sources.has_problems or not sources.published:
        return  # rows would differ for want of lessons that could not be read
    coverage = coverage_of(guide)
    for entry in sources.published:
        if not guide.course_by_id.keys() >= set(entry.value.courses):
            continue  # unknown-course says so
        for index, row in enumerate(agreement(coverage, entry.value)):
            if not guide.topic_by_id.keys() >= set(row.row.topics):
                continue  # unknown-topic says so
            if row.verdict == "unexplained":
                derived = ", ".join(c for c, taught in row.derived.items() if taught) or "no course"
                message = f"'{row.row.label}' is taught by {derived} according to the lessons"
                hint = "correct the lessons' topics, or say in 'explanation' why they differ from the source"
                yield entry.diagnostic("published-row", message, hint, at=["rows", index, "label"])
            elif row.agrees and row.row.explanation:
                yield entry.diagnostic(
                    "published-row",
                    "this row agrees: its explanation is out of date",
                    "remove it",
                    at=["rows", index, "explanation"],
                )
