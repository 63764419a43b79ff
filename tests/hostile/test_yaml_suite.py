"""The public YAML test suite: each case is read as it means, or refused at a place within it."""

import json
from pathlib import Path

import pytest

from moocmap import documents

CASES = json.loads(Path(__file__).with_name("yaml_test_suite.json").read_text(encoding="utf-8"))["cases"]
TAKEN_THOUGH_WRONG = {
    *("9C9N", "9JBA", "CVW2", "DK95-1", "G5U8", "MUS6-0", "QB6E", "S98Z", "SU5Z", "X4QW", "Y79Y-3", "YJV2")
}
"""Errors that libyaml does not see: commas, comments and indentation where none may stand."""
TAKEN_OTHERWISE = {"652Z", "HM87-1", "L24T-1", "S4JQ", "Y2GN"}
"""Cases in which libyaml follows YAML 1.1: '?' and ':' within words, '! 12', blanks at the end of a text."""


def test_the_suite_is_whole():
    assert len(CASES) == 402
    assert sum("fail" in case for case in CASES) == 94
    ids = {case["id"] for case in CASES}
    assert ids >= TAKEN_THOUGH_WRONG | TAKEN_OTHERWISE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_is_read_as_it_means_or_refused_at_its_place(case):
    document, problems = documents.parse(case["yaml"], "x.yml")
    lines = case["yaml"].split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.message
    if document is None or "fail" in case:
        assert bool(problems) != (case["id"] in TAKEN_THOUGH_WRONG)
    elif not problems and "data" in case:
        assert (document.data == case["data"]) != (case["id"] in TAKEN_OTHERWISE)


def test_as_files_of_a_guide_all_of_them_are_named_in_one_run(guide, moocmap):
    cases = CASES[::6]
    for case in cases:
        name = f"{case['id'].lower()}.yml"
        (guide / "curriculum" / "courses" / name).write_bytes(case["yaml"].encode())
    done = moocmap("check", "--format", "json")
    assert done.returncode == 1
    named = {problem["file"] for problem in json.loads(done.stdout)}
    assert named >= {f"curriculum/courses/{case['id'].lower()}.yml" for case in cases}
    assert len(cases) == 67
