from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
import yaml
from jinja2 import nodes

from moocmap.curriculum.companions import Libraries
from moocmap.curriculum.model import Guide
from moocmap.diagnostics import DiagnosticsError
from moocmap.rulebook import rule_pages
from moocmap.site import addresses
from moocmap.site.compiled import Compiled, write_pages
from moocmap.site.errors import SiteError
from moocmap.site.locales import Strings
from moocmap.site.pages import Origins, site_pages
from moocmap.site.rendering import Page, environment, front_matter
from moocmap.site.views import GuideView

Edit = Callable[[Path, str, str], None]

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = REPOSITORY / "site" / "templates"


def write(guide: Guide, root: Path, out: Path) -> dict[str, bytes]:
    write_pages(Compiled(guide, [], root / "site"), out)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_two_runs_write_the_same_bytes(guide: Guide, root: Path, tmp_path: Path) -> None:
    assert write(guide, root, tmp_path / "a") == write(guide, root, tmp_path / "b")


def test_what_an_earlier_run_left_is_gone(guide: Guide, root: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "en" / "topics").mkdir(parents=True)
    (tmp_path / "out" / "en" / "topics" / "old.md").write_text("old")
    assert "en/topics/old.md" not in write(guide, root, tmp_path / "out")


def test_the_locales_have_the_same_pages(guide: Guide, root: Path, tmp_path: Path) -> None:
    written = write_pages(Compiled(guide, [], root / "site"), tmp_path / "out")
    assert written.pages["en"] == written.pages["es"]
    assert written.count == 2 * len(written.pages["en"])
    assert {"index", "about", "courses/alpha/lesson-1", "topics/ulmfit"} <= set(written.pages["en"])


def test_every_page_of_nav_is_written(guide: Guide, root: Path, tmp_path: Path) -> None:
    nav = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text())["nav"]
    groups = [item if isinstance(item, dict) else {"": [item]} for item in nav]
    pages = {page for group in groups for below in group.values() for page in below}
    companions = {f"{name}.md" for name in (*addresses.COMPANIONS, addresses.ANSWER, addresses.TOOLKIT)}
    assert companions < pages
    files = write(guide, root, tmp_path / "out")
    assert {f"{locale}/{page}" for locale in ("en", "es") for page in pages - companions} <= files.keys()


def test_a_broken_template_is_named_with_its_line_and_nothing_is_written(
    guide: Guide, root: Path, tmp_path: Path, edit: Edit
) -> None:
    edit(root / "site" / "templates" / "topic.md", "{{ m.chips(required) }}", "{{ m.chips(required }}")
    with pytest.raises(SiteError, match=r"topic\.md:\d+: unexpected"):
        write(guide, root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("tx(topic.definition)", "tx(topic.defn)"), r"topic\.md:\d+: .*no attribute 'defn' \(page en/"),
        (("t('topic.taught')", "t('topic.tuaght')"), r"no interface string 'topic.tuaght'; did you mean"),
        (
            ("{{ prose(tx(topic.definition)) }}", "{{ guide.courses[1].superseded_by }}"),
            r"topic\.md:\d+: a template prints",
        ),
    ],
)
def test_mistakes_in_templates_are_explained(
    change: tuple[str, str], message: str, guide: Guide, root: Path, edit: Edit
) -> None:
    edit(root / "site" / "templates" / "topic.md", *change)
    with pytest.raises(SiteError, match=message):
        write(guide, root, root / "out")


def test_a_hand_written_page_must_exist_in_every_locale(guide: Guide, root: Path, tmp_path: Path) -> None:
    (root / "site" / "pages" / "es" / "about.md").unlink()
    with pytest.raises(DiagnosticsError) as caught:
        write(guide, root, tmp_path / "out")
    assert str(caught.value).startswith(
        "site/pages/es/about.md:1:1: error[missing-page]: page 'about' exists"
    )


def test_a_hand_written_page_needs_a_title(guide: Guide, root: Path, tmp_path: Path) -> None:
    (root / "site" / "pages" / "es" / "about.md").write_text("# Hola\n")
    with pytest.raises(DiagnosticsError, match=r"es/about.md:1:1: error\[page-title\]"):
        write(guide, root, tmp_path / "out")


def test_a_hand_written_page_cannot_hide_a_generated_one(guide: Guide, root: Path, tmp_path: Path) -> None:
    for locale in ("en", "es"):
        (root / "site" / "pages" / locale / "compare.md").write_text("---\ntitle: x\n---\n")
    with pytest.raises(SiteError, match=r"pages/en/compare\.md: the page 'compare' is generated"):
        write(guide, root, tmp_path / "out")


def test_two_pages_cannot_share_an_address(guide: Guide, strings: dict[str, Strings]) -> None:
    topic = guide.topics[0].model_copy(update={"id": "index"})
    clash = guide.model_copy(update={"topics": [*guide.topics, topic]})
    with pytest.raises(SiteError, match="two pages would have the address 'topics/index'"):
        site_pages(GuideView(clash), strings["en"], [], Origins())


def test_an_empty_guide_still_has_its_sections(guide: Guide, root: Path, tmp_path: Path) -> None:
    nothing: dict[str, list[object]] = {
        "courses": [],
        "topics": [],
        "terms": [],
        "references": [],
        "published": [],
    }
    files = write(guide.model_copy(update=nothing), root, tmp_path / "out")
    assert "There are no courses in this guide yet" in files["en/courses/index.md"].decode()
    assert "Todavía no hay nada que comparar" in files["es/compare.md"].decode()
    assert "There are no topics" in files["en/topics/index.md"].decode()
    assert "no terms in the glossary" in files["en/glossary.md"].decode()
    assert "no references yet" in files["en/references.md"].decode()
    assert "No published table" in files["en/published.md"].decode()
    assert "no experiments yet" in files["en/experiments/index.md"].decode()


