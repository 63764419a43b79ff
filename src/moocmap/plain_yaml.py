"""YAML's core schema, and plain data straight from a parser's events.

PyYAML composes a tree of nodes and then makes data of it, which takes four times as long as what is done
here. Files have nothing odd in them nearly always; of those that have, `documents` looks at the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from moocmap.text_files import CONTROL

MAX_DEPTH = 100
MOST_PARTS = 30_000
"""So many values and keys may a file hold, 9 times our largest: checking takes time for each."""
_MOST_DIGITS = 1000


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
    if len(node.value) > _MOST_DIGITS:  # Python takes long over them, and refuses more than 4,300
        message = f"a whole number of {len(node.value):,} digits"
        raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
    return int(node.value)  # decimal: PyYAML's own takes 010 for eight


CoreSchemaLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)


class OddError(Exception):
    """The text holds what plain data does not: `documents` says what and where."""


def quickly(text: str) -> tuple[Any, int]:
    """Return the data of a text and the number of its values and keys.

    Raises OddError where anything is odd: anchors, tags, repeated or other keys than texts, control
    characters, depth, size, several documents, none, or numbers of many digits. Raises yaml.YAMLError.
    """
    loader = CoreSchemaLoader(text)
    try:
        builder = _Builder(loader.get_event)
        builder.skip(yaml.StreamStartEvent, yaml.DocumentStartEvent)
        data = builder.value(loader.get_event(), 0)
        builder.skip(yaml.DocumentEndEvent, yaml.StreamEndEvent)
        return data, builder.parts
    finally:
        loader.dispose()


class _Builder:
    """Builds lists and dicts from the events that `get` returns; `parts` counts their values and keys."""

    def __init__(self, get: Callable[[], Any]) -> None:
        self.get = get
        self.parts = 0

    def skip(self, *kinds: type[yaml.Event]) -> None:
        """Take events of these kinds, in this order."""
        for kind in kinds:
            if not isinstance(self.get(), kind):
                raise OddError

    def value(self, event: Any, depth: int) -> Any:
        """Return the value that begins with an event, in so many others."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._count(1)
            return _scalar(event)
        if event.anchor is not None or event.tag is not None or depth >= MAX_DEPTH:
            raise OddError
        if kind is yaml.MappingStartEvent:
            return self._mapping(depth + 1)
        if kind is yaml.SequenceStartEvent:
            return self._sequence(depth + 1)
        raise OddError  # an alias

    def _mapping(self, depth: int) -> dict[str, Any]:
        get, value = self.get, self.value
        found: dict[str, Any] = {}
        while type(event := get()) is yaml.ScalarEvent:
            key = _scalar(event)
            if type(key) is not str or key in found:
                raise OddError
            found[key] = value(get(), depth)
        if type(event) is not yaml.MappingEndEvent:
            raise OddError
        self._count(len(found) + 1)
        return found

    def _sequence(self, depth: int) -> list[Any]:
        get, value = self.get, self.value
        found: list[Any] = []
        while type(event := get()) is not yaml.SequenceEndEvent:
            found.append(value(event, depth))
        self._count(1)
        return found

    def _count(self, parts: int) -> None:
        self.parts += parts
        if self.parts > MOST_PARTS:
            raise OddError


def _scalar(event: yaml.ScalarEvent) -> Any:
    if event.anchor is not None or event.tag is not None:
        raise OddError
    value = event.value
    if event.style == '"' and CONTROL.search(value):
        raise OddError
    if event.implicit[0]:  # no quotes around it
        for tag, pattern in CoreSchemaLoader.yaml_implicit_resolvers.get(value[:1], ()):
            if pattern.match(value):
                return _MAKE[tag](value)
    return value


def _int(value: str) -> int:
    if len(value) > _MOST_DIGITS:
        raise OddError
    return int(value)


def _float(value: str) -> float:
    return float(value.lower().replace(".inf", "inf").replace(".nan", "nan"))


_MAKE: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:bool": lambda value: value.lower() == "true",
    "tag:yaml.org,2002:int": _int,
    "tag:yaml.org,2002:float": _float,
}
