"""A guide whose every text tries to be something else: all of it is shown as text, and nothing of it runs.

The texts are put wherever the models of the data take a free text, so a new field is covered at once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup
from pydantic import TypeAdapter

from moocmap.curriculum.schema import data_files, json_schema, kind_of, options
from moocmap.experiments.settings.model import ExperimentSettings
from moocmap.site.engine import build

from .places import served, small_guide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ATTACK = (
    "<script>attack({n})</script><img src=x onerror=attack({n})> \"' onmouseover=attack({n}) *x* __y__ "
    "{{{{ 7*7 }}}} {{% raw %}} {{# c #}} &amp; &lt;b&gt; [a](javascript:attack({n})) ![i](x) `code` "
    "# h | ~~s~~ $m$ ]]> </script></style></title><!-- --> \\n {{: .c }} :smile: <https://x.example> =={n}=="
)
ADDRESS = 'https://example.org/"onmouseover="attack({n})"\'><script>attack({n})</script>?javascript:{n}'
WATCH = """window.attacked = []; window.attack = n => window.attacked.push(n);
addEventListener("securitypolicyviolation", event => window.attacked.push(
  `${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));"""
CODE_PATTERNS = ("path", "names", "files")
NOT_ADDED = ("explanation", "code")
"""Texts that rules allow only beside something else."""


class Hostile:
    """Puts a numbered attack into every free text of data, as their JSON Schema tells."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.texts: dict[str, list[str]] = {}
        self.addresses = 0

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
            if key not in filled and key not in NOT_ADDED and self._is_translated(shape, root):
                filled[key] = {lang: self._attack(f"{at}.{key}") for lang in ("en", "es")}
        return filled

    def _is_translated(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
        return any(
            below.get("type") == "string"
            for found in options([schema], root)
            for below in found.get("patternProperties", {}).values()
        )

    def _text(self, value: str, schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> str:
        shapes = [found for found in options([schema], root) if found.get("type") == "string"]
        if any({"pattern", "enum", "const"} & found.keys() for found in shapes) or not shapes:
            return value
        if shapes[0].get("title") == "Url" or value.startswith("https://"):
            self.addresses += 1
            return ADDRESS.format(n=next(self.numbers))
        return value if at.endswith(CODE_PATTERNS) or value.endswith(".py") else self._attack(at)

    def _attack(self, at: str) -> str:
        text = ATTACK.format(n=next(self.numbers))
        self.texts.setdefault(at, []).append(text)
        return text


BIBTEX = """@article{{{key},
  author = {{<script>attack(1)</script> and <img src=x onerror=attack(2)>, *Ann*}},
  title = {{<script>attack(3)</script> *x* &amp; <img src=x onerror=attack(4)> [a](javascript:attack(5))}},
  journal = {{</script><b onmouseover=attack(6)>J</b>}}, publisher = {{<i>P</i>}}, year = {{2020}},
  url = {{javascript:attack(7)}}, doi = {{10.1/"><script>attack(8)</script>}}, volume = {{<u>1</u>}},
}}
"""


@pytest.fixture(scope="module")
def attacks() -> Hostile:
    return Hostile()


@pytest.fixture(scope="module")
def hostile(attacks: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the small guide with an attack in every text."""
    small = small_guide()
    root = small.copy_guide(tmp_path_factory.mktemp("hostile") / "guide")
    for path in data_files(root):
        kind = kind_of(path.relative_to(root / "curriculum"))
        assert kind
        schema = json_schema(kind)
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        changed = attacks.fill(data, schema, schema, kind)
        path.write_text(yaml.safe_dump(changed, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for path in (root / "experiments").glob("*.yml"):
        schema = TypeAdapter(ExperimentSettings).json_schema()
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        texts = {key: data[key] for key in ("title", "summary", "names") if key in data}
        data |= attacks.fill(texts, {**schema, "properties": _texts_of(schema)}, schema, "experiment")
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    references = root / "curriculum" / "references.bib"
    keys = re.findall(r"^@\w+\{([\w-]+),", references.read_text(encoding="utf-8"), re.MULTILINE)
    references.write_text("".join(BIBTEX.format(key=key) for key in keys), encoding="utf-8")
    return build(root, today=small.TODAY).target


def _texts_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: schema["properties"][key] for key in ("title", "summary", "names")}


@pytest.fixture(scope="module")
def server(hostile: Path) -> Iterator[str]:
    with served(hostile) as address:
        yield address


def kinds(site: Path) -> list[str]:
    """Return one page of each kind; of lessons and topics two."""
    pages = sorted(path.relative_to(site / "en").as_posix() for path in (site / "en").rglob("*.html"))
    found: dict[str, list[str]] = {}
    for page in pages:
        folders = page.split("/")[:-1]
        kind = page if len(folders) < 1 or page.endswith("index.html") else f"{folders[0]}{len(folders)}"
        found.setdefault(kind, []).append(page)
    return [page for pages in found.values() for page in pages[:2] if not page.startswith("rules/")]


POKE = """async () => {
  const wait = () => new Promise(done => setTimeout(done, 30));
  for (const element of document.querySelectorAll("article details")) element.open = true;
  const controls = "button, input[type=checkbox], input[type=radio], select, [tabindex='0'], .mm-term-mark";
  let number = 0;
  for (const element of document.querySelectorAll(`article :is(${controls})`)) {
    if (number++ > 25 || !element.checkVisibility()) continue;
    element.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    element.focus();
    if (element.matches("button, input") && !element.disabled && element.type !== "file") element.click();
    await wait();
  }
  for (const element of document.querySelectorAll("article a, article [title]")) {
    element.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
  }
  await wait();
}"""


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_nothing_runs(browser: Any, hostile: Path, server: str, scheme: str) -> None:
    context = browser.new_context(accept_downloads=True, service_workers="block")
    context.add_init_script(WATCH)
    base = server if scheme == "http" else hostile.as_uri()
    harm: list[str] = []
    page = context.new_page()
    page.on("dialog", lambda dialog: (harm.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: harm.append(f"error {error}"))
    paths = kinds(hostile)
    assert len(paths) > 20
    for path in paths[:: 1 if scheme == "http" else 3]:
        page.goto(f"{base}/en/{path}")
        page.evaluate(POKE)
        if page.url.startswith(f"{base}/en/{path}"):
            harm += [f"{path}: {what}" for what in page.evaluate("window.attacked")]
        assert not harm
    for path in ("index.html", "404.html", "offline.html"):
        page.goto(f"{base}/{path}#stay")
        assert page.evaluate("window.attacked") == []
    context.close()


def test_the_search_shows_attacks_as_text(browser: Any, server: str) -> None:
    context = browser.new_context(service_workers="block")
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{server}/en/courses/alpha.html")
    page.keyboard.press("/")
    page.keyboard.type("script attack")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.attacked") == []
    context.close()


def test_every_text_is_shown(hostile: Path, attacks: Hostile) -> None:
    assert len(attacks.texts) > 60
    assert attacks.addresses > 5
    shown: list[str] = []
    for path in hostile.rglob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for code in page.select("script, style"):
            if code.get("type") != "application/json":  # what the scripts show
                code.decompose()
        shown.append(" ".join(page.get_text("", strip=False).split()))
        shown += [str(value) for tag in page.select("[title], [alt]") for value in tag.attrs.values()]
        data = page.select("script[type='application/json']")
        shown += [str(yaml.safe_load(one.string or "{}")) for one in data if len(one.string or "") < 20000]
    everything = "\n".join(shown)
    missing = {
        at for at, texts in attacks.texts.items() if not any(_core(text) in everything for text in texts)
    }
    assert missing == set()


def _core(text: str) -> str:
    """Return the part of an attack that tells it from the others."""
    return " ".join(text.split())


def test_no_address_is_anything_but_an_address(hostile: Path) -> None:
    for path in hostile.rglob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for tag in page.select("[href], [src], [action]"):
            for name in ("href", "src", "action"):
                value = str(tag.get(name, ""))
                assert not re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE), (path, value)
        assert not [tag for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
        assert not [tag for tag in page.find_all("img") if tag.get("src") == "x"]
