"""What the page of data says about each exported file: its keys with their types, and an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moocmap.fields import ID_PATTERN
from moocmap.site.exports import FILES, File, Source, as_json
from moocmap.site.locales import Strings

Schema = Mapping[str, Any]
_DATES = (r"^\d{4}-\d{2}-\d{2}$", r"^\d{4}(-\d{2}(-\d{2})?)?$")
_LONG = 60
"""How many characters of a text an example shows."""


@dataclass(frozen=True)
class Key:
    """A key of a file's objects: its type in words, and whether it is always there."""

    name: str
    type: str
    is_required: bool


@dataclass(frozen=True)
class FileDocs:
    """A kind of exported file as its documentation shows it."""

    file: File
    address: str
    """The file itself; one of them where there are many."""
    is_list: bool
    keys: tuple[Key, ...]
    example: str


def documented(source: Source, t: Strings) -> list[FileDocs]:
    """Return the documentation of every kind of file that this guide has."""
    return [docs for file in FILES if (docs := _file(file, source, t))]


def _file(file: File, source: Source, t: Strings) -> FileDocs | None:
    made = file.made(source)
    if file.has_many:
        if not made:
            return None
        first, made = next(iter(made.items()))
        address = file.name.format(id=first)
    else:
        address = file.name
    schema = file.schema() if file.shape is not None else {}
    is_list = schema.get("type") == "array" or isinstance(made, list)
    return FileDocs(file, address, is_list, tuple(_keys(schema, t)), _example(made))


def _keys(schema: Schema, t: Strings) -> Iterator[Key]:
    if not schema:
        return
    item = _resolved(schema["items"] if schema.get("type") == "array" else schema, schema)
    required = item.get("required", [])
    for name, shape in item["properties"].items():
        yield Key(name, _type(shape, schema, t), name in required)


def _resolved(shape: Schema, root: Schema) -> Schema:
    """Return a schema without what stands around it: a reference, or the possibility of null."""
    if "$ref" in shape:
        return _resolved(root["$defs"][shape["$ref"].rsplit("/", 1)[-1]], root)
    options = [option for option in shape.get("anyOf", ()) if option.get("type") != "null"]
    return _resolved(options[0], root) if options else shape


def _type(shape: Schema, root: Schema, t: Strings) -> str:
    """Return the type of a value in words."""
    shape = _resolved(shape, root)
    if "oneOf" in shape:
        return str(t("data.type.translated"))
    if "enum" in shape:
        return str(t("data.type.enum", values=", ".join(map(str, shape["enum"]))))
    if "prefixItems" in shape:
        return str(t("data.type.pair"))
    if shape.get("type") == "array":
        return str(t("data.type.list", of=_type(shape["items"], root, t)))
    if "properties" in shape:
        return str(t("data.type.object", keys=", ".join(shape["properties"])))
    return str(t(f"data.type.{_plain_type(shape)}"))


def _plain_type(shape: Schema) -> str:
    pattern = shape.get("pattern")
    if pattern in (ID_PATTERN, *_DATES):
        return "id" if pattern == ID_PATTERN else "date"
    if shape.get("type") == "object":
        return "translated" if "patternProperties" in shape else "map"
    kinds = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean"}
    return kinds[shape["type"]]


# Examples -------------------------------------------------------------------------------------------


def _example(made: Any) -> str:
    """Return the beginning of a file: its first object, with lists and texts cut short."""
    if isinstance(made, str):
        return "\n".join(line[:100] for line in made.splitlines()[:6])
    return as_json(_short(made)).rstrip("\n")


def _short(value: Any, depth: int = 0) -> Any:
    if isinstance(value, Mapping):
        if depth > 4:
            return {}
        return {key: _short(below, depth + 1) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_short(below, depth + 1) for below in value[:1]]
    if isinstance(value, str) and len(value) > _LONG:
        return value[:_LONG].rsplit(" ", 1)[0] + " …"
    return value
