"""Brings a file of `curriculum/` into its canonical order and layout, with its comments.

Keys stand in the order of the model's fields, objects of the glossary in the order of their ids. Short
objects stand on one line where their writer put them so, texts on one line where they fit, else folded.
Comments go with what follows them.

A round trip through ruamel.yaml would not do: it ties comments to what stands *before* them, so they stay
behind when keys or objects change places; it keeps the folds of texts instead of wrapping them anew; and
its idea of plain values (dates, octal numbers) is not ours.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from moocmap import documents
from moocmap.curriculum.comments import Attachment, Notes, find_comments, items_of
from moocmap.curriculum.schema import MODELINE, json_schema
from moocmap.diagnostics import Diagnostic, DiagnosticsError
from moocmap.fields import LOCALE_PATTERN
from moocmap.plain_yaml import CoreSchemaLoader
from moocmap.shapes import options

WIDTH = 100
SORTED_BY_ID = frozenset({"glossary"})
"""Kinds of files whose objects stand in the order of their ids; in others the order has a meaning."""

_STR = "tag:yaml.org,2002:str"
_LOCALE = re.compile(LOCALE_PATTERN)

Schema = Mapping[str, Any]


def format_text(text: str, kind: str, label: str, locales: Sequence[str] = ()) -> str:
    """Return the text of a file of a kind (see `schema.FILES`) in its canonical form.

    `label` names the file in messages, and translations stand in the order of `locales`. Raises
    DiagnosticsError when the text is no usable YAML, and rather than change data or comments.
    """
    data = _data(text, label)
    text = re.sub(r"\r\n?", "\n", text).rstrip(" \n") + "\n"
    root = yaml.compose(text, Loader=CoreSchemaLoader)
    if not isinstance(root, yaml.CollectionNode) or not root.value:
        return text
    formatted = _Layout(kind, locales, Attachment(root, text).notes).document(root)
    if _essence(formatted, _data(formatted, label), kind) != _essence(text, data, kind):
        message = "moocmap fmt left this file as it is: its data or comments would have changed"
        hint = "write its comments on lines of their own, and texts of several lines in quotes"
        raise DiagnosticsError([Diagnostic(label, 1, 1, "error", "not-formatted", message, hint)])
    return formatted


def _data(text: str, label: str) -> Any:
    document, problems = documents.parse(text, label)
    if document is None or problems:
        raise DiagnosticsError(problems)
    return document.data


def _essence(text: str, data: Any, kind: str) -> tuple[Any, Counter[str]]:
    """Return what formatting must keep: the data, but for the order of what is sorted, and the comments."""
    values = _canonical(data)
    if kind in SORTED_BY_ID and isinstance(values, list):
        values = sorted(values, key=repr)
    return values, Counter(comment.text for comment in find_comments(text))


def _canonical(data: Any) -> Any:
    """Return data in a form that compares and sorts whatever the types of keys and values."""
    if isinstance(data, dict):
        return sorted((repr(key), _canonical(value)) for key, value in data.items())
    return [_canonical(item) for item in data] if isinstance(data, list) else repr(data)


class _Layout:
    """Writes nodes anew; its methods return lines without their line ends."""

    def __init__(self, kind: str, locales: Sequence[str], notes: Mapping[int, Notes]) -> None:
        self._kind = kind
        self._locales = list(locales)
        self._notes = notes
        self._schema = _schema_of(kind)

    def document(self, root: yaml.CollectionNode) -> str:
        """Return the whole text, with an empty line between the objects of a list."""
        first_key, first = items_of(root)[0]
        header = _take_header(self._of(first_key or first).before)
        if self._kind in SORTED_BY_ID:
            root.value.sort(key=_id_of)
        is_list = isinstance(root, yaml.SequenceNode)
        lines = [*header, *self._block(root, 0, [self._schema], is_apart=is_list), *self._of(root).after]
        return "\n".join(_tidy(lines)) + "\n"

    def _of(self, node: yaml.Node) -> Notes:
        return self._notes.get(id(node), Notes())

    def _block(
        self, node: yaml.CollectionNode, indent: int, shape: list[Schema], is_apart: bool = False
    ) -> list[str]:
        """Write each member on lines of its own; `is_apart` puts an empty line between those of several."""
        lines: list[str] = []
        was_long = False
        for key, value in self._ordered(node, shape):
            notes = self._of(key or value)
            below = _below(shape, None if key is None else key.value, self._schema)
            written = self._entry(key, value, indent, below) if key else self._item(value, indent, below)
            before, beside = [*notes.before, *notes.beside[1:]], notes.beside[:1]
            if beside:
                written[0] += f"  {beside[0]}"
            if not lines:
                before = before[1:] if before[:1] == [""] else before
            elif is_apart and (was_long or len(written) > 1):
                before = ["", *before]
            was_long = len(written) > 1
            lines += [" " * indent + line for line in before] + written
            if isinstance(value, yaml.CollectionNode):
                lines += [" " * (indent + 2) + line for line in self._of(value).after]
        return lines

    def _entry(self, key: yaml.Node, value: yaml.Node, indent: int, shape: list[Schema]) -> list[str]:
        head = f"{' ' * indent}{_scalar(key)}:"
        inline = self._inline(value, shape)
        if inline is not None and (len(head) + 1 + len(inline) <= WIDTH or _is_empty(value)):
            return [f"{head} {inline}".rstrip(" ")]
        if isinstance(value, yaml.CollectionNode):
            return [head, *self._block(value, indent + 2, shape)]
        return _long(f"{head} ", value, indent + 2)

    def _item(self, value: yaml.Node, indent: int, shape: list[Schema]) -> list[str]:
        head = " " * indent + "- "
        inline = self._inline(value, shape)
        if inline is not None and (len(head) + len(inline) <= WIDTH or _is_empty(value)):
            return [(head + inline).rstrip(" ")]
        if not isinstance(value, yaml.CollectionNode):
            return _long(head, value, indent + 2)
        lines = self._block(value, indent + 2, shape)
        if not lines:  # nothing but a comment between brackets, which has no place: the file stays as it is
            return [head.rstrip(" ")]
        # Comments on the first member would stand between the dash and it.
        comments = next(
            n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")
        )
        before = [line[2:] for line in lines[:comments]]
        return [*before, head + lines[comments].lstrip(), *lines[comments + 1 :]]

    def _inline(self, node: yaml.Node, shape: list[Schema], is_within: bool = False) -> str | None:
        """Return a node on one line, or None when it does not belong there."""
        if isinstance(node, yaml.ScalarNode):
            return None if "\n" in node.value else _scalar(node, is_within)
        if not isinstance(node, yaml.CollectionNode) or not self._may_be_inline(node, shape):
            return None
        parts = []
        for key, value in self._ordered(node, shape):
            below = _below(shape, None if key is None else key.value, self._schema)
            part = self._inline(value, below, is_within=True)
            if part is None or self._of(key or value) != Notes():
                return None
            parts.append(part if key is None else f"{_scalar(key, True)}: {part or 'null'}")
        return f"{{{', '.join(parts)}}}" if isinstance(node, yaml.MappingNode) else f"[{', '.join(parts)}]"

    def _may_be_inline(self, node: yaml.CollectionNode, shape: list[Schema]) -> bool:
        if self._of(node).after:
            return False
        return bool(
            node.flow_style
            or (isinstance(node, yaml.MappingNode) and self._is_translation(node, shape))
            or (isinstance(node, yaml.SequenceNode) and _are_scalars(node.value))
        )

    def _is_translation(self, node: yaml.MappingNode, shape: list[Schema]) -> bool:
        is_free = not _keys(shape, self._schema)
        return is_free and all(
            _LOCALE.fullmatch(key.value) and isinstance(value, yaml.ScalarNode) for key, value in node.value
        )

    def _ordered(
        self, node: yaml.CollectionNode, shape: list[Schema]
    ) -> list[tuple[yaml.ScalarNode | None, yaml.Node]]:
        """Return the members in canonical order; keys that the schema does not know come last."""
        if not isinstance(node, yaml.MappingNode):
            return [(None, value) for value in node.value]
        is_translation = self._is_translation(node, shape)
        known = self._locales if is_translation else _keys(shape, self._schema)
        rank = {key: number for number, key in enumerate(known)}
        return sorted(node.value, key=lambda item: rank.get(item[0].value, len(rank)))


def _take_header(before: list[str]) -> list[str]:
    """Remove and return what heads the file: comments set apart from its first object, and a modeline."""
    end = max((n for n, line in enumerate(before) if not line or line.startswith(MODELINE)), default=-1) + 1
    header, before[:end] = before[:end], []
    return [*header, ""] if header and not header[-1].startswith(MODELINE) else header


def _tidy(lines: Iterable[str]) -> list[str]:
    """Remove trailing spaces, and empty lines at both ends and after another one."""
    tidy: list[str] = []
    for line in lines:
        if line.rstrip(" ") or (tidy and tidy[-1]):
            tidy.append(line.rstrip(" "))
    return tidy if tidy[-1] else tidy[:-1]


def _id_of(node: yaml.Node) -> str:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "id"), "")


def _is_empty(node: yaml.Node) -> bool:
    """Tell whether a list or object has no members: then it has no lines to be written on."""
    return isinstance(node, yaml.CollectionNode) and not node.value


def _are_scalars(nodes: Sequence[yaml.Node]) -> bool:
    return all(isinstance(node, yaml.ScalarNode) for node in nodes)


# What the JSON Schema says about the part of a file that is being written ----------------------------


@cache
def _schema_of(kind: str) -> Schema:
    return json_schema(kind)


def _keys(shape: list[Schema], root: Schema) -> list[str]:
    return [key for option in options(shape, root) for key in option.get("properties", {})]


def _below(shape: list[Schema], key: str | None, root: Schema) -> list[Schema]:
    """Return the schemas of the value of `key`, or of a list's items."""
    found: list[Schema] = []
    for option in options(shape, root):
        below = option.get("items") if key is None else option.get("properties", {}).get(key)
        if isinstance(below, dict):
            found.append(below)
    return found


