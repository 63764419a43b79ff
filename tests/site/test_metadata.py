from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from moocmap.site import git_dates, metadata
from moocmap.site.engine import build

pytestmark = pytest.mark.slow
URL = "https://example.org/guide"

THING = {"@type", "name", "description", "url", "alternateName", "subjectOf"}
WORK = THING | {"inLanguage", "isAccessibleForFree", "license", "isPartOf", "hasPart", "position", "teaches"}
WORK |= {
    "timeRequired",
    "learningResourceType",
    "copyrightYear",
    "offers",
    "author",
    "provider",
    "mainEntity",
}
PROPERTIES = {
    "WebSite": WORK,
    "WebPage": WORK,
    "Book": WORK,
    "LearningResource": WORK,
    "Course": WORK | {"hasCourseInstance", "educationalCredentialAwarded", "coursePrerequisites"},
    "CourseInstance": THING | {"courseMode", "courseWorkload", "instructor"},
    "Organization": THING,
    "Person": THING,
    "Offer": THING | {"category", "price", "priceCurrency"},
    "DefinedTerm": THING | {"termCode", "inDefinedTermSet"},
    "DefinedTermSet": WORK | {"hasDefinedTerm"},
    "Dataset": WORK | {"distribution"},
    "DataDownload": WORK | {"contentUrl", "encodingFormat"},
    "ItemList": THING | {"numberOfItems", "itemListElement"},
    "BreadcrumbList": THING | {"itemListElement"},
    "ListItem": THING | {"item", "position"},
}
"""What schema.org defines for each type, as far as the guide uses it (checked with schema-dts 1.1)."""


