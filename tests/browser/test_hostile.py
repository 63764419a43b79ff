"""A guide whose every text tries to be something else: all of it is shown as text, and nothing of it runs.

The texts are those of a public list and of our own (`xss_payloads.yml`). They are put wherever the models of
the data take a free text, so a new field is covered at once.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import icalendar
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from moocmap.curriculum import anki
from moocmap.curriculum.check import examine, load_guide
from moocmap.curriculum.model import Guide
from moocmap.site.engine import build
from moocmap.site.escape import web_address

from . import xss
from .places import served, small_guide
from .xss import Hostile, Shown, payloads, seen

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WATCH = """top.attacked ??= [];
for (const name of ["attack", "alert", "prompt", "confirm"]) window[name] = what => top.attacked.push(what);
addEventListener("securitypolicyviolation", event => top.attacked.push(
  `${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));"""
TERM = "gadgetry"
"""A form of a hostile term that occurs in a text, so that its tooltip is shown."""
SITE = "https://guide.example/deep"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(small_guide().copy_guide(tmp_path_factory.mktemp("hostile") / "guide"))


@pytest.fixture(scope="module")
def attacks(root: Path) -> Hostile:
    """The small guide with attacks in every text."""
    attacks = xss.attacked(root)
    _edit(root, "glossary", lambda terms: terms[0]["also"].update(en=[TERM]))
    _edit(root, "history", lambda chapters: chapters[0]["summary"].update(en=f"The {TERM} of old."))
    return attacks


def _edit(root: Path, name: str, change: Any) -> None:
    path = root / "curriculum" / f"{name}.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def hostile(root: Path, attacks: Hostile) -> Path:
    """Its site."""
    return build(root, today=small_guide().TODAY, site_url=SITE).target


@pytest.fixture(scope="module")
def guide(root: Path, attacks: Hostile) -> Guide:
    return load_guide(root, small_guide().TODAY)[0]


@pytest.fixture(scope="module")
def pages(hostile: Path) -> dict[str, Shown]:
    paths = sorted(hostile.rglob("*.html"))
    return {path.relative_to(hostile).as_posix(): Shown(path.read_text(encoding="utf-8")) for path in paths}


@pytest.fixture(scope="module")
def server(hostile: Path) -> Iterator[str]:
    with served(hostile) as address:
        yield address


# The list -----------------------------------------------------------------------------------------------


def test_the_list_is_long_and_its_sources_are_named() -> None:
    sources = yaml.safe_load(xss.LIST.read_text(encoding="utf-8"))
    assert all(source["license"] == "MIT" and source["copyright"] for source in sources)
    assert len(payloads()) == len(set(payloads())) >= 300
    assert xss.LIST.stat().st_size < 60_000


FRAMES = """texts => {
  for (const [place, text] of texts.entries()) {
    const frame = document.createElement("iframe");
    frame.srcdoc = `<script>alert = prompt = () => top.attacked.push(${place})</script>${text}`;
    document.body.append(frame);
  }
}"""


def test_attacks_of_the_list_run_where_nothing_holds_them(browser: Any) -> None:
    """What is asked below could be answered by a list that never ran anywhere."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content("<title>frames</title>")
    page.evaluate(FRAMES, payloads())
    page.wait_for_function("new Set(top.attacked).size >= 40", timeout=30000)
    context.close()


# What readers see ---------------------------------------------------------------------------------------


def test_every_text_is_shown_as_it_is(pages: dict[str, Shown], attacks: Hostile) -> None:
    everything = "\n".join(page.text for name, page in pages.items() if "/rules/" not in name)
    missing = {one.at for one in attacks.texts if seen(one.text) not in everything}
    assert missing <= {"glossary.also", "history.summary"}, "two are replaced by a term that occurs"
    assert len({one.at for one in attacks.texts}) > 60
    assert attacks.addresses > 5


def test_every_kind_of_object_has_every_attack_of_the_list(attacks: Hostile) -> None:
    held: dict[str, set[int]] = defaultdict(set)
    for one in attacks.texts:
        held[xss.object_of(one.at)] |= one.holds
        assert len(one.holds) > 5, one.at
    assert len(held) > 30
    assert {len(places) for places in held.values()} == {len(payloads())}


def test_no_element_is_made_of_an_attack(pages: dict[str, Shown]) -> None:
    for name, page in pages.items():
        for tag, attribute, value in page.attributes:
            assert not attribute.startswith("on"), (name, tag, attribute)
            assert attribute not in ("srcdoc", "formaction", "background", "ping"), (name, tag, attribute)
            assert tag not in ("iframe", "object", "embed", "base", "math", "template"), (name, tag)
            assert tag != "img" or attribute != "src" or value != "x", name


def test_every_address_is_relative_or_of_the_web_or_of_mail(pages: dict[str, Shown]) -> None:
    found = 0
    for name, page in pages.items():
        for tag, attribute, value in page.attributes:
            if attribute in ("href", "src", "action", "poster", "data", "xlink:href"):
                found += 1
                assert urlsplit(value).scheme in ("", "http", "https", "mailto"), (name, tag, value)
                assert not value.startswith("//"), (name, tag, value)
                assert not re.search(r"[\s<>\"\x00-\x1f]", value), (name, tag, value)
    assert found > 2000


@given(
    text=st.one_of(st.sampled_from(payloads()), st.text(max_size=40)),
    start=st.sampled_from(["", "https://a", " "]),
)
def test_an_address_is_of_the_web_or_none(text: str, start: str) -> None:
    for value in (text, xss.decoded(text)):
        address = web_address(start + value)
        assert address is None or re.fullmatch(r"https?://[^\s<>\"]+", address)


@pytest.mark.parametrize("sign", ["\x00", "\x02", "\x08", "\x0b", "\x1b", "\x1f", "\x7f", "\x9b"])
def test_what_cannot_be_seen_is_refused_with_its_place(tmp_path: Path, sign: str) -> None:
    root = small_guide().copy_guide(tmp_path / "guide")
    _edit(root, "glossary", lambda terms: terms[0]["definition"].update(en=f"a{sign}b"))
    problems = examine(root, small_guide().TODAY).problems
    (found,) = (one for one in problems if f"U+{ord(sign):04X}" in one.message)
    assert (found.severity, found.file) == ("error", "curriculum/glossary.yml")
    assert found.line > 1


# In a browser -------------------------------------------------------------------------------------------


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


class Guarded:
    """A browser's page that keeps note of all harm: code that ran, a policy's objection, foreign requests."""

    def __init__(self, browser: Any, base: str) -> None:
        self.base, self.harm = base, list[str]()
        self.context = browser.new_context(accept_downloads=True, service_workers="block")
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.on(
            "dialog", lambda dialog: (self.harm.append(f"dialog {dialog.message}"), dialog.dismiss())
        )
        self.page.on("pageerror", lambda error: self.harm.append(f"error {error}"))
        self.page.on("request", self._watch)

    def _dismiss(self, dialog: Any) -> None:
        self.harm.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.harm.append(f"request to {request.url}")

    def open(self, path: str) -> Any:
        self.page.goto(f"{self.base}/{path}")
        return self.page

    def unharmed(self) -> None:
        """Fail where any harm was done on the present page, or before."""
        assert self.harm + self.page.evaluate("window.attacked") == []


@pytest.fixture
def guarded(browser: Any, server: str) -> Iterator[Guarded]:
    visitor = Guarded(browser, server)
    yield visitor
    visitor.unharmed()
    visitor.context.close()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_nothing_runs(browser: Any, hostile: Path, server: str, scheme: str) -> None:
    visitor = Guarded(browser, server if scheme == "http" else hostile.as_uri())
    paths = kinds(hostile)
    assert len(paths) > 20
    for path in paths[:: 1 if scheme == "http" else 3]:
        page = visitor.open(f"en/{path}")
        page.evaluate(POKE)
        if page.url.startswith(f"{visitor.base}/en/{path}"):
            visitor.unharmed()
    for path in ("index.html", "404.html", "offline.html"):
        visitor.open(f"{path}#stay")
        visitor.unharmed()
    visitor.context.close()


def told(attacks: Hostile, at: str, text: str) -> bool:
    """Tell whether one of the texts of a field stands in a text, whole."""
    return any(seen(one.text) in seen(text) for one in attacks.texts if one.at == at)


def test_the_search_shows_attacks_as_text(guarded: Guarded, attacks: Hostile) -> None:
    page = guarded.open("en/courses/alpha.html")
    page.keyboard.press("/")
    page.keyboard.type("script alert")
    page.locator(".mm-found__title").first.wait_for()
    found = page.locator(".mm-search__found").text_content()
    assert told(attacks, "course.units.lessons.title", found) or told(attacks, "course.title", found)
    assert page.locator(".mm-search__found :is(script, img, svg, iframe)").count() == 0


def test_a_tooltip_shows_attacks_as_text(guarded: Guarded, attacks: Hostile) -> None:
    page = guarded.open("en/history.html")
    page.locator("a.mm-gloss", has_text=TERM).hover()
    tip = page.get_by_role("tooltip")
    assert told(attacks, "glossary.definition", tip.locator("p").first.text_content())
    assert told(attacks, "glossary.term", tip.locator("strong").text_content())


def test_the_map_shows_attacks_as_text(guarded: Guarded, attacks: Hostile) -> None:
    page = guarded.open("en/map.html?topic=learning-rate")
    panel = page.locator(".mm-map__panel")
    panel.wait_for()
    assert told(attacks, "topics.name", panel.locator("h2").text_content())
    assert told(attacks, "topics.definition", panel.text_content())


def test_courses_side_by_side_show_attacks_as_text(guarded: Guarded, attacks: Hostile) -> None:
    page = guarded.open("en/compare.html?courses=alpha,beta")
    page.locator("[data-mm-matrix] tbody th").first.wait_for()
    assert told(attacks, "topics.name", page.locator("[data-mm-matrix]").text_content())


def test_the_chooser_shows_attacks_as_text(guarded: Guarded, attacks: Hostile) -> None:
    page = guarded.open("en/chooser.html?money=free")
    page.locator("[data-mm-list=dropped] summary").click()
    ranking = page.locator("[data-mm-list=dropped]")
    assert told(attacks, "chooser.answers.effects.because", ranking.text_content())


def test_a_plan_and_its_files_hold_attacks_as_text(guarded: Guarded, attacks: Hostile) -> None:
    page = guarded.open("en/planner.html?goal=learning-rate-finder&superseded=1&start=2027-01-11")
    assert told(attacks, "course.units.lessons.title", page.locator(".mm-plan__title").first.text_content())
    with page.expect_download() as download:
        page.click("[data-mm-do=ics]")
    weeks = icalendar.Calendar.from_ical(Path(download.value.path()).read_bytes()).walk("VEVENT")
    assert weeks
    assert all(
        set(week) == {"UID", "DTSTAMP", "DTSTART", "DTEND", "TRANSP", "SUMMARY", "DESCRIPTION"}
        for week in weeks
    )
    assert told(attacks, "course.units.lessons.title", str(weeks[0]["SUMMARY"]))


def test_progress_shows_attacks_as_text_and_takes_none_from_files(
    guarded: Guarded, attacks: Hostile, tmp_path: Path
) -> None:
    page = guarded.open("en/courses/alpha/lesson-1.html")
    page.locator("article input[type=checkbox]").first.check()
    page = guarded.open("en/progress.html")
    begun = page.locator("[data-mm-state=begun]")
    assert told(attacks, "course.title", begun.text_content()) or told(
        attacks, "course.short_title", begun.text_content()
    )
    lessons = dict.fromkeys(payloads()[:60], "2026-01-01")
    _take(
        page, tmp_path / "<img src=x onerror=alert(1)>.json", lessons=lessons, plan={"inputs": payloads()[:9]}
    )
    page.get_by_role("button", name="Replace", exact=True).click()
    page.get_by_text("The file has been imported").wait_for()
    page = guarded.open("en/progress.html")
    guarded.unharmed()
    _take(page, tmp_path / "<b onclick=alert(1)>.json", lessons=payloads(), __proto__={"x": payloads()[0]})
    status = page.locator("[data-mm-said]")
    status.get_by_text("<b onclick=alert(1)>.json").wait_for()


def _take(page: Any, file: Path, **content: Any) -> None:
    text = json.dumps({"format": "moocmap-progress", "version": 1} | content)
    file.write_text(text, encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.click("[data-mm-import]")
    chooser.value.set_files(file)


# Files for other programs -------------------------------------------------------------------------------


def test_linked_data_is_json_and_says_the_same(pages: dict[str, Shown], attacks: Hostile) -> None:
    found = "\n".join(
        seen(text) for page in pages.values() for one in page.linked for text in xss.strings(one)
    )
    assert told(attacks, "course.title", found)
    assert told(attacks, "topics.definition", found)
    assert told(attacks, "guide.title", found)


def test_feeds_and_the_site_s_map_are_xml_of_their_own_elements(hostile: Path, attacks: Hostile) -> None:
    for locale in ("en", "es"):
        feed = ET.parse(hostile / locale / "feed.xml").getroot()
        assert {one.tag.partition("}")[2] for one in feed.iter()} == {
            *("feed", "title", "subtitle", "id", "updated", "link", "icon", "author", "name"),
            *("entry", "category", "content"),
        }
        assert told(attacks, "changes.title", "\n".join(one.text or "" for one in feed.iter()))
    addresses = [
        one.text or "" for one in ET.parse(hostile / "sitemap.xml").iter() if one.tag.endswith("loc")
    ]
    assert len(addresses) > 50
    assert all(re.fullmatch(rf"{SITE}/[\w/.-]+", address) for address in addresses)


def test_data_files_are_json_with_the_texts_as_they_are(hostile: Path, attacks: Hostile) -> None:
    files = [json.loads(path.read_text(encoding="utf-8")) for path in (hostile / "api").rglob("*.json")]
    found = {seen(text) for file in files for text in xss.strings(file)}
    for at in ("course.title", "topics.definition", "glossary.term", "quizzes.questions.text"):
        assert any(seen(one.text) in found for one in attacks.texts if one.at == at), at


def test_tables_hold_nothing_that_a_spreadsheet_would_reckon(hostile: Path) -> None:
    """A cell that begins with = + - or @ is a formula there: all of ours are ids, classes and numbers."""
    paths = list((hostile / "api").rglob("*.csv"))
    assert len(paths) > 5
    for path in paths:
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
            for cell in row:
                assert re.fullmatch(r"[\w.-]*", cell), (path.name, cell)
                assert not cell.startswith(("=", "+", "@")), (path.name, cell)
                assert not re.match(r"-(?![\d.])", cell), (path.name, cell)


def test_the_bibliography_can_be_read_again(hostile: Path, attacks: Hostile, guide: Guide) -> None:
    read = parse_string((hostile / "api" / "references.bib").read_text(encoding="utf-8"), "bibtex")
    assert list(read.entries) == [work.key for work in guide.references]
    assert all(told(attacks, "references.title", entry.fields["title"]) for entry in read.entries.values())


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_flashcards_hold_text_alone(guide: Guide, attacks: Hostile, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(anki.package(guide, date(2026, 11, 1)))) as packed:
        file = Path(packed.extract("collection.anki2", tmp_path))
    notes = sqlite3.connect(file).execute("SELECT flds FROM notes").fetchall()
    fields = [_Elements(field) for (text,) in notes for field in text.split("\x1f")]
    assert len(fields) == 6 * len(notes)
    assert [tag for field in fields for tag in field.tags] == []
    assert any(told(attacks, "glossary.definition", field.text) for field in fields)