# Single values --------------------------------------------------------------------------------------


def _long(head: str, node: yaml.Node, indent: int) -> list[str]:
    """Write a text that does not fit on its line, or holds line ends."""
    block = _in_lines(str(node.value), WIDTH - indent) if node.tag == _STR else None
    if block is None:
        return [head + _scalar(node)]
    mark, lines = block
    return [head + mark, *(" " * indent + line for line in lines)]


def _in_lines(text: str, width: int) -> tuple[str, list[str]] | None:
    """Return a text as a folded or literal block: its mark and lines; None where only quotes keep it."""
    if "\n" in text:
        mark, lines = ("|" if text.endswith("\n") else "|-"), text.removesuffix("\n").split("\n")
        is_kept = bool(lines[0] and lines[-1]) and "\n\n\n" not in text
    else:
        mark, lines = ">-", textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        is_kept = " " in text and " ".join(lines) == text
    is_kept = is_kept and all(line == line.strip() and _is_printable(line) for line in lines)
    return (mark, lines) if is_kept else None


def _scalar(node: yaml.Node, is_within: bool = False) -> str:
    """Write a value on one line: plain where that reads back as the same, else in quotes.

    `is_within` says that it stands in brackets or braces.
    """
    text = str(node.value)
    if node.tag != _STR or _is_plain(text, is_within):
        return text
    if '"' in text and "'" not in text and _is_printable(text):
        return f"'{text}'"
    if _is_printable(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    written: str = yaml.dump(text, default_style='"', allow_unicode=True, width=1 << 20)
    return written.rstrip("\n")


def _is_printable(text: str) -> bool:
    return text.translate(_SPACES).isprintable()


_SPACES = {0xA0: " ", 0x202F: " "}  # do not break a line, as French and Spanish use them


@cache
def _is_plain(text: str, is_within: bool) -> bool:
    """Tell whether a text without quotes is read as itself."""
    if not _is_printable(text) or text.startswith(("---", "...")) or (is_within and "?" in text):
        return False  # the last is right, but PyYAML without libyaml stumbles over it
    try:
        root = yaml.compose(f"[{{k: {text}}}, {text}]" if is_within else f"k: {text}", CoreSchemaLoader)
    except yaml.YAMLError:
        return False
    expected = f"[{{'k': {text!r}}}, {text!r}]" if is_within else f"{{'k': {text!r}}}"
    return _shown(root) == expected


def _shown(node: yaml.Node | None) -> str:
    if isinstance(node, yaml.MappingNode):
        return f"{{{', '.join(f'{_shown(key)}: {_shown(value)}' for key, value in node.value)}}}"
    if isinstance(node, yaml.SequenceNode):
        return f"[{', '.join(map(_shown, node.value))}]"
    is_text = isinstance(node, yaml.ScalarNode) and node.tag == _STR and not node.style
    return repr(node.value) if node is not None and is_text else "other"
