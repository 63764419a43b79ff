"""What is read straight from events is what the tree of nodes says; whatever is odd is left to that."""

import json
import math
import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from moocmap import documents
from moocmap.plain_yaml import MAX_DEPTH, MOST_PARTS, OddError, quickly

REPOSITORY = Path(__file__).parent.parent.parent
FILES = sorted(path for room in ("curriculum", "experiments") for path in (REPOSITORY / room).rglob("*.yml"))
CASES = json.loads(Path(__file__).with_name("yaml_test_suite.json").read_text(encoding="utf-8"))["cases"]
WORDS = ["a", "é", "1", "-0", "07", "1.5", ".5e3", "-.inf", ".NaN", "~", "null", "True", "no", '"\\e"', "'x'"]
MARKS = [": ", "- ", "\n", "\n  ", "\n- ", "[", "]", "{", "}", ",", "&a ", "*a", "!!str ", "? ", "|\n", "#"]


def read_both_ways(text):
    """Return whether the quick way took a text, having held what it read against the tree's."""
    try:
        data, parts = quickly(text)
    except (OddError, yaml.YAMLError, ValueError):
        return False
    document, problems = documents.parse_closely(text, "x.yml")
    assert problems == []
    assert repr(document.data) == repr(data)  # where nan is equal to nan, and 1 is not 1.0
    assert document.parts == parts
    return True


@given(st.lists(st.sampled_from(WORDS + MARKS), max_size=30).map("".join) | st.text())
def test_any_text(text):
    read_both_ways(text)


@given(st.sampled_from(FILES), st.randoms(use_true_random=False))
def test_damaged_files_of_the_guide(file, drawn: random.Random):
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)[:150]
    for _ in range(drawn.randint(1, 4)):
        at = drawn.randrange(len(lines))
        place = drawn.randint(0, len(lines[at]))
        lines[at] = lines[at][:place] + drawn.choice(WORDS + MARKS) + lines[at][place:]
    read_both_ways("".join(lines))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_public_suite(case):
    read_both_ways(case["yaml"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_of_the_guide_are_read_quickly(file):
    assert read_both_ways(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "a: 1\na: 2",
        "1: a",
        "[a]: 1",
        "a: &x 1",
        "a: !!str 1",
        "a: 1\n---\nb: 2",
        'a: "\\e[2J"',
        "9" * 1001,
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "[" + "1," * MOST_PARTS + "]",
    ],
    ids=range(12),
)
def test_what_is_odd_is_left_to_the_tree(text):
    with pytest.raises(OddError):
        quickly(text)


def test_numbers_that_are_none():
    assert quickly("[.inf, -.Inf, 010, 1e3, 0x10, 1_000]")[0] == [
        math.inf,
        -math.inf,
        10,
        1000.0,
        "0x10",
        "1_000",
    ]
