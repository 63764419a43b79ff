"""Field types that every edited file shares: closed objects, ids, bilingual texts, partial dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, PydanticKnownError


class Closed(BaseModel):
    """An object whose keys are all known: an unknown key is an error, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=True)


ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""A kebab-case name, such as `transfer-learning`. It is part of a URL: once published it stays."""

NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
LOCALE_PATTERN = r"^[a-z]{2}(-[A-Z]{2})?$"
Locale = Annotated[str, StringConstraints(pattern=LOCALE_PATTERN)]


class Translations(dict[str, str]):
    """One text in several languages, by language code."""


def _form_of(value: Any) -> str:
    return "translations" if isinstance(value, dict) else "name"


TranslatedText = Annotated[dict[Locale, NonEmpty], AfterValidator(Translations)]
"""A text that needs a translation in each language of the guide: `{en: …, es: …}`."""

Text = Annotated[
    Annotated[NonEmpty, Tag("name")] | Annotated[TranslatedText, Tag("translations")],
    Discriminator(_form_of),
]
"""What a reader sees: `{en: …, es: …}`, or one string where it is a proper name in every language."""


def text_in(text: str | dict[str, str], locale: str) -> str:
    """Return `text` in `locale`; a proper name is the same in all, a missing translation falls back."""
    if isinstance(text, str):
        return text
    return text.get(locale) or next(iter(text.values()), "")


def one_of(value: str, known: Iterable[str]) -> str:
    """Return the value if it is known; else complain as pydantic does about a literal."""
    if value not in known:
        raise PydanticKnownError("literal_error", {"expected": " or ".join(f"'{name}'" for name in known)})
    return value


def kind_or_whole(*kinds: str, default: str | None = None) -> BeforeValidator:
    """Let `one-cycle` stand for `{kind: one-cycle}`, and name an unknown kind well.

    With a `default`, a mapping without a kind is of that one.
    """

    def check(value: Any) -> Any:
        if isinstance(value, str):
            value = {"kind": value}
        if isinstance(value, dict) and default is not None:
            value = {"kind": default, **value}
        if isinstance(value, dict) and isinstance(value.get("kind"), str):
            one_of(value["kind"], kinds)
        return value

    return BeforeValidator(check)


def _check_distinct(values: list[Any]) -> list[Any]:
    if len(set(map(str, values))) < len(values):
        raise PydanticCustomError("repeated", "expected each value once")
    return values


Distinct = AfterValidator(_check_distinct)
"""Each value of a list once; what is written alike counts as the same."""

Share = Annotated[float, Field(gt=0, lt=1)]
"""A part of a whole: more than nothing, less than all."""


def _check_date(value: str) -> str:
    year, *rest = value.split("-")
    month = int(rest[0]) if rest else 1
    day = int(rest[1]) if len(rest) > 1 else 1
    try:
        date(int(year), month, day)
    except ValueError:
        raise PydanticCustomError("partial_date", "expected a date that exists") from None
    return value


_DATE_PATTERN = r"^\d{4}(-\d{2}(-\d{2})?)?$"
PartialDate = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    StringConstraints(pattern=_DATE_PATTERN),
    AfterValidator(_check_date),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _DATE_PATTERN}, {"type": "integer"}]}),
    Field(description="A date as far as it is known: 2020, 2020-06 or 2020-06-15."),
]


_DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"


def _check_day(value: str) -> str:
    if not re.match(_DAY_PATTERN, value):
        raise PydanticCustomError("day", "expected a date with its day, such as 2020-06-15")
    return _check_date(value)


Day = Annotated[str, AfterValidator(_check_day), WithJsonSchema({"type": "string", "pattern": _DAY_PATTERN})]
"""A date with its day: 2020-06-15."""


def _check_url(value: str) -> str:
    if not value.startswith(("https://", "http://")) or any(c.isspace() for c in value):
        raise PydanticCustomError("web_url", "expected a web address that starts with https:// or http://")
    return value


WebUrl = Annotated[str, AfterValidator(_check_url)]
"""A web address; other schemes (`javascript:`, `file:`) are refused."""
