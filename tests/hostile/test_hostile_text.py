"""Texts made to break a reader: each ends in data, or in findings with their places."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap import documents, text_files
from moocmap.curriculum.bibliography import read_references
from moocmap.diagnostics import DiagnosticsError
from moocmap.parsed import ParsedFiles

REPOSITORY = Path(__file__).parent.parent.parent
PIECES = [
    "a",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!set ",
    "!!bool ",
    "!x ",
    "? ",
]
PIECES += [
    "|",
    ">",
    "'",
    '"',
    "\\",
    "#",
    "%YAML",
    "---",
    "...",
    "<<",
    "1",
    ".nan",
    "~",
    "\t",
    "é",
    "\u2028",
    "😀",
]


def found(text):
    document, problems = documents.parse(text, "x.yml")
    assert document is not None or problems
    return [(d.rule, d.line, d.column, d.message) for d in problems]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text())
def test_any_text_ends_in_data_or_in_findings_at_its_places(text):
    lines = len(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text))
    for _, line, column, message in found(text):
        assert 1 <= line <= lines + 1
        assert column >= 1
        assert "\n" not in message


@given(st.binary())
def test_any_bytes_end_so_too(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_bytes(content)
    document, problems = documents.read(file, file.parent)
    assert document is not None or problems
    references, lines, problems = read_references(file, ParsedFiles(file.parent))
    assert problems or {reference.key for reference in references} >= lines.keys()


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a:\n  b: !!timestamp soon", 2, 6, "the tag '!!timestamp' is not supported here"),
        ("a:\n  b: !!bool maybe", 2, 6, "the tag '!!bool' is not supported here"),
        ("a:\n  b: !!int x", 2, 6, "the tag '!!int' is not supported here"),
        ("a: !!set {b, c}", 1, 4, "the tag '!!set' is not supported here"),
        ("a: !!python/name:os.system x", 1, 4, "the tag '!!python/name:os.system' is not supported here"),
        ("!!merge <<: {a: 1}", 1, 1, "the tag '!!merge' is not supported here"),
        ("a:\n  b: " + "9" * 5000, 2, 6, "a whole number of 5,000 digits"),
        ("a: 1\né: \0", 2, 4, "the character U+0000 is not allowed in YAML"),
        ('a: "\\e[2J"', 1, 4, "the text holds the control character U+001B"),
        ("a: \ufffe", 1, 4, "the character U+FFFE is not allowed in YAML"),
        ("[" + "1," * 30_000 + "]", 1, 1, "holds more than 30,000 values and keys"),
        ("[" + "[[]]," * 20_000 + "[" * 101, 1, 1, "holds more than 30,000 values and keys"),
    ],
)
def test_odd_values_are_refused_at_their_places(text, line, column, message):
    assert [place[1:] for place in found(text)] == [(line, column, message)]


def test_tags_that_say_what_the_text_says_are_fine():
    document, problems = documents.parse("a: !!str 5\nb: !!int 5\nc: !!seq [1]\n", "x.yml")
    assert problems == []
    assert document.data == {"a": "5", "b": 5, "c": [1]}


def test_a_merge_key_is_a_plain_key():
    assert documents.parse("<<: {a: 1}", "x.yml")[0].data == {"<<": {"a": 1}}


def test_an_alias_bomb_is_refused_where_it_begins():
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 40))
    assert ("yaml-anchor", 1, 5, "anchors and aliases are not supported") in found(bomb)


def test_no_more_findings_of_a_file_are_told_than_anyone_reads():
    problems = found("a: 1\n" * 5000)
    assert len(problems) == 1001
    assert problems[-1][3] == "this file has more findings than these 1,000"


def test_findings_quote_long_and_odd_texts_on_one_short_line():
    document, _ = documents.parse(f'id: "a\\n::error::b {"x" * 5000}"\n', "x.yml")
    shown = str(document.diagnostic(("id",), "unknown-topic", f"no topic '{document.data['id']}'"))
    assert shown.startswith(r"x.yml:1:5: error[unknown-topic]: no topic 'a\n::error::b xxx")
    assert len(shown) < 1100


def test_a_control_character_or_byte_is_placed_by_characters(tmp_path):
    file = tmp_path / "x.bib"
    file.write_bytes("% ñ\nñ \x1b]".encode())
    problems = read_references(file, ParsedFiles(file.parent))[2]
    assert [str(d) for d in problems] == [
        "x.bib:2:3: error[unreadable-file]: the control character U+001B stands here; "
        "remove it: it cannot be seen"
    ]
    file.write_bytes("% ñ\nñ ".encode() + b"\xff")
    assert [(d.line, d.column, d.message) for d in read_references(file, ParsedFiles(file.parent))[2]] == [
        (2, 3, "byte 0xff is no UTF-8")
    ]


def test_abbreviations_of_abbreviations_do_not_explode(tmp_path):
    file = tmp_path / "x.bib"
    doubled = "".join(f"@string{{a{n + 1} = a{n} # a{n}}}\n" for n in range(40))
    file.write_text(f'@string{{a0 = "x"}}\n{doubled}@misc{{a-1, title = a40}}')
    assert [(d.line, d.rule, d.message) for d in read_references(file, ParsedFiles(file.parent))[2]] == [
        (1, "bibtex-syntax", "'@string' is not supported")
    ]


def test_the_one_broken_entry_of_many_is_found(tmp_path):
    file = tmp_path / "x.bib"
    entries = [f"@misc{{a-{n}, title = {{T}}}}\n" for n in range(3000)]
    entries[2345] = "@misc{a-2345, title {T}}\n"
    file.write_text("".join(entries))
    assert [(d.line, d.rule) for d in read_references(file, ParsedFiles(file.parent))[2]] == [
        (2346, "bibtex-syntax")
    ]


def test_a_byte_order_mark_and_foreign_line_ends_are_no_matter(tmp_path):
    file = tmp_path / "x.yml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\rc: 3\n")
    assert documents.read(file, tmp_path)[0].data == {"a": 1, "b": 2, "c": 3}
    file.write_text("a: 1", encoding="utf-16")
    with pytest.raises(
        DiagnosticsError, match=r"x\.yml:1:1: error\[unreadable-file\]: byte 0xff is no UTF-8"
    ):
        text_files.read(file, tmp_path)


def test_a_guide_stands_random_mutations():
    command = [sys.executable, "benchmarks/hostile_yaml.py", "--root", "tests/site/guide"]
    command += ["--mutations", "200", "--jobs", "1", "--cli", "0"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert "in one process: 200 mutations, 0 failures" in done.stdout, done.stdout + done.stderr
