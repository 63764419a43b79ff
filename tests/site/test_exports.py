from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bs4 import BeautifulSoup

from moocmap.curriculum.bibliography import read_references
from moocmap.curriculum.model import Author, Guide, Reference
from moocmap.parsed import ParsedFiles
from moocmap.site import exports
from moocmap.site.api_docs import documented
from moocmap.site.exports import FILES, Source, csl
from moocmap.site.locales import Strings

RECORDS = {"run.json", "epochs.csv", "predictions.csv"}


def soup(site: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="session")
def files(guide: Guide) -> dict[str, Any]:
    """The exported JSON of the small guide by name."""
    found = exports.export(Source(guide, []))
    return {
        name.removeprefix("api/"): json.loads(content)
        for name, content in found.items()
        if name.endswith(".json")
    }


def test_every_file_follows_its_schema(guide: Guide, files: dict[str, Any]) -> None:
    checked = 0
    for entry in files["index.json"]["files"]:
        if "schema" in entry:
            jsonschema.Draft202012Validator.check_schema(files[entry["schema"]])
            jsonschema.validate(files[entry["path"]], files[entry["schema"]])
            checked += 1
    assert checked == sum(file.shape is not None for file in FILES) - 1 + len(guide.courses)


def test_the_index_lists_all_that_is_exported(guide: Guide) -> None:
    found = exports.export(Source(guide, []))
    index = json.loads(found["api/index.json"])
    assert index["format"] == exports.FORMAT
    listed = {entry["path"] for entry in index["files"]} | {
        entry["schema"] for entry in index["files"] if "schema" in entry
    }
    assert {f"api/{name}" for name in listed} == found.keys() - {"api/index.json"}
    assert {entry["media_type"] for entry in index["files"]} == set(exports.MEDIA_TYPES.values())


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en", "es"])
def test_the_page_documents_exactly_what_is_exported(site: Path, locale: str) -> None:
    page = soup(site, f"{locale}/data.html")
    linked = {
        (site / locale / str(a["href"])).resolve().relative_to((site / "api").resolve()).as_posix()
        for a in page.select("article a[href*='api/']")
    }
    exported = {path.relative_to(site / "api").as_posix() for path in (site / "api").rglob("*.*")}
    exported -= {name for name in exported if name.rsplit("/", 1)[-1] in RECORDS}

    def kind(name: str) -> str:
        folder = name.partition("/")[0]
        return f"{folder}/…" if folder in ("courses", "experiments") and "/" in name else name

    examples = {name for name in exported if name.startswith("examples/")}
    assert {kind(name) for name in linked} == {kind(name) for name in exported - examples}
    names = [code.get_text() for code in page.select(".mm-keys th code")]
    assert len(names) > 60


def test_every_key_is_explained_and_typed(guide: Guide, strings: dict[str, Strings]) -> None:
    for t in strings.values():
        for docs in documented(Source(guide, []), t):
            assert t(f"data.kinds.{docs.file.key}")
            for key in docs.keys:
                assert t(f"data.keys.{key.name}")
                assert key.type
    english = {docs.file.name: docs for docs in documented(Source(guide, []), strings["en"])}
    topics = {key.name: (key.type, key.is_required) for key in english["topics.json"].keys}
    assert topics["name"] == ("text in each language", True)
    assert topics["requires"] == ("list of: id", False)
    course = {key.name: key.type for key in english["courses/{id}.json"].keys}
    assert course["status"] == "one of current, superseded, retired"
    assert course["units"] == "list of: object (id, title, url, summary, lessons)"
    known = {docs.file.name for docs in english.values()}
    assert known == {file.name for file in FILES if "experiments/" not in file.name}, "none is measured here"


def test_coverage_says_in_which_lessons(files: dict[str, Any]) -> None:
    (entry,) = (
        one for one in files["coverage.json"] if (one["course"], one["topic"]) == ("alpha", "learning-rate")
    )
    assert entry["depth"] == "uses"
    assert entry["lessons"][0] == {"id": "lesson-1", "depth": "uses"}


def test_order_names_the_pairs_that_stand_the_wrong_way_round(guide: Guide, files: dict[str, Any]) -> None:
    assert [one["course"] for one in files["order.json"]] == [course.id for course in guide.courses]
    for one in files["order.json"]:
        expected = round(len(one["inversions"]) / one["pairs"], 4) if one["pairs"] else None
        assert one["inversion_rate"] == expected


def test_a_work_becomes_an_item_of_csl(tmp_path: Path) -> None:
    file = tmp_path / "references.bib"
    file.write_text(
        """@inproceedings{smith-2017, author = {Smith, Leslie N. and {Some Institute}},
        title = {Cyclical rates}, year = 2017, booktitle = {WACV}, pages = {464--472},
        doi = {10.1109/WACV.2017.58}}"""
    )
    (reference,), _, problems = read_references(file, ParsedFiles(file.parent))
    assert not problems
    assert csl(reference) == {
        "id": "smith-2017",
        "type": "paper-conference",
        "title": "Cyclical rates",
        "author": [{"family": "Smith", "given": "Leslie N."}, {"literal": "Some Institute"}],
        "issued": {"date-parts": [[2017]]},
        "DOI": "10.1109/WACV.2017.58",
        "page": "464–472",
        "container-title": "WACV",
        "URL": "https://doi.org/10.1109/WACV.2017.58",
    }


def test_a_work_of_which_little_is_known_is_an_item_too() -> None:
    reference = Reference(
        key="x", kind="misc", authors=[Author(name="X", surname="X")], title="T", year="n.d."
    )
    assert csl(reference) == {"id": "x", "type": "document", "title": "T", "author": [{"literal": "X"}]}
