"""Attacks of a public list, put into every free text of a guide, as the JSON Schemas of its files tell."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from moocmap.curriculum.schema import data_files, json_schema, kind_of
from moocmap.experiments.settings.model import ExperimentSettings
from moocmap.shapes import options
from moocmap.site.escape import visible

LIST = Path(__file__).with_name("xss_payloads.yml")
ATTACK = (
    "<script>attack({n})</script><img src=x onerror=attack({n})> \"' onmouseover=attack({n}) *x* __y__ "
    "{{{{ 7*7 }}}} {{% raw %}} {{# c #}} &amp; &lt;b&gt; [a](javascript:attack({n})) ![i](x) `code` "
    "# h | ~~s~~ $m$ ]]> </script></style></title><!-- --> \\n {{: .c }} :smile: <https://x.example> =={n}=="
)
ADDRESS = 'https://example.org/"onmouseover="attack({n})"\'><script>attack({n})</script>?javascript:{n}'
CODE_PATTERNS = ("path", "names", "files")
NOT_ADDED = ("explanation", "code")
"""Texts that rules allow only beside something else."""
BIBLIOGRAPHY = "references"
SHIFT = 17
"""By how much the list is turned for each kind of object, so that other attacks stand at the beginning."""

_REFUSED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_BYTES = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")


@cache
def payloads() -> list[str]:
    """Return the attacks of the list, of all its sources."""
    sources = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [payload for source in sources for payload in source["payloads"]]


def decoded(payload: str) -> str:
    r"""Return an attack with what `\x0B` and the like in it mean, as fuzzers read them."""
    return _BYTES.sub(
        lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode("utf-8", "replace"), payload
    )


def printable(text: str) -> str:
    """Return a text without what a guide may not hold: control characters, and what is no character."""
    return _REFUSED.sub("", text)


def seen(text: str) -> str:
    """Return what a reader sees of a text, with single blanks."""
    return " ".join(visible(text).split())


@dataclass
class Text:
    """A text in the data: where it stands, and which attacks of the list it holds."""

    at: str
    text: str
    holds: frozenset[int]


@dataclass
class Hostile:
    """Puts attacks into every free text of data; each kind of object gets all of the list.

    `counts` says how many texts each kind of object has; without, texts get no attacks of the list.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)
    addresses: int = 0

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._turn: Counter[str] = Counter()

    def fill(self, value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> Any:
        """Return a value with attacks in place of its texts; missing ones are added."""
        if isinstance(value, dict):
            return self._object(value, schema, root, at)
        if isinstance(value, list):
            below = [
                found["items"] for found in options([schema], root) if isinstance(found.get("items"), dict)
            ]
            return [self.fill(one, below[0], root, at) for one in value] if below else value
        return self._text(value, schema, root, at) if isinstance(value, str) else value

    def attack(self, at: str) -> str:
        """Return a text that is all attacks."""
        kind = object_of(at)
        holds = self._dealt(kind)
        turned = len(self._turn) % 2
        chosen = [printable(decoded(payloads()[i]) if (i + turned) % 2 else payloads()[i]) for i in holds]
        text = " ".join([*chosen, ATTACK.format(n=next(self._numbers))])
        self.texts.append(Text(at, text, frozenset(holds)))
        return text

    def _dealt(self, kind: str) -> Sequence[int]:
        """Return the places in the list of the attacks that the next text of an object gets."""
        turn = self._turn[kind]
        self._turn[kind] += 1
        if kind not in self.counts:
            return []
        size = len(payloads())
        first = SHIFT * sorted(self.counts).index(kind)
        return [(first + place) % size for place in range(turn, size, self.counts[kind])]

    def _object(self, value: dict[str, Any], schema: Mapping[str, Any], root: Any, at: str) -> dict[str, Any]:
        shapes = list(options([schema], root))
        keys = {key: shape for found in shapes for key, shape in found.get("properties", {}).items()}
        rest = [*(found.get("additionalProperties") for found in shapes)]
        rest += [below for found in shapes for below in found.get("patternProperties", {}).values()]
        free = next((below for below in rest if isinstance(below, dict)), {})
        filled = {
            key: self.fill(below, keys.get(key, free), root, f"{at}.{key}" if key in keys else at)
            for key, below in value.items()
        }
        for key, shape in keys.items():
            if key not in filled and key not in NOT_ADDED and _is_translated(shape, root):
                filled[key] = {lang: self.attack(f"{at}.{key}") for lang in ("en", "es")}
        return filled

    def _text(self, value: str, schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> str:
        shapes = [found for found in options([schema], root) if found.get("type") == "string"]
        if any({"pattern", "enum", "const"} & found.keys() for found in shapes) or not shapes:
            return value
        if shapes[0].get("title") == "Url" or value.startswith("https://"):
            self.addresses += 1
            return ADDRESS.format(n=next(self._numbers))
        return value if at.endswith(CODE_PATTERNS) or value.endswith(".py") else self.attack(at)


def object_of(at: str) -> str:
    """Return the kind of object that a text belongs to: `course.units` for `course.units.title`."""
    return at.rpartition(".")[0]


def _is_translated(schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    return any(
        below.get("type") == "string"
        for found in options([schema], root)
        for below in found.get("patternProperties", {}).values()
    )


def attacked(root: Path) -> Hostile:
    """Replace every text of the guide in `root` by attacks; every kind of object gets all of the list."""
    counted = Hostile()
    for _ in _changed(root, counted):
        pass
    attacks = Hostile(Counter(object_of(one.at) for one in counted.texts))
    for path, text in list(_changed(root, attacks)):
        path.write_text(text, encoding="utf-8")
    return attacks


def _changed(root: Path, attacks: Hostile) -> Iterator[tuple[Path, str]]:
    for path in data_files(root):
        kind = kind_of(path.relative_to(root / "curriculum"))
        assert kind
        schema = json_schema(kind)
        yield path, _dumped(attacks.fill(_read(path), schema, schema, kind))
    for path in sorted((root / "experiments").glob("*.yml")):
        schema = TypeAdapter(ExperimentSettings).json_schema()
        data = _read(path)
        names = ("title", "summary", "names")
        texts = {key: data[key] for key in names if key in data}
        shapes = {**schema, "properties": {key: schema["properties"][key] for key in names}}
        yield path, _dumped(data | attacks.fill(texts, shapes, schema, "experiment"))
    references = root / "curriculum" / "references.bib"
    keys = re.findall(r"^@\w+\{([\w-]+),", references.read_text(encoding="utf-8"), re.MULTILINE)
    yield references, "\n".join(_entry(key, attacks) for key in keys)


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _dumped(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False)  # in ASCII: every sign arrives as it is


def _entry(key: str, attacks: Hostile) -> str:
    """Return a BibTeX entry of attacks; braces, which are BibTeX's own, are left out of them."""
    first = len(attacks.texts)
    made = {name: attacks.attack(f"{BIBLIOGRAPHY}.{name}") for name in ("title", "journal")}
    for text in attacks.texts[first:]:
        text.text = _without_braces(text.text)
    fields = {name: _without_braces(text) for name, text in made.items()} | {
        "author": "<script>attack(1)</script> and <img src=x onerror=attack(2)>, *Ann*",
        "publisher": "<i>P</i>",
        "year": "2020",
        "url": "javascript:attack(7)",
        "doi": '10.1/"><script>attack(8)</script>',
        "volume": "<u>1</u>",
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@article{{{key},\n{lines}}}\n"


def _without_braces(text: str) -> str:
    return re.sub(r"[{}]", "", text)


class Shown(HTMLParser):
    """What a page shows, and all that its elements say, without running anything."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.linked: list[Any] = []
        self._text: list[str] = []
        self._values: list[str] = []
        self._script: str | None = None
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        """All texts: of the page, of its tooltips and pictures, and what its scripts show."""
        return "\n".join([seen("".join(self._text)), *map(seen, self._values)])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep attributes; texts in code are read apart."""
        values = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in values.items()]
        self._values += [values[name] for name in ("title", "alt", "aria-label") if name in values]
        if tag in ("script", "style"):
            self._script = values.get("type", "")

    def handle_endtag(self, tag: str) -> None:
        """Go back to the text."""
        if tag in ("script", "style"):
            self._script = None

    def handle_data(self, data: str) -> None:
        """Keep a text, or the texts of data for scripts and of linked data, which must be JSON."""
        if self._script is None:
            self._text.append(data)
        elif self._script == "application/json":
            self._values += strings(json.loads(data))
        elif self._script == "application/ld+json":
            self.linked.append(json.loads(data))


def strings(data: Any) -> Iterator[str]:
    """Return all texts in JSON."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)
