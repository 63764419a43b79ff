"""YAML with positions: every part can be found again, and nothing surprising is read."""

import re
from typing import Annotated

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints

from moocmap import documents, shapes

FLOAT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+$")
"""What YAML 1.2 reads as a number and YAML 1.1, which PyYAML writes, as text: 0E0."""
SEEN = st.characters(exclude_categories=["Cc", "Cs"], include_characters="\t\n")
"""What a text may hold: control characters are refused."""
keys = st.text("abcdefghij", min_size=1, max_size=6)
scalars = (
    st.integers()
    | st.booleans()
    | st.none()
    | st.text(SEEN, max_size=20).filter(lambda text: not FLOAT.match(text))
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_pyyaml_writes_is_read_back(value):
    document, problems = documents.parse(yaml.safe_dump(value), "x.yml")
    assert problems == []
    assert document.data == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2020-06", "2020-06"),
        ("2020-06-01", "2020-06-01"),
        ("3e-3", 0.003),
        ("1:30", "1:30"),
        ("0123", 123),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_plain_words_are_read_as_yaml_1_2_reads_them(text, value):
    document, _ = documents.parse(text, "x.yml")
    assert document.data == value


def paths_within(value, path=()):
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_within(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_within(item, (*path, index))


@given(
    st.recursive(
        st.integers(0, 9),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3) | st.dictionaries(keys, inner, min_size=1, max_size=3)
        ),
    )
)
def test_a_position_points_at_its_value(value):
    text = yaml.safe_dump(value)
    document, _ = documents.parse(text, "x.yml")
    lines = text.splitlines()
    for path, part in paths_within(value):
        line, column = document.position(path)
        if isinstance(part, int):
            assert lines[line - 1][column - 1 :].split()[0] == str(part)
        if path and isinstance(path[-1], str):
            line, column = document.position(path, of_key=True)
            assert lines[line - 1][column - 1 :].startswith(f"{path[-1]}:")


def test_a_missing_part_is_placed_at_what_should_hold_it():
    document, _ = documents.parse("a:\n  b: 1\n", "x.yml")
    assert document.position(("a", "missing")) == (2, 3)


def test_select_finds_texts_in_documents_of_any_shape():
    document, _ = documents.parse(
        "units:\n- lessons: [{id: one}, {id: 2}, three]\n- lessons: none\n- {}\n", "x.yml"
    )
    assert list(document.select("units.*.lessons.*.id")) == [(("units", 0, "lessons", 0, "id"), "one")]


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("a: 1\na: 2\n", "duplicate-key", (2, 1)),
        ("a: &x 1\nb: *x\n", "yaml-anchor", (1, 4)),
        ("a: [1, 2\nb: 3\n", "yaml-syntax", (2, 2)),
        ("a: b: c\n", "yaml-syntax", (1, 5)),
        ("a:\n\t- b\n", "yaml-syntax", (2, 1)),
        ("? [1]\n: 2\n", "yaml-key", (1, 3)),
        ("a: !!python/object:os.system x\n", "yaml-syntax", (1, 4)),
        ("[" * 200 + "]" * 200, "yaml-depth", (1, 102)),
        ("a: " + "[" * 500_000, "yaml-depth", (1, 104)),  # a recursive parser would end the process
        ("- " * 500_000 + "x", "yaml-depth", (1, 203)),
        ("- \t" * 200_000 + "x", "yaml-syntax", (1, 3)),
        ("{a: " * 200_000, "yaml-depth", (1, 405)),
        ("\n".join("  " * level + "a:" for level in range(2000)), "yaml-depth", (102, 203)),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(text, rule, place):
    _, problems = documents.parse(text, "x.yml")
    assert [(d.rule, (d.line, d.column)) for d in problems] == [(rule, place)]


def test_a_file_that_is_no_utf_8_is_named(tmp_path):
    file = tmp_path / "latin.yml"
    file.write_bytes("título: año".encode("latin-1"))
    document, problems = documents.read(file, tmp_path)
    assert document is None
    assert [(d.file, d.rule, d.hint) for d in problems] == [
        ("latin.yml", "unreadable-file", "save the file as UTF-8")
    ]


class Inner(BaseModel, extra="forbid"):
    name: str
    size: int = 0


class Outer(BaseModel, extra="forbid"):
    inner: list[Inner] = []
    named: dict[Annotated[str, StringConstraints(pattern="^[a-z]+$")], Inner] = {}


def test_a_file_too_large_is_not_read(tmp_path):
    file = tmp_path / "x.yml"
    with file.open("wb") as handle:
        handle.truncate(100_000_000)
    document, [problem] = documents.read(file, tmp_path)
    assert document is None
    assert str(problem) == (
        "x.yml:1:1: error[unreadable-file]: is 100 MB large; more than 1 MB are not read; "
        "shorten it, or divide it into several files"
    )


def test_an_unknown_key_is_met_with_the_keys_of_its_own_object():
    document, _ = documents.parse("inner:\n- name: x\n  siez: 1\n- name: y\n  colour: red\n", "x.yml")
    _, problems = shapes.validate(document, Outer)
    assert [str(d) for d in problems] == [
        "x.yml:3:3: error[unknown-key]: unknown key 'siez'; did you mean 'size'?",
        "x.yml:5:3: error[unknown-key]: unknown key 'colour'; known keys: name, size",
    ]


def test_so_is_one_in_an_object_under_a_free_name():
    document, _ = documents.parse("named: {first: {name: x, siez: 1}}\n", "x.yml")
    _, problems = shapes.validate(document, Outer)
    assert [str(d) for d in problems] == [
        "x.yml:1:26: error[unknown-key]: unknown key 'siez'; did you mean 'size'?"
    ]