@pytest.fixture(scope="module")
def published(built: Any, today: date, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built for its address."""
    target = tmp_path_factory.mktemp("published") / "site"
    return build(built.target.parents[1], target, today=today, site_url=f"{URL}/").target


def soup(site: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")


def graph(site: Path, page: str) -> list[dict[str, Any]]:
    (script,) = soup(site, page).select("script[type='application/ld+json']")
    data = json.loads(script.string or "")
    assert data["@context"] == "https://schema.org"
    nodes: list[dict[str, Any]] = data["@graph"]
    return nodes


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(below)


def about(site: Path, page: str) -> dict[str, Any]:
    entity: dict[str, Any] = graph(site, page)[0]["mainEntity"]
    return entity


def test_every_property_is_one_that_schema_org_defines(site: Path) -> None:
    seen: set[str] = set()
    for path in site.rglob("*.html"):
        page = path.relative_to(site).as_posix()
        if not soup(site, page).select("script[type='application/ld+json']"):
            continue
        for node in objects(graph(site, page)):
            seen.add(node["@type"])
            assert node.keys() <= PROPERTIES[node["@type"]] | {"@type"}, (page, node)
    assert seen == PROPERTIES.keys()


def test_a_course_says_what_it_teaches_and_asks(published: Path) -> None:
    course = about(published, "es/courses/alpha.html")
    assert course["@type"] == "Course"
    assert course["url"] == "https://example.org/alpha"
    assert course["provider"]["name"] == "Example & Co."
    assert course["offers"] == {"@type": "Offer", "category": "Free"}
    assert [part["subjectOf"]["url"] for part in course["hasPart"]] == [
        f"{URL}/es/courses/alpha/lesson-1.html",
        f"{URL}/es/courses/alpha/lesson-2.html",
    ]
    assert course["teaches"][0]["name"] == "tasa de aprendizaje"
    paid = about(published, "en/courses/beta.html")["offers"]
    assert (paid["category"], paid["price"], paid["priceCurrency"]) == ("Subscription", 44.0, "EUR")


def test_lessons_terms_and_experiments_are_told_too(published: Path) -> None:
    lesson = about(published, "en/courses/alpha/lesson-2.html")
    assert (lesson["@type"], lesson["position"]) == ("LearningResource", 2)
    assert lesson["isPartOf"]["name"] == "Alpha Course"
    topic = about(published, "en/topics/ulmfit.html")
    assert topic["inDefinedTermSet"] == f"{URL}/en/topics/index.html"
    data = about(published, "en/experiments/tiny.html")
    assert data["license"] == "https://creativecommons.org/licenses/by/4.0/"
    files = [part["contentUrl"].removeprefix(f"{URL}/") for part in data["distribution"]]
    assert all((published / file).is_file() for file in files)
    assert len(files) == 1 + 3 * 6


def test_breadcrumbs_lead_from_home_to_the_page(published: Path) -> None:
    crumbs = graph(published, "en/courses/alpha/lesson-1.html")[1]["itemListElement"]
    assert [(step["position"], step["name"]) for step in crumbs] == [
        (1, "Small guide"),
        (2, "Courses"),
        (3, "Alpha"),
        (4, "Images [and] more"),
    ]
    for step in crumbs:
        assert (published / step["item"].removeprefix(f"{URL}/")).is_file()


def test_addresses_are_relative_where_the_site_has_none(site: Path) -> None:
    for node in objects(graph(site, "en/courses/alpha/lesson-1.html")):
        if node["@type"] == "DefinedTerm":
            assert (site / "en/courses/alpha" / node["url"]).resolve().is_file()
    text = (site / "en/courses/alpha/lesson-1.html").read_text(encoding="utf-8")
    assert 'rel="canonical"' not in text
    assert "og:url" not in text
    assert "og:image" not in text
    assert not (site / "sitemap.xml").exists()


def test_nothing_breaks_out_of_linked_data() -> None:
    hostile = {"name": "</script><script>alert(1)</script><!-- {{ x }} {% y %} \u2028 ' \" \\ &amp;"}
    text = metadata.embedded(hostile)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == hostile


def test_shared_addresses_have_a_title_a_text_and_a_picture(published: Path) -> None:
    page = soup(published, "es/topics/ulmfit.html")
    found = {str(meta["property"]): meta["content"] for meta in page.select("meta[property]")}
    assert found["og:title"] == "ULMFiT"
    assert found["og:locale"] == "es_ES"
    assert found["og:locale:alternate"] == "en_US"
    assert found["og:url"] == f"{URL}/es/topics/ulmfit.html"
    picture = published / str(found["og:image"]).removeprefix(f"{URL}/")
    head = picture.read_bytes()[:24]
    assert head[1:4] == b"PNG"
    size = (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))
    assert size == (int(str(found["og:image:width"])), int(str(found["og:image:height"])))
    assert page.select("meta[name='twitter:card']")[0]["content"] == "summary_large_image"
    assert page.select("link[rel=canonical]")[0]["href"] == f"{URL}/es/topics/ulmfit.html"


def test_the_sitemap_names_every_page_in_every_language(published: Path) -> None:
    root = ET.fromstring((published / "sitemap.xml").read_text(encoding="utf-8"))
    name = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    listed = {str(url.findtext("s:loc", namespaces=name)): url for url in root.findall("s:url", name)}
    pages = {
        f"{URL}/{path.relative_to(published).as_posix()}"
        for locale in ("en", "es")
        for path in (published / locale).rglob("*.html")
    }
    assert listed.keys() == pages
    twins = listed[f"{URL}/en/topics/ulmfit.html"].findall("x:link", name)
    assert {link.get("hreflang"): link.get("href") for link in twins} == {
        "en": f"{URL}/en/topics/ulmfit.html",
        "es": f"{URL}/es/topics/ulmfit.html",
    }
    assert (published / "robots.txt").read_text().splitlines()[-1] == f"Sitemap: {URL}/sitemap.xml"


def test_languages_are_declared_with_whole_addresses(published: Path) -> None:
    page = soup(published, "en/index.html")
    assert {str(link["hreflang"]): link["href"] for link in page.select("head link[hreflang]")} == {
        "en": f"{URL}/en/index.html",
        "es": f"{URL}/es/index.html",
        "x-default": f"{URL}/index.html",
    }
    assert soup(published, "404.html").select("a")[1]["href"] == f"{URL}/es/index.html"


# Last changes ---------------------------------------------------------------------------------------


def git(root: Path, *arguments: str, day: str = "2026-01-02") -> None:
    moment = f"{day}T12:00:00Z"
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    environment = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment, "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)


def test_files_have_the_day_of_their_last_commit(tmp_path: Path) -> None:
    guide = tmp_path / "all" / "guide"
    guide.mkdir(parents=True)
    (guide / "á b.yml").write_text("1")
    (guide / "c.yml").write_text("1")
    assert git_dates.last_changes(guide) == {}, "no history"
    git(tmp_path / "all", "init", "-q")
    git(tmp_path / "all", "add", ".")
    git(tmp_path / "all", "commit", "-qm", "one")
    (guide / "c.yml").write_text("2")
    git(tmp_path / "all", "commit", "-qam", "two", day="2026-03-04")
    assert git_dates.last_changes(guide) == {"á b.yml": "2026-01-02", "c.yml": "2026-03-04"}
    (guide / "c.yml").write_text("3")
    assert git_dates.last_changes(guide) == {"á b.yml": "2026-01-02"}, "not committed yet"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}/all", "shallow")
    assert git_dates.last_changes(tmp_path / "shallow" / "guide") == {}, "a history that is cut off"
