"""Reads edited YAML files so that every mistake can be named by file, line and column.

YAML is read by the core schema of YAML 1.2: `no`, `on` and `2020-06` are text, `3e-3` is a number. Anchors
are refused: what a reader of one entry sees must be what the entry says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from moocmap.diagnostics import Diagnostic, did_you_mean

Path_ = Sequence[str | int]
T = TypeVar("T")

_MAX_DEPTH = 100
MOST_BYTES = 2_000_000
"""The largest YAML file that is read, 20 times our largest. PyYAML takes up to 4 s and 450 MiB for it."""


class CoreSchemaLoader(yaml.CSafeLoader):
    """PyYAML's loader with the implicit types of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+0123456789."),
    ),
):
    CoreSchemaLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _construct_int(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)  # decimal: PyYAML's own takes 010 for eight


CoreSchemaLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)


class Document:
    """The data of one YAML file, with the place of each of its parts.

    `label` is the file's name as messages show it; `data` holds plain lists, dicts, strings and numbers.
    """

    def __init__(self, label: str, node: yaml.Node | None, data: Any) -> None:
        self.label = label
        self.data = data
        self._node = node

    def select(self, pattern: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield path and value of every text that `pattern` names, whether or not the document is valid.

        A pattern is a dotted path in which `*` stands for every item of a list: `units.*.lessons.*.id`.
        """
        yield from _select(self.data, pattern.split("."), ())

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
        return Diagnostic(self.label, line, column, options.get("severity", "error"), rule, message, hint)


def _select(
    data: Any, parts: list[str], path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if not parts:
        if isinstance(data, str):
            yield path, data
    elif parts[0] == "*" and isinstance(data, list):
        for index, item in enumerate(data):
            yield from _select(item, parts[1:], (*path, index))
    elif isinstance(data, dict) and parts[0] in data:
        yield from _select(data[parts[0]], parts[1:], (*path, parts[0]))


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
    label = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            message = f"is {size / 1e6:,.0f} MB large; more than {MOST_BYTES / 1e6:.0f} MB are not read"
            hint = "divide it into several files"
            return None, [Diagnostic(label, 1, 1, "error", "unreadable-file", message, hint)]
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [no_utf8(error, label)]
    except OSError as error:
        reason = error.strerror or str(error)
        return None, [
            Diagnostic(label, 1, 1, "error", "unreadable-file", reason, "check its name and rights")
        ]
    return parse(text, label)


def no_utf8(error: UnicodeDecodeError, label: str) -> Diagnostic:
    """Name the place of the first byte that is no UTF-8."""
    before = error.object[: error.start]
    line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    message = f"byte {error.object[error.start]:#04x} is no UTF-8"
    return Diagnostic(label, line, column, "error", "unreadable-file", message, "save the file as UTF-8")


def parse(text: str, label: str) -> tuple[Document | None, list[Diagnostic]]:
    """Parse YAML text; `label` names it in messages."""
    loader = None
    try:
        bottomless = _bottomless(text, label)
        if bottomless:
            return None, [bottomless]
        loader = CoreSchemaLoader(text)
        node = loader.get_single_node()
        problems = list(_structure_problems(node, label)) if node else []
        if any(d.rule != "duplicate-key" for d in problems):
            return None, problems
        data = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        return None, [_syntax_error(error, label)]
    except (yaml.YAMLError, ValueError) as error:
        return None, [Diagnostic(label, 1, 1, "error", "yaml-syntax", str(error).splitlines()[0])]
    finally:
        if loader is not None:
            loader.dispose()
    return Document(label, node, data), problems


def _syntax_error(error: yaml.MarkedYAMLError, label: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = ", ".join(filter(None, (error.problem, error.context)))
    return Diagnostic(label, line, column, "error", "yaml-syntax", message, _syntax_hint(message))


def _syntax_hint(message: str) -> str:
    if "cannot start any token" in message:
        return "indent with spaces, not tabs, and quote texts that start with a special character"
    if "constructor" in message:
        return "quote texts that start with '!'"
    if "single document" in message:
        return "keep one document in a file: remove the line '---'"
    return "check the indentation, and quote texts that hold ': ' or start with a special character"


_DEEP = re.compile(rf"^ {{{_MAX_DEPTH}}}|(?:[-?:][ \t]+){{{_MAX_DEPTH}}}", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]{}]")


def _bottomless(text: str, label: str) -> Diagnostic | None:
    """Find nesting too deep for the parser, which builds its tree by recursion and would end the process.

    Events are asked one by one, so this takes any depth; texts that cannot be deep are not looked at.
    """
    if not _DEEP.search(text) and not _may_be_deep(text):
        return None
    depth = 0
    for event in yaml.parse(text, Loader=CoreSchemaLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH + 1:
            return _at(
                event, label, "yaml-depth", f"nested more than {_MAX_DEPTH} levels deep", "check the brackets"
            )
    return None


def _may_be_deep(text: str) -> bool:
    """Tell whether brackets nest deep, those in quotes counted too."""
    depth = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found.group() in "[{" else max(depth - 1, 0)
        if depth > _MAX_DEPTH:
            return True
    return False


def _structure_problems(root: yaml.Node, label: str) -> Iterator[Diagnostic]:
    """Find what is valid YAML but no plain data: repeated keys, anchors, bottomless nesting, odd keys."""
    seen: set[int] = set()
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        problem = None
        if id(node) in seen:
            problem = ("yaml-anchor", "anchors and aliases are not supported", "write the value out in full")
        elif depth > _MAX_DEPTH:
            problem = ("yaml-depth", f"nested more than {_MAX_DEPTH} levels deep", "check the brackets")
        if problem:
            yield _at(node, label, *problem)
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack += [(child, depth + 1) for child in node.value]
        elif isinstance(node, yaml.MappingNode):
            yield from _key_problems(node, label)
            stack += [(value, depth + 1) for _, value in node.value]


def _key_problems(node: yaml.MappingNode, label: str) -> Iterator[Diagnostic]:
    first_lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield _at(key, label, "yaml-key", "expected a plain text as key", "quote it if it is meant so")
            continue
        if key.value in first_lines:
            first = first_lines[key.value]
            yield _at(
                key, label, "duplicate-key", f"key '{key.value}' already stands in line {first}", "keep one"
            )
        first_lines.setdefault(key.value, key.start_mark.line + 1)


def _at(part: yaml.Node | yaml.Event, label: str, rule: str, message: str, hint: str) -> Diagnostic:
    mark = part.start_mark
    assert mark is not None
    return Diagnostic(label, mark.line + 1, mark.column + 1, "error", rule, message, hint)


def validate(document: Document, shape: Any, at: Path_ = ()) -> tuple[Any, list[Diagnostic]]:
    """Check a document, or its part at the path `at`, against a pydantic model or type.

    Returns the object, or None with all that is wrong.
    """
    adapter = _adapter(shape)
    data = document.data
    for part in at:
        data = data[part]
    try:
        return adapter.validate_python(data), []
    except ValidationError as errors:
        schema = adapter.json_schema()
        return None, [_explain(document, at, error, schema) for error in errors.errors(include_url=False)]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _explain(document: Document, at: Path_, error: ErrorDetails, schema: Mapping[str, Any]) -> Diagnostic:
    rule, message, hint = _wording(error, schema)
    of_key = error["type"] == "extra_forbidden"
    return document.diagnostic((*at, *error["loc"]), rule, message, hint, of_key=of_key)


def _wording(error: ErrorDetails, schema: Mapping[str, Any]) -> tuple[str, str, str]:
    kind, path, value, context = error["type"], error["loc"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = sorted(_keys_at(schema, path[:-1]))
        hint = did_you_mean(str(path[-1]), known) or f"known keys: {', '.join(known)}"
        return "unknown-key", f"unknown key '{path[-1]}'", hint
    if kind == "missing":
        return "missing-key", f"key '{path[-1]}' is missing", "add it here"
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", context["expected"])
        return (
            "wrong-value",
            f"expected {context['expected']}, got {_shown(value)}",
            did_you_mean(str(value), choices),
        )
    if kind == "string_pattern_mismatch":
        return _wrong_pattern(str(context["pattern"]), value)
    if kind in _EXPECTED:
        return "wrong-type", f"expected {_EXPECTED[kind]}, got {_shown(value)}", _type_hint(kind, value)
    message = error["msg"][0].lower() + error["msg"][1:]
    return "wrong-value", f"{message}, got {_shown(value)}", ""


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}


def _wrong_pattern(pattern: str, value: Any) -> tuple[str, str, str]:
    if pattern.startswith("^[a-z0-9]+("):
        proposal = re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-")
        return "wrong-id", f"expected an id in kebab-case, got {_shown(value)}", f"for example '{proposal}'"
    if pattern.startswith("^[a-z]{2}"):
        return "wrong-value", f"expected a language code such as 'en' or 'es', got {_shown(value)}", ""
    if pattern.startswith(r"^\d{4}"):
        return "wrong-value", f"expected a date such as 2020, 2020-06 or 2020-06-15, got {_shown(value)}", ""
    return "wrong-value", f"expected text that matches {pattern}, got {_shown(value)}", ""


def _type_hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes if it is meant as text"
    if kind in ("list_type", "tuple_type") and isinstance(value, str):
        return f"write [{value}] for a list of one"
    return ""


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(map(str, value))}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…'"


def _keys_at(schema: Mapping[str, Any], path: Path_) -> set[str]:
    """Return the keys that a JSON Schema allows for the object at `path`, over all alternatives."""
    here = [schema]
    for part in path:
        below = [child for node in here for child in _schema_children(node, schema, part)]
        here = below or here  # a union's tag is in the path but not in the schema
    return {key for node in here for option in _options(node, schema) for key in option.get("properties", {})}


def _options(node: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in node:
        node = root["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    yield node
    for union in ("anyOf", "oneOf"):
        for option in node.get(union, []):
            yield from _options(option, root)


def _schema_children(
    node: Mapping[str, Any], root: Mapping[str, Any], part: str | int
) -> Iterator[Mapping[str, Any]]:
    for option in _options(node, root):
        if isinstance(part, int) and isinstance(option.get("items"), dict):
            yield option["items"]
        elif part in option.get("properties", {}):
            yield option["properties"][part]
        elif isinstance(option.get("additionalProperties"), dict):
            yield option["additionalProperties"]
        else:
            yield from option.get("patternProperties", {}).values()
