"""Formatting changes the layout and nothing else, and doing it twice changes nothing more."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from moocmap import documents
from moocmap.curriculum.formatting import format_text
from moocmap.curriculum.schema import kind_of
from moocmap.diagnostics import DiagnosticsError

REPOSITORY = Path(__file__).parent.parent.parent
FOLDERS = (REPOSITORY / "curriculum", REPOSITORY / "tests" / "guides" / "bread" / "curriculum")
FILES = [(path, kind_of(path.relative_to(f))) for f in FOLDERS for path in sorted(f.rglob("*.yml"))]
LOCALES = ["en", "es"]


def data_of(text, kind):
    document, problems = documents.parse(text, "file.yml")
    assert problems == []
    return sorted(map(canonical, document.data)) if kind == "glossary" else document.data


def canonical(data):
    if isinstance(data, dict):
        return repr(sorted((repr(key), canonical(value)) for key, value in data.items()))
    return repr(data)


def assert_only_the_layout_changes(text, kind):
    formatted = format_text(text, kind, "file.yml", LOCALES)
    assert data_of(formatted, kind) == data_of(text, kind)
    assert format_text(formatted, kind, "file.yml", LOCALES) == formatted
    return formatted


@pytest.mark.parametrize(("path", "kind"), FILES, ids=lambda value: getattr(value, "stem", value))
def test_our_files_keep_their_data(path, kind):
    formatted = assert_only_the_layout_changes(path.read_text(encoding="utf-8"), kind)
    for line in re.findall(r"^ *[^ #\n].*", formatted, re.MULTILINE):
        # A single word, such as a web address, cannot be folded.
        assert len(line) <= 100 or " " not in line.split(": ", 1)[-1].strip(), line


SOME = [
    (path, kind)
    for path, kind in FILES
    if FOLDERS[1] in path.parents or path.stem in ("guide", "training", "fastai-v3")
]


@pytest.mark.parametrize(("path", "kind"), SOME, ids=lambda value: getattr(value, "stem", value))
def test_however_our_data_are_written_down_they_come_out_in_one_order(path, kind):
    document, _ = documents.read(path, path.parent)
    shuffled = yaml.safe_dump(document.data, sort_keys=True, width=60, default_flow_style=None)
    formatted = assert_only_the_layout_changes(shuffled, kind)
    ours = format_text(path.read_text(encoding="utf-8"), kind, "file.yml", LOCALES)
    assert keys_of(compose(formatted)) == keys_of(compose(ours))


def compose(text):
    return yaml.compose(text, yaml.CSafeLoader)


def keys_of(node):
    if isinstance(node, yaml.MappingNode):
        # Names of libraries are free, so they stay in the order of the file.
        return [(key.value, key.value != "works_with" and keys_of(value)) for key, value in node.value]
    return [keys_of(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else None


LOAVES = (FOLDERS[1] / "courses" / "loaves.yml").read_text(encoding="utf-8")
LINES = LOAVES.splitlines()


@given(st.data())
@settings(max_examples=100)
def test_comments_and_blank_lines_anywhere_are_kept(data):
    lines = list(LINES)
    for number in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines)))
        indent = " " * data.draw(st.integers(0, 8))
        lines[at:at] = data.draw(
            st.sampled_from([[""], [f"{indent}# note {number}"], ["", f"{indent}#", ""]])
        )
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] += data.draw(st.sampled_from(["", "  # beside"]))
    text = "\n".join(lines) + "\n"
    formatted = assert_only_the_layout_changes(text, "course")
    assert sorted(re.findall("#.*", formatted)) == sorted(re.findall("#.*", text))


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300) | st.text(
    "ab :#-?,[]{}'\"&*!|>%@`\\\n\t\u00a0 é", max_size=60
)


@given(st.lists(st.fixed_dictionaries({"id": TEXTS, "term": st.dictionaries(TEXTS, TEXTS), "also": TEXTS})))
@settings(max_examples=100)
def test_any_text_is_read_back_as_it_was(items):
    for flow in (False, True, None):
        text = yaml.safe_dump(items, allow_unicode=True, sort_keys=True, default_flow_style=flow)
        try:
            data_of(text, "glossary")
        except AssertionError:
            continue  # what our reader refuses, such as a key twice after trimming
        formatted = assert_only_the_layout_changes(text, "glossary")
        yaml.compose(formatted, yaml.SafeLoader)  # a stricter reader than libyaml


UNTIDY = """\
# Terms, sorted.

- definition: {en: A rather long definition that does not fit on one line of this file as it is, es: Corta}
  id: yeast   # beside
  # about the term
  term: {es: levadura, en: yeast}
# of flour
- id: 'flour'
  term:
    en: flour
    es: "harina"
  definition: "Meal: ground"
  also:
    en:
      - meal
    # last
"""

TIDY = """\
# Terms, sorted.

# of flour
- id: flour
  term: {en: flour, es: harina}
  also:
    en: [meal]
    # last
  definition: "Meal: ground"

- id: yeast  # beside
  # about the term
  term: {en: yeast, es: levadura}
  definition:
    en: A rather long definition that does not fit on one line of this file as it is
    es: Corta
"""


def test_an_untidy_file_becomes_a_tidy_one():
    assert format_text(UNTIDY, "glossary", "glossary.yml", LOCALES) == TIDY


@pytest.mark.parametrize("text", ["- id: ]", "- {id: a, id: b}", "- {id: &a b, term: *a}"])
def test_what_is_no_usable_yaml_is_not_touched(text):
    with pytest.raises(DiagnosticsError, match=r"glossary\.yml:1:"):
        format_text(text, "glossary", "glossary.yml", LOCALES)


@pytest.mark.parametrize("empty", ["[]", "{}"])
def test_what_is_empty_stays_however_deep_it_stands(empty):
    text = "- " * 98 + empty + "\n"
    assert format_text(text, "topics", "topics.yml") == text


@pytest.mark.parametrize("text", ["- - [\n  # c\n  ]\n", "- a: {\n  # c\n  }\n"])
def test_a_comment_within_what_is_empty_has_the_file_left_alone(text):
    with pytest.raises(DiagnosticsError, match="not-formatted"):
        format_text(text, "topics", "topics.yml")
