from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from moocmap.diagnostics import DiagnosticsError
from moocmap.site import engine, links
from moocmap.site.engine import BuildResult, build
from moocmap.site.errors import SiteError

pytestmark = pytest.mark.slow
Edit = Callable[[Path, str, str], None]


def soup(site: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")


def words(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def test_the_whole_site_stands(built: BuildResult, site: Path) -> None:
    assert built.locales == ("en", "es")
    assert built.pages == len(list(site.rglob("*.html"))) - len(list(site.glob("*.html")))
    assert links.check(site) == []
    english = {path.relative_to(site / "en") for path in (site / "en").rglob("*.html")}
    assert english == {path.relative_to(site / "es") for path in (site / "es").rglob("*.html")}
    assert not list(site.rglob("sitemap.xml*"))


def test_the_languages_are_declared(site: Path) -> None:
    for locale in ("en", "es"):
        page = soup(site, f"{locale}/courses/alpha/lesson-1.html")
        assert page.html is not None
        assert page.html["lang"] == locale
        alternates = page.select("link[hreflang]")
        assert {link["hreflang"]: link["href"] for link in alternates} == {
            "en": "../../../en/courses/alpha/lesson-1.html",
            "es": "../../../es/courses/alpha/lesson-1.html",
        }
    switch = soup(site, "es/topics/ulmfit.html").select_one(".mm-language a")
    assert switch is not None
    assert (switch["href"], switch["lang"]) == ("../../en/topics/ulmfit.html", "en")


def test_the_first_page_offers_the_languages(site: Path) -> None:
    page = soup(site, "index.html")
    assert [a["href"] for a in page.select("a")] == ["en/index.html", "es/index.html"]


def test_a_lesson_says_where_its_topics_are_taken_further(site: Path) -> None:
    page = soup(site, "en/courses/alpha/lesson-1.html")
    rows = [words(row) for row in page.select("tbody tr")]
    elsewhere = "– nowhere else in this guide"
    assert rows == [
        f"Topic known: Learning rate Learning rate uses {elsewhere} {elsewhere}",
        "Topic known: Learning rate finder Learning rate finder only here mentions "
        f"implements Text this course {elsewhere}",
    ]
    assert "Alpha has been replaced by Beta . The lesson there that comes closest: 1. Gradients" in words(
        page.article
    )
    assert "Beta explains it from scratch." in words(page.article)
    assert "Read the paper after this lesson." in words(page.article)
    assert words(page.select_one(".mm-step--after")) == "Next lesson Text"
    assert "Alpha uses it first." in words(soup(site, "en/courses/beta/week-1.html").article)


def test_a_topic_says_what_it_needs_and_who_teaches_it(site: Path) -> None:
    page = soup(site, "es/topics/learning-rate.html")
    text = words(page.article)
    assert page.title is not None
    assert page.title.string == "Tasa de aprendizaje – Guía pequeña"
    assert "Antes conviene saber Gradiente" in text
    assert "Da paso a Buscador de la tasa de aprendizaje" in text
    assert [words(row) for row in page.select("tbody tr")] == [
        "Beta solo aquí con énfasis en la teoría explica explica 1. Gradientes",
        "Alpha reemplazado con énfasis en la práctica usa usa Imágenes [y] más 6–10 horas",
    ]
    assert "tasa de aprendizaje learning rate" in text


def test_the_catalogue_gives_facts_with_sources(site: Path) -> None:
    text = words(soup(site, "en/courses/alpha.html").article)
    assert "14 weeks, 7–10 hours a week 1" in text
    assert "Effort and price" not in text
    assert "Price and effort: Course page (checked June 2020)" in text
    assert "A newer edition has replaced this one: Beta Specialization" in text
    assert "Taught by Ada Lovelace and Ida Rhodes" in text
    assert "44 EUR al mes" in words(soup(site, "es/courses/beta.html").article)


def test_the_matrix_is_a_table_that_can_be_read_aloud(site: Path) -> None:
    page = soup(site, "en/compare.html")
    matrix = page.select_one("table.mm-matrix:not(.mm-matrix--facts)")
    assert matrix is not None
    assert matrix.caption is not None
    assert [words(th) for th in matrix.select("thead th[scope=col]")] == [
        "Topic",
        "Beta",
        "Alpha",
        "The Gamma Book",
    ], "what one can start today stands first"
    rows = {
        words(row.th): [words(td) for td in row.select("td")] for row in matrix.select("tbody tr") if row.th
    }
    assert rows["Gradient"] == ["implements", "", "mentions"]
    assert rows["ULMFiT"] == ["", "explains only here", ""]
    assert len(matrix.select("th[scope=rowgroup]")) == 2


def test_published_rows_stand_beside_derived_ones(site: Path) -> None:
    page = soup(site, "en/published.html")
    assert [words(row.select("td")[-1]) for row in page.select("tbody tr")] == [
        "agrees",
        "explained Alpha only requires it.",
    ]
    assert "1 row agrees" in words(page.article)


def test_references_are_cited_and_unsafe_links_dropped(site: Path) -> None:
    page = soup(site, "en/references.html")
    entry = page.select_one("#ref-smith-2015")
    assert words(entry).startswith("Leslie N. Smith (2017). Cyclical Learning Rates for Training Neural")
    assert "WACV, 464–472. DOI arXiv" in words(entry)
    assert "Recommended in topics: learning rate , learning rate finder ; courses and lessons:" in words(
        entry
    )
    assert "courses and lessons: Images [and] more (Alpha) ;" in words(entry)
    bad = page.select_one("#ref-nobody-1999")
    assert bad is not None
    assert "A <b>Bold</b> Claim" in words(bad)
    assert "unverified" in words(bad)
    assert not bad.select("a[href^=javascript]")


def test_an_experiment_shows_what_was_measured(site: Path) -> None:
    page = soup(site, "en/experiments/tiny.html")
    text = words(page.article)
    assert "fastai 3 0.900 (0.776 to 1.000) 0.900 (0.776 to 1.000) 0.500 (0.500 to 0.500) 0.500" in text
    assert "fastai − Keras Accuracy 3 +0.150 (+0.150 to +0.150) fastai higher" in text
    assert "60 for training, 20 for validation, 20 for the test" in text
    assert "moocmap experiment run tiny" in text
    images = page.select(".mm-curves:not(.mm-curves--narrow) img")
    assert [image["src"] for image in images] == [
        "tiny/curves-small-cnn-matched-light.svg#only-light",
        "tiny/curves-small-cnn-matched-dark.svg#only-dark",
    ]
    assert all(
        "The same figures follow as a table" in str(image["alt"]) for image in page.select(".mm-curves img")
    )
    run = "fastai-small-cnn-matched-seed0"
    assert page.select_one(f'a[href="../../api/experiments/tiny/{run}/predictions.csv"]')
    assert (site / "api" / "experiments" / "tiny" / run / "run.json").is_file()
    assert json.loads((site / "api" / "experiments" / "tiny.json").read_text())["runs_done"] == 6


def test_an_experiment_without_records_says_how_to_measure_it(site: Path) -> None:
    text = words(soup(site, "es/experiments/later.html").article)
    assert "Todavía sin medir. Hacen falta 6 ejecuciones." in text
    assert "moocmap experiment run later" in text
    assert "Resultados" not in text
    listing = words(soup(site, "en/experiments/index.html").article)
    assert "6 of 6 runs recorded" in listing
    assert "not measured yet 0 of 6 runs recorded" in listing


def test_pages_lead_back_to_their_data(site: Path) -> None:
    footer = soup(site, "en/courses/alpha/lesson-1.html").select_one(".mm-page-source")
    assert footer is not None
    assert [a["href"] for a in footer.select("a")] == [
        "https://example.org/guide/edit/main/curriculum/courses/alpha.yml",
        "../../../api/courses/alpha.json",
        "https://creativecommons.org/licenses/by/4.0/",
    ]


BAD_LINKS = '<a href="gone.html">gone</a>\n\n![x](https://example.org/x.png)\n\n'
BAD_LINKS_FOUND = (
    r"(?s)en/about.html:\d+: no such file: gone.html\n"
    r".*en/about.html:\d+: loaded from another host: https://example.org/x.png"
)
ABOUT = "site/pages/en/about.md"
HOSTILE = "<script>alert(1)</script> *a* [b](c) `d` {{ e }} &amp; \" ' </title> | # $x$"


def test_hostile_texts_stay_texts(root: Path, edit: Edit, today: date) -> None:
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    curriculum = root / "curriculum"
    shutil.rmtree(root / "experiments")
    (curriculum / "changes.yml").unlink()  # it names an experiment
    edit(curriculum / "guide.yml", "{en: Small guide, es: Guía pequeña}", quoted)
    edit(curriculum / "guide.yml", "name: {en: Basics, es: Fundamentos}", f"name: {quoted}")
    edit(curriculum / "topics" / "basics.yml", "name: ULMFiT", f"name: {quoted}")
    edit(curriculum / "courses" / "alpha.yml", "title: Alpha Course", f"title: {quoted}")
    edit(curriculum / "courses" / "alpha.yml", "short_title: Alpha", f"short_title: {quoted}")
    edit(curriculum / "courses" / "alpha.yml", 'source: "Course page"', f"source: {quoted}")
    edit(curriculum / "courses" / "alpha.yml", '"Images [and] more"', quoted)
    edit(curriculum / "courses" / "alpha.yml", '"You train a first model."', quoted)
    edit(curriculum / "glossary.yml", "en: loss,", f"en: {quoted},")
    edit(curriculum / "published" / "table.yml", "label: gradientes", f"label: {quoted}")
    site = build(root, today=today).target
    seen = 0
    for path in (site / "en").rglob("*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        assert not [script for script in page.select("script") if script.string == "alert(1)"], path
        assert not [em for em in page.select("em") if em.string == "a"], path
        assert not [a for a in page.select("a[href]") if a["href"] == "c"], path
        seen += page.get_text().count(HOSTILE)
    assert seen > 40
    lesson = soup(site, "en/courses/alpha/lesson-1.html")
    assert lesson.h1 is not None
    assert words(lesson.h1).startswith(" ".join(HOSTILE.split()))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("curriculum/courses/alpha.yml", "depth: uses", "depth: loves"), "alpha.yml:36"),
        (("site/templates/course.md", "{% endfor %}", ""), "course.md"),
        (("site/locales/es.yml", "  visit: Ir al curso\n", ""), "'course.visit' is missing"),
        (("mkdocs.yml", "plugins: []", "plugins: [serch]"), 'The "serch" plugin is not installed'),
        (("mkdocs.yml", "theme:\n", "x: [\ntheme:\n"), r"mkdocs\.yml:\d+:\d+: error\[yaml-syntax\]"),
        (("mkdocs.yml", "theme:\n", "theme: material\nold:\n"), r"mkdocs\.yml:\d+:8: error\[wrong-type\]"),
        (
            ("site/templates/root.html", "<title>", "<title>{{ nope.x }}"),
            r"root\.html:\d+: 'nope' is undefined",
        ),
        (("site/templates/course.md", "{% endfor %}", "{{ 1/0 }}{% endfor %}"), "division by zero"),
        ((ABOUT, "# About this guide", BAD_LINKS), BAD_LINKS_FOUND),
    ],
)
def test_a_failing_build_keeps_the_last_good_site(
    change: tuple[str, str, str], message: str, good: Path, edit: Edit, today: date
) -> None:
    file, old, new = change
    before, path = snapshot(good / "build" / "site"), good / file
    text = path.read_text(encoding="utf-8")
    edit(path, old, new)
    try:
        with pytest.raises((DiagnosticsError, SiteError), match=message):
            build(good, today=today)
    finally:
        path.write_text(text, encoding="utf-8")
    assert snapshot(good / "build" / "site") == before
    assert not list((good / "build").glob(".site-*"))


def test_a_page_that_is_no_utf_8_is_named(good: Path, today: date) -> None:
    page = good / "site" / "pages" / "es" / "about.md"
    text = page.read_bytes()
    page.write_bytes(text + b"\n\xff")
    try:
        with pytest.raises(DiagnosticsError, match=r"pages/es/about\.md:\d+:1: error\[unreadable-file\]"):
            build(good, today=today)
    finally:
        page.write_bytes(text)


def test_an_interruption_of_the_swap_restores_the_old_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, target = tmp_path / "fresh", tmp_path / "site"
    for folder in (fresh, target):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    rename = Path.rename

    def interrupted(path: Path, other: Path) -> Path:
        if path == fresh:
            raise KeyboardInterrupt
        return rename(path, other)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine._swap(fresh, target, tmp_path / "old")
    assert (target / "index.html").read_text() == "site"


def test_builds_are_the_same_byte_for_byte(good: Path, today: date) -> None:
    before = snapshot(good / "build" / "site")
    build(good, today=today)
    assert snapshot(good / "build" / "site") == before


def test_a_foreign_folder_is_not_replaced(root: Path, tmp_path: Path, today: date) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(SiteError, match="is not empty and holds no site"):
        build(root, tmp_path / "mine", today=today)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