def test_titles_are_safe_in_front_matter() -> None:
    page = Page("x", 'a "b": </title>\n---\n<script>', "x.md", "home", description="c & d")
    metadata = yaml.safe_load(front_matter(page).strip("-\n").split("\n---")[0])
    assert metadata["title"] == "a &quot;b&quot;: &lt;/title&gt; --- &lt;script&gt;"
    assert metadata["description"] == "c &amp; d"


def test_exports_are_plain_data(guide: Guide, root: Path, tmp_path: Path) -> None:
    files = write(guide, root, tmp_path / "out")
    assert files["shared/api/coverage.csv"].decode().splitlines() == [
        "area,topic,alpha,beta,gamma-book",
        "basics,gradient,,implements,mentions",
        "basics,learning-rate,uses,explains,",
        "practice,learning-rate-finder,implements,,",
        "practice,ulmfit,explains,,",
    ]
    course = json.loads(files["shared/api/courses/alpha.json"])
    assert course["units"][0]["lessons"][0]["compare"][0]["with"] == "beta/week-1"
    assert json.loads(files["shared/api/guide.json"])["courses"][0] == course
    assert (
        "@inproceedings{smith-2015,\n  author = {Smith, Leslie N.},"
        in files["shared/api/references.bib"].decode()
    )


SAFE_FILTERS = {"abs", "groupby", "int", "join", "length", "list", "map", "max", "reverse", "round"}
SAFE_FILTERS |= {"selectattr", "sort", "string", "sum", "unique"}


@pytest.mark.parametrize("path", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_templates_use_nothing_that_would_pass_unescaped(path: Path) -> None:
    """`~`, `safe`, `escape` and the like would mark text as HTML that was never escaped for Markdown."""
    tree = environment(TEMPLATES).parse(path.read_text(encoding="utf-8"))
    filters = {node.name for node in tree.find_all(nodes.Filter)}
    assert filters <= SAFE_FILTERS
    assert not list(tree.find_all(nodes.Concat))
    assert not list(tree.find_all(nodes.ScopedEvalContextModifier))


def test_all_templates_are_strict() -> None:
    assert environment(TEMPLATES).undefined is jinja2.StrictUndefined


# Routes, libraries and history ------------------------------------------------------------------------


def page_of(guide: Guide, root: Path, name: str) -> str:
    return html.unescape(write(guide, root, root / "out")[f"{name}.md"].decode())


def test_a_route_leads_to_its_parts_and_to_what_brings_it_up_to_date(guide: Guide, root: Path) -> None:
    page = page_of(guide, root, "es/routes")
    assert '<a href="courses/alpha.html#unit-part-1">Parte 1</a> <span class="mm-quiet">Alpha</span>' in page
    assert 'esta ruta se ha puesto al día: <a href="routes.html#new-way">El camino nuevo</a>' in page
    assert 'Pone al día: <a href="routes.html#old-way">El camino antiguo</a>' in page


def test_libraries_show_the_newest_version_first_and_what_nobody_offers(guide: Guide, root: Path) -> None:
    page = page_of(guide, root, "en/libraries")
    assert page.index("The same, with suggestions.") < page.index("A method of the learner.")
    assert "<code>SuggestionMethod.Valley</code>" in page
    assert "Nothing recorded." in page, "Keras has no entry for this aspect"
    assert 'Replaced by <a href="libraries.html#library-keras">Keras</a>' in page
    assert 'Used in: <a href="courses/beta.html">Beta</a>' in page


def test_history_links_topics_courses_libraries_and_works(guide: Guide, root: Path) -> None:
    page = page_of(guide, root, "en/history")
    for link in ("topics/learning-rate.html", "courses/beta.html", "libraries.html#library-tensorflow"):
        assert f'<a href="{link}">' in page
    assert re.search(r"1990</time><span[^>]*>–<time[^>]*>2014</time>", page)
    assert "references.html#ref-smith-2015" in page


def test_references_are_cited_by_history_and_libraries_too(guide: Guide, root: Path) -> None:
    page = page_of(guide, root, "en/references")
    for link in ("history.html#cycles", "libraries.html#library-tensorflow", "libraries.html#training"):
        assert f'<a href="{link}">' in page


def test_a_guide_without_companions_has_no_pages_of_them(guide: Guide, root: Path, tmp_path: Path) -> None:
    bare = guide.model_copy(update={"history": [], "routes": [], "libraries": Libraries(libraries=[])})
    files = write(bare, root, tmp_path / "out")
    assert not {"en/history.md", "en/routes.md", "en/libraries.md"} & files.keys()


def test_editions_of_one_course_count_as_one(guide: Guide) -> None:
    view = GuideView(guide)
    assert view.newest_edition(guide.course_by_id["alpha"]).id == "beta"
    alpha, beta = guide.course_by_id["alpha"], guide.course_by_id["beta"]
    assert view.is_exclusive(beta, "learning-rate"), "alpha teaches it too, but beta replaced alpha"
    assert not view.is_exclusive(alpha, "learning-rate")
    assert view.is_exclusive(alpha, "ulmfit"), "no newer edition teaches it"


def test_every_rule_has_a_page_that_the_list_leads_to(guide: Guide, root: Path, tmp_path: Path) -> None:
    files = write(guide, root, tmp_path / "out")
    for locale, says in (("en", "Mended:"), ("es", "Arreglado:")):
        listing = files[f"{locale}/rules/index.md"].decode()
        for rule in rule_pages():
            assert f"[{rule}]({rule}.md)" in listing
            assert says in files[f"{locale}/rules/{rule}.md"].decode()
