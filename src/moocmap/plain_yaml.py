"""YAML's core schema, and plain data straight from a parser's events.

PyYAML composes a tree of nodes and then makes data of it, which takes four times as long as what is done
here. Files have nothing odd in them nearly always; of those that have, `documents` looks at the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
        events = iter(loader.get_event, None)
        _skip(events, yaml.StreamStartEvent, yaml.DocumentStartEvent)
        found = _Builder().build(events)
        _skip(events, yaml.DocumentEndEvent, yaml.StreamEndEvent)
        return found
    finally:
        loader.dispose()


def _skip(events: Iterator[yaml.Event], *kinds: type[yaml.Event]) -> None:
    for kind in kinds:
        if not isinstance(next(events, None), kind):
            raise OddError


class _Builder:
    """Builds lists and dicts from events, without recursion."""

    def __init__(self) -> None:
        self._parts = 0
        self._whole: list[Any] = []
        self._into: Any = self._whole
        self._key: str | None = None
        self._around: list[tuple[Any, str | None]] = []

    def build(self, events: Iterator[yaml.Event]) -> tuple[Any, int]:
        """Return the next value that events tell, and how many values and keys it has."""
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._add(_scalar(event))
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._into, self._key = self._around.pop()
            else:  # an alias
                raise OddError
            if not self._around:
                return self._whole[0], self._parts
        raise OddError

    def _add(self, value: Any) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise OddError
        if self._key is not None:
            self._into[self._key], self._key = value, None
        elif type(self._into) is list:
            self._into.append(value)
        elif type(value) is str and value not in self._into:
            self._key = value
        else:
            raise OddError

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if event.anchor is not None or event.tag is not None or len(self._around) >= MAX_DEPTH:
            raise OddError
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._add(value)
        self._around.append((self._into, self._key))
        self._into, self._key = value, None


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
