"""What is remembered of files is what they say, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moocmap import documents
from moocmap.parsed import MEMORY, ParsedFiles

FILE = "curriculum/some.yml"
TEXT = "# a list\n- {id: one, size: 1.5}\n- id: two\n  words: [no, 2020-06, ~]\n"

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text("abc: -#'\"é\n", max_size=9),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text("abcde", min_size=1), below, max_size=4)
    ),
    max_leaves=12,
)


def write(root: Path, text: str) -> Path:
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every text that is parsed is added."""
    texts: list[str] = []
    parse = documents.parse

    def counted(text: str, label: str) -> object:
        texts.append(text)
        return parse(text, label)

    monkeypatch.setattr(documents, "parse", counted)
    return texts


def test_a_file_is_parsed_once_over_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, parsed_texts = write(tmp_path, TEXT), parses(monkeypatch)
    first = ParsedFiles(tmp_path)
    document, problems = first.document(path)
    assert document is not None
    assert problems == []
    assert first.document(path)[0] is document
    first.write()
    again = ParsedFiles(tmp_path).document(path)[0]
    assert again is not None
    assert (again.data, again.parts, again.label) == (document.data, document.parts, document.label)
    assert again.position([1, "words", 1]) == document.position([1, "words", 1]) == (4, 15)
    assert parsed_texts == [TEXT]


def test_a_changed_file_is_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, parsed_texts, parsed = write(tmp_path, TEXT), parses(monkeypatch), ParsedFiles(tmp_path)
    parsed.document(path)
    parsed.write()
    write(tmp_path, TEXT.replace("one", "uno"))
    for files in (parsed, ParsedFiles(tmp_path)):
        document, _ = files.document(path)
        assert document is not None
        assert document.data[0]["id"] == "uno"
    assert len(parsed_texts) == 3


@pytest.mark.parametrize("text", ["- {id: one, id: two}\n", "- [\n", "- *none\n"])
def test_a_file_with_a_finding_is_not_kept(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    for _ in range(2):
        parsed = ParsedFiles(tmp_path)
        assert parsed.document(path)[1]
        parsed.write()
    assert not (tmp_path / MEMORY).exists()


@pytest.mark.parametrize(
    "memory", ["", "{", "[]", "null", '{"format": 1}', '{"format": 0, "files": {}}', "\xff"]
)
def test_a_damaged_memory_is_none(tmp_path: Path, memory: str) -> None:
    path = write(tmp_path, TEXT)
    (tmp_path / MEMORY).parent.mkdir(parents=True)
    (tmp_path / MEMORY).write_bytes(memory.encode("latin-1"))
    document, problems = ParsedFiles(tmp_path).document(path)
    assert document is not None
    assert len(document.data) == 2
    assert problems == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=plain)
def test_what_is_remembered_is_what_was_said(tmp_path: Path, data: object) -> None:
    path = write(tmp_path, json.dumps(data))
    (tmp_path / MEMORY).unlink(missing_ok=True)
    first = ParsedFiles(tmp_path)
    said = first.document(path)
    first.write()
    remembered = ParsedFiles(tmp_path).document(path)
    assert said[1] == remembered[1]
    if said[0] is not None:
        assert remembered[0] is not None
        assert repr(said[0].data) == repr(remembered[0].data)


@pytest.mark.parametrize("kept", [None, [], "text", {"data": []}, {"data": [], "parts": "many"}])
def test_odd_memories_of_a_file_are_none(tmp_path: Path, kept: object) -> None:
    path, files = write(tmp_path, TEXT), ParsedFiles(tmp_path)
    files.document(path)
    files.write()
    memory = json.loads((tmp_path / MEMORY).read_text())
    memory["files"][FILE][1] = kept
    (tmp_path / MEMORY).write_text(json.dumps(memory))
    document, _ = ParsedFiles(tmp_path).document(path)
    assert document is not None
    assert document.data[1]["id"] == "two"
