"""Holds documents against pydantic's models and words each complaint as a finding with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from moocmap.diagnostics import Diagnostic, did_you_mean
from moocmap.documents import Document, Path_, first_of

Schema = Mapping[str, Any]
"""A JSON Schema, or a part of one."""


def validate(document: Document, shape: Any, at: Path_ = ()) -> tuple[Any, list[Diagnostic]]:
    """Check a document, or its part at the path `at`, against a pydantic model or type.

    Returns the object, or None with all that is wrong.
    """
    try:
        return document.valid(_adapter(shape), at), []
    except ValidationError as errors:
        schema = _schema(shape)
        found = (_explain(document, at, error, schema) for error in errors.errors(include_url=False))
        return None, first_of(found)


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@cache
def _schema(shape: Any) -> dict[str, Any]:
    return _adapter(shape).json_schema()


def _explain(document: Document, at: Path_, error: ErrorDetails, schema: Schema) -> Diagnostic:
    rule, message, hint = _wording(error, schema)
    of_key = error["type"] == "extra_forbidden"
    return document.diagnostic((*at, *error["loc"]), rule, message, hint, of_key=of_key)


def _wording(error: ErrorDetails, schema: Schema) -> tuple[str, str, str]:
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
        proposal = re.sub(r"[^a-z0-9]+", "-", str(value)[:100].lower()).strip("-")
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
        keys = ", ".join(map(str, islice(value, 20)))
        return f"an object with the keys {keys}{', …' * (len(value) > 20)}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "…'"


def _keys_at(schema: Schema, path: Path_) -> set[str]:
    """Return the keys that a JSON Schema allows for the object at `path`, over all alternatives."""
    here = [schema]
    for part in path:
        below = [child for node in here for child in _schema_children(node, schema, part)]
        here = below or here  # a union's tag is in the path but not in the schema
    return {key for option in options(here, schema) for key in option.get("properties", {})}


def options(schemas: Iterable[Schema], root: Schema) -> Iterator[Schema]:
    """Yield all schemas that a value may follow: references resolved, alternatives one by one."""
    for schema in schemas:
        if "$ref" in schema:
            yield from options([root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]], root)
        yield schema
        yield from options([*schema.get("anyOf", []), *schema.get("oneOf", [])], root)


def _schema_children(node: Schema, root: Schema, part: str | int) -> Iterator[Schema]:
    for option in options([node], root):
        if isinstance(part, int) and isinstance(option.get("items"), dict):
            yield option["items"]
        elif part in option.get("properties", {}):
            yield option["properties"][part]
        elif isinstance(option.get("additionalProperties"), dict):
            yield option["additionalProperties"]
        else:
            yield from option.get("patternProperties", {}).values()
