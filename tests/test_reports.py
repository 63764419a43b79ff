"""What other programs read: GitHub's workflow commands and SARIF."""

import json

import pytest
from jsonschema import Draft202012Validator

from moocmap.diagnostics import Diagnostic
from moocmap.reports import as_github, as_sarif
from moocmap.rulebook import rule_pages

FINDINGS = [
    Diagnostic("curriculum/b c.yml", 41, 15, "error", "unknown-topic", "no topic 'a'", "did you mean 'b'?"),
    Diagnostic("curriculum/a,b:c.yml", 1, 2, "warning", "old-fact", "100 %\r\nof: them, all"),
    Diagnostic("curriculum/b c.yml", 50, 1, "error", "unknown-topic", "no topic 'é'"),
]


def test_github_commands_are_escaped_as_documented():
    assert as_github(FINDINGS).splitlines() == [
        "::warning file=curriculum/a%2Cb%3Ac.yml,line=1,col=2,title=old-fact::100 %25%0D%0Aof: them, all",
        "::error file=curriculum/b c.yml,line=41,col=15,title=unknown-topic::no topic 'a'; did you mean 'b'?",
        "::error file=curriculum/b c.yml,line=50,col=1,title=unknown-topic::no topic 'é'",
    ]


def closed(required, optional=()):
    """An object of SARIF 2.1.0 with those of its properties that we use."""
    return {
        "type": "object",
        "properties": {**{name: {} for name in optional}, **required},
        "required": list(required),
        "additionalProperties": False,
    }


# The part of the official schema that our logs use, with its required properties and limits.
TEXT = closed({"text": {"type": "string"}}, ["markdown"])
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE = closed(
    {"id": {"type": "string"}},
    ["shortDescription", "fullDescription", "help", "defaultConfiguration"],
)
NUMBER = {"type": "integer", "minimum": 1}
PLACE = closed(
    {
        "artifactLocation": closed({"uri": {"type": "string", "pattern": "^[^ ,:]+$"}}, ["uriBaseId"]),
        "region": closed({"startLine": NUMBER, "startColumn": NUMBER}),
    }
)
RESULT = closed(
    {
        "message": TEXT,
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "locations": {"type": "array", "items": closed({"physicalLocation": PLACE})},
    }
)
DRIVER = closed(
    {"name": {"const": "moocmap"}, "rules": {"type": "array", "items": RULE}}, ["semanticVersion"]
)
RUN = closed(
    {
        "tool": closed({"driver": DRIVER}),
        "results": {"type": "array", "items": RESULT},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    }
)
LOG = closed({"version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}}, ["$schema"])


@pytest.mark.parametrize("findings", [FINDINGS, []])
def test_sarif_has_the_shape_of_the_standard(findings):
    log = json.loads(as_sarif(findings, rule_pages(), "0.1.0"))
    assert [error.message for error in Draft202012Validator(LOG).iter_errors(log)] == []


def test_sarif_names_rule_and_place_of_every_finding():
    run = json.loads(as_sarif(FINDINGS, rule_pages(), "0.1.0"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["old-fact", "unknown-topic"]
    assert all(rule["shortDescription"]["text"] and rule["help"]["markdown"] for rule in rules)
    for result, finding in zip(run["results"], sorted(FINDINGS), strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule
        place = result["locations"][0]["physicalLocation"]
        assert (place["region"]["startLine"], place["region"]["startColumn"]) == (
            finding.line,
            finding.column,
        )
    assert run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith(
        "/b%20c.yml"
    )
