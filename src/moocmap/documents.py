"""Reads edited YAML files so that every mistake can be named by file, line and column.

YAML is read by the core schema of YAML 1.2: `no`, `on` and `2020-06` are text, `3e-3` is a number. Anchors
are refused: what a reader of one entry sees must be what the entry says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter

from moocmap import text_files
from moocmap.diagnostics import Diagnostic, DiagnosticsError
from moocmap.memo import Memo
from moocmap.plain_yaml import MAX_DEPTH, MOST_PARTS, CoreSchemaLoader, OddError, quickly

Path_ = Sequence[str | int]
Place = tuple[str | int, ...]
T = TypeVar("T")
no_utf8 = text_files.no_utf8

_LONGEST = 1000
"""Characters of a message, which quotes what files say."""
_MOST_FINDINGS = 1000
"""So many findings of a file are told: more than anyone reads, and a hostile file has a million."""


class Document:
    """The data of one YAML file, with the place of each of its parts.

    `label` is the file's name as messages show it; `data` holds plain lists, dicts, strings and numbers;
    `parts` is how many values and keys there are; `once` remembers what is made of the document.
    """

    def __init__(self, label: str, text: str, data: Any, parts: int = 0) -> None:
        self.label = label
        self.data = data
        self.parts = parts
        self._text = text
        self.once = Memo()

    @cached_property
    def _node(self) -> yaml.Node | None:
        """The tree of places. Most documents need none: nothing is wrong in them."""
        loader = CoreSchemaLoader(self._text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()

    def part(self, path: Path_) -> Any:
        """Return the data at a path."""
        data = self.data
        for step in path:
            data = data[step]
        return data

    def valid(self, adapter: TypeAdapter[T], at: Path_) -> T:
        """Return the object that the data at a path makes. Raises pydantic's ValidationError."""
        return self.once((id(adapter), tuple(at)), lambda: adapter.validate_python(self.part(at)))

    def select(self, pattern: str) -> list[tuple[Place, str]]:
        """Return path and value of every text that `pattern` names, whether or not the document is valid.

        A pattern is a dotted path in which `*` stands for every item of a list: `units.*.lessons.*.id`.
        """
        return self.once(("select", pattern), lambda: _select(self.data, pattern))

    def parts_at(self, pattern: str) -> list[Any]:
        """Return every part that `pattern` names, without its path, which takes the most time to make."""
        return self.once(("parts", pattern), lambda: _parts_at(self.data, pattern))

    def texts(self, pattern: str) -> list[str]:
        """Return every text that `pattern` names, without its path."""
        return [part for part in self.parts_at(pattern) if isinstance(part, str)]

    def mentions(self, word: str) -> bool:
        """Tell whether a word may stand in the file: in one of its texts, a key or a comment."""
        return word in self._text or "\\" in self._text  # a word may hide behind escapes

    def position(self, path: Path_, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column (from 1) of the value at `path`, or of its key.

        A part of the path that the file lacks is skipped, so the place of a missing key is that of the
        object which should have it.
        """
        node, place = self._node, self._node
        for part in path:
            step = _child(node, part)
            if step is not None:
                key, node = step
                place = key if of_key else node
        if place is None:
            return 1, 1
        return place.start_mark.line + 1, place.start_mark.column + 1

    def diagnostic(self, path: Path_, rule: str, message: str, hint: str = "", **options: Any) -> Diagnostic:
        """Make a diagnostic for the value at `path`; options: `of_key`, `severity` (default "error")."""
        line, column = self.position(path, of_key=options.get("of_key", False))
        severity = options.get("severity", "error")
        texts = (text_files.shortened(text, _LONGEST) for text in (message, hint))
        return Diagnostic(self.label, line, column, severity, rule, *texts)


def _select(data: Any, pattern: str) -> list[tuple[Place, str]]:
    found: list[tuple[Place, Any]] = [((), data)]
    for part in pattern.split("."):
        if part == "*":
            lists = ((path, value) for path, value in found if isinstance(value, list))
            found = [((*path, index), item) for path, value in lists for index, item in enumerate(value)]
        else:
            dicts = ((path, value) for path, value in found if isinstance(value, dict) and part in value)
            found = [((*path, part), value[part]) for path, value in dicts]
    return [(path, value) for path, value in found if isinstance(value, str)]


def _parts_at(data: Any, pattern: str) -> list[Any]:
    found = [data]
    for step in pattern.split("."):
        if step == "*":
            found = [item for value in found if isinstance(value, list) for item in value]
        else:
            found = [value[step] for value in found if isinstance(value, dict) and step in value]
    return found


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def read(path: Path, root: Path) -> tuple[Document | None, list[Diagnostic]]:
    """Read one YAML file; the document is None when its text is no usable YAML.

    `root` is the folder that the file is named relative to in messages.
    """
    try:
        return parse(text_files.read(path, root), text_files.label(path, root))
    except DiagnosticsError as error:
        return None, error.diagnostics


def parse(text: str, label: str) -> tuple[Document | None, list[Diagnostic]]:
    """Parse YAML text; `label` names it in messages."""
    try:
        return Document(label, text, *quickly(text)), []
    except (OddError, yaml.YAMLError, ValueError):
        return parse_closely(text, label)


def parse_closely(text: str, label: str) -> tuple[Document | None, list[Diagnostic]]:
    """Parse YAML text as `parse` does, by the tree of its nodes, which can be asked what is odd and where."""
    try:
        return _parsed(text, label)
    except DiagnosticsError as error:
        return None, error.diagnostics
    except yaml.MarkedYAMLError as error:
        return None, [_syntax_error(error, label)]
    except yaml.reader.ReaderError as error:
        return None, [_no_character(error, text, label)]
    except (yaml.YAMLError, ValueError) as error:
        return None, [Diagnostic(label, 1, 1, "error", "yaml-syntax", str(error).splitlines()[0])]


def _parsed(text: str, label: str) -> tuple[Document, list[Diagnostic]]:
    _refuse_endless(text, label)
    loader = CoreSchemaLoader(text)
    try:
        node = loader.get_single_node()
        parts = _count(node) if node else 0
        if parts > MOST_PARTS:
            raise _too_many(label)
        problems = first_of(_structure_problems(node, label, loader)) if node else []
        if any(d.rule != "duplicate-key" for d in problems):
            raise DiagnosticsError(problems)
        return Document(label, text, loader.construct_document(node) if node else None, parts), problems
    finally:
        loader.dispose()


def _syntax_error(error: yaml.MarkedYAMLError, label: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = ", ".join(filter(None, (error.problem, error.context)))
    return Diagnostic(label, line, column, "error", "yaml-syntax", message, _syntax_hint(message))


def _no_character(error: yaml.reader.ReaderError, text: str, label: str) -> Diagnostic:
    before = text.encode("utf-8", "replace")[: error.position].decode("utf-8", "ignore")
    line, column = text_files.place_of(before, len(before))
    message = f"the character U+{error.character:04X} is not allowed in YAML"
    return Diagnostic(label, line, column, "error", "yaml-syntax", message, "remove it: it cannot be seen")


def _syntax_hint(message: str) -> str:
    if "cannot start any token" in message:
        return "indent with spaces, not tabs, and quote texts that start with a special character"
    if "digits" in message:
        return "put it in quotes if it is meant as text"
    if "single document" in message:
        return "keep one document in a file: remove the line '---'"
    return "check the indentation, and quote texts that hold ': ' or start with a special character"


_PLAIN_TAGS = [f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")]
_TAG_HINT = "quote texts that start with '!'"
_DEEP = re.compile(rf"^ {{{MAX_DEPTH}}}|(?:[-?:][ \t]+){{{MAX_DEPTH}}}", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]{}]")


def _refuse_endless(text: str, label: str) -> None:
    """Refuse nesting too deep for the parser, which builds its tree by recursion and would end the process.

    Events are asked one by one, so this takes any depth; texts that cannot be deep are not looked at.
    """
    if not _DEEP.search(text) and not _may_be_deep(text):
        return
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=CoreSchemaLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH + 1:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise DiagnosticsError([_at(event, label, "yaml-depth", message, "check the brackets")])
        if number > 2 * MOST_PARTS + 4:  # two events for each list, and those around the document
            raise _too_many(label)


def _too_many(label: str) -> DiagnosticsError:
    message = f"holds more than {MOST_PARTS:,} values and keys"
    return DiagnosticsError([text_files.unreadable(label, message, "divide it into several files")])


def _count(root: yaml.Node) -> int:
    """Count values and keys, each once, but no further than a file may have."""
    seen: set[int] = set()
    stack = [root]
    while stack and len(seen) <= MOST_PARTS:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack += node.value
        elif isinstance(node, yaml.MappingNode):
            stack += [part for pair in node.value for part in pair]
    return len(seen)


def _may_be_deep(text: str) -> bool:
    """Tell whether brackets nest deep, those in quotes counted too."""
    depth = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found.group() in "[{" else max(depth - 1, 0)
        if depth > MAX_DEPTH:
            return True
    return False


def _structure_problems(root: yaml.Node, label: str, loader: CoreSchemaLoader) -> Iterator[Diagnostic]:
    """Find what is valid YAML but no plain data: repeated keys, anchors, tags, deep nesting, odd keys."""
    seen: set[int] = set()
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        problem = None
        if id(node) in seen:
            problem = ("yaml-anchor", "anchors and aliases are not supported", "write the value out in full")
        elif depth > MAX_DEPTH:
            problem = ("yaml-depth", f"nested more than {MAX_DEPTH} levels deep", "check the brackets")
        else:
            problem = _odd_tag(node, loader) or _odd_character(node)
        if problem:
            yield _at(node, label, *problem)
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack += [(child, depth + 1) for child in node.value]
        elif isinstance(node, yaml.MappingNode):
            yield from _key_problems(node, label)
            stack += [(part, depth + 1) for pair in node.value for part in pair]


def _odd_tag(node: yaml.Node, loader: CoreSchemaLoader) -> tuple[str, str, str] | None:
    """Refuse tags that say more than the text does: PyYAML makes sets, dates and pairs of them, or fails."""
    resolve: Callable[..., str] = loader.resolve
    if node.tag in _PLAIN_TAGS or node.tag == resolve(type(node), node.value, (True, False)):
        return None
    name = node.tag.replace("tag:yaml.org,2002:", "!!")
    return "yaml-syntax", f"the tag '{text_files.shortened(name)}' is not supported here", _TAG_HINT


def _odd_character(node: yaml.Node) -> tuple[str, str, str] | None:
    found = text_files.CONTROL.search(node.value) if isinstance(node, yaml.ScalarNode) else None
    if found is None:
        return None
    message = f"the text holds the control character U+{ord(found[0]):04X}"
    return "yaml-syntax", message, "remove it: it cannot be seen"


def _key_problems(node: yaml.MappingNode, label: str) -> Iterator[Diagnostic]:
    first_lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield _at(key, label, "yaml-key", "expected a plain text as key", "quote it if it is meant so")
            continue
        if key.value in first_lines:
            message = (
                f"key '{text_files.shortened(key.value)}' already stands in line {first_lines[key.value]}"
            )
            yield _at(key, label, "duplicate-key", message, "keep one")
        first_lines.setdefault(key.value, key.start_mark.line + 1)


def first_of(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the first thousand findings of a file, with one that says so where there are more."""
    found = list(islice(problems, _MOST_FINDINGS + 1))
    if len(found) > _MOST_FINDINGS:
        message = f"this file has more findings than these {_MOST_FINDINGS:,}"
        found[-1] = replace(found[-1], message=message, hint="mend them first")
    return found


def _at(part: yaml.Node | yaml.Event, label: str, rule: str, message: str, hint: str) -> Diagnostic:
    mark = part.start_mark
    assert mark is not None
    return Diagnostic(label, mark.line + 1, mark.column + 1, "error", rule, message, hint)
