"""Findings in the forms that other programs read: SARIF for code scanning, workflow commands for GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from moocmap.diagnostics import Diagnostic
from moocmap.rulebook import RulePage, as_markdown

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Render workflow commands, by which GitHub shows each finding at its line of a pull request."""
    return "".join(
        f"::{d.severity} file={_property(d.file)},line={d.line},col={d.column},title={_property(d.rule)}"
        f"::{_data(_message(d))}\n"
        for d in sorted(diagnostics)
    )


def _data(text: str) -> str:
    # The percent sign first: the others bring in new ones.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _message(d: Diagnostic) -> str:
    return f"{d.message}; {d.hint}" if d.hint else d.message


def as_sarif(diagnostics: Iterable[Diagnostic], pages: Mapping[str, RulePage], version: str) -> str:
    """Render a SARIF 2.1.0 log of one run; `pages` documents the rules, `version` is that of moocmap."""
    found = sorted(diagnostics)
    rules = list(dict.fromkeys(d.rule for d in found))
    driver = {
        "name": "moocmap",
        "semanticVersion": version,
        "rules": [_sarif_rule(rule, pages.get(rule)) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(d, rules.index(d.rule)) for d in found],
    }
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _sarif_rule(rule: str, page: RulePage | None) -> dict[str, Any]:
    if page is None:
        return {"id": rule}
    return {
        "id": rule,
        "shortDescription": {"text": page.asks["en"]},
        "fullDescription": {"text": page.why["en"]},
        "help": {"text": f"{page.asks['en']} {page.why['en']}", "markdown": as_markdown(page, "en")},
        "defaultConfiguration": {"level": page.severity},
    }


def _sarif_result(d: Diagnostic, rule_index: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(d.file), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": d.line, "startColumn": d.column},
    }
    return {
        "ruleId": d.rule,
        "ruleIndex": rule_index,
        "level": d.severity,
        "message": {"text": _message(d)},
        "locations": [{"physicalLocation": place}],
    }
