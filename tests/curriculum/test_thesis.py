"""What the thesis prints, held against our data item by item: its glossary, its citations, its table 3.2.

The lists in `curriculum/published/` were read off the thesis, not off our data, so these tests can fail.
"""

import csv
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from moocmap.curriculum.coverage import Coverage, agreement
from moocmap.curriculum.load import read_sources

REPOSITORY = Path(__file__).parent.parent.parent
PUBLISHED = REPOSITORY / "curriculum" / "published"
COURSES = {"3.3": "deep-learning-specialization", "3.4": "fastai-v3"}
"""The sections of the thesis that describe a course lesson by lesson."""


def rows_of(name):
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TERMS = rows_of("thesis-appendix-b.csv")
CITATIONS = rows_of("thesis-citations.csv")
PLACES = [(row["key"], section) for row in CITATIONS for section in row["sections"].split()]


@cache
def guide():
    sources, _ = read_sources(REPOSITORY)
    return sources.guide()


# Appendix B: pairs of terms


def plain(word):
    return word.casefold().replace("-", " ")


def words(term, locale):
    """Return the headword and the synonyms of a term in a language."""
    return {plain(word) for word in [term.term[locale], *term.also.get(locale, [])]}


def test_the_appendix_has_124_pairs_for_as_many_terms():
    assert len({row["spanish"] for row in TERMS}) == len({row["term"] for row in TERMS}) == len(TERMS) == 124


@pytest.mark.parametrize("row", TERMS, ids=lambda row: row["spanish"])
def test_a_printed_pair_stands_in_the_glossary_once(row):
    spanish = plain(row["spanish_corrected"] or row["spanish"])
    english = {plain(word) for word in (row["english_corrected"] or row["english"]).split(", ")}
    found = [t.id for t in guide().terms if spanish in words(t, "es") and english <= words(t, "en")]
    assert found == [row["term"]]


# Bibliography: works and where the thesis cites them


def surnames(text):
    """Return the words of the first author's surname, without accents: of "Cireşan et al.", {"ciresan"}."""
    for joint in (" et al.", " y ", " e "):
        text = text.partition(joint)[0]
    letters = unicodedata.normalize("NFKD", text.casefold())
    return set("".join(c for c in letters if c.isalpha() or c.isspace()).split())


def years(reference):
    """Return the year of a work, and that of its preprint on arXiv (in its number: 1409.0473 is of 2014)."""
    eprint = reference.fields.get("eprint", "")
    return {reference.year, f"20{eprint[:2]}"} if eprint else {reference.year}


def test_the_thesis_cites_173_works_each_with_its_own_entry():
    assert len({row["key"] for row in CITATIONS}) == len(CITATIONS) == 173
    assert len({(row["authors"], row["year"]) for row in CITATIONS}) == 173


@pytest.mark.parametrize("row", CITATIONS, ids=lambda row: row["key"])
def test_a_cited_work_has_an_entry_of_its_author_and_year(row):
    reference = guide().reference_by_key[row["key"]]
    printed, ours = surnames(row["authors"]), surnames(reference.authors[0].surname)
    agrees = (printed <= ours or ours <= printed) and row["year"][:4] in years(reference)
    assert agrees or row["note"], "differs from what is printed: correct the entry, or say why in 'note'"
    assert not (agrees and row["note"]), "agrees with what is printed: remove the 'note'"
    letter = row["year"][4:]
    assert row["key"].endswith(f"-{row['year'][:4]}{letter}")


def cited_by(lessons):
    """Return what lessons cite in their advice, and what the topics that they teach cite."""
    advice = {ref for lesson in lessons for piece in lesson.advice for ref in piece.refs}
    taught = {topic.id for lesson in lessons for topic in lesson.topics}
    return advice | {ref for topic_id in taught for ref in guide().topic_by_id[topic_id].refs}


def cited_by_topics():
    return {ref for topic in guide().topics for ref in topic.refs}


def everything():
    return [lesson for course_id in COURSES.values() for lesson in guide().course_by_id[course_id].lessons]


def cited_in_history():
    return {ref for chapter in guide().history for part in (chapter, *chapter.events) for ref in part.refs}


def cited_in_libraries():
    libraries = guide().libraries
    offers = [o for stage in libraries.stages for aspect in stage.aspects for o in aspect.offers]
    return {ref for part in (*libraries.libraries, *offers) for ref in part.refs}


def lessons_of(section):
    """Return the lessons that a section such as 3.3.2 or 3.4.12 describes; for 3.3 or 3.4, all of them."""
    course = guide().course_by_id[COURSES[section[:3]]]
    number = section[4:]
    if not number:
        return list(course.lessons)
    units = [lesson for unit in course.units if unit.id == f"course-{number}" for lesson in unit.lessons]
    return units or [lesson for lesson in course.lessons if lesson.id == f"lesson-{number}"]


def cited_where_it_belongs(section):
    """Return all that our data cite at the places which correspond to a section of the thesis.

    Sections 3.2 and 3.5 and chapter 4 are about both courses and the libraries: there any place fits.
    """
    if section.startswith("2."):
        return cited_in_history()
    if section[:3] in COURSES:
        lessons = lessons_of(section)
        assert lessons, f"no lesson for section {section}"
        return cited_by(lessons)
    return cited_by(everything()) | cited_by_topics() | cited_in_history() | cited_in_libraries()


@pytest.mark.parametrize(("key", "section"), PLACES, ids=lambda value: value)
def test_a_work_is_cited_where_the_thesis_cites_it(key, section):
    assert key in cited_where_it_belongs(section)


# Table 3.2: what the two courses teach


def table_3_2():
    (table,) = [table for table in guide().published if table.id == "thesis-table-3-2"]
    return table


def test_table_3_2_has_63_rows_marked_as_printed():
    marks = [tuple(row.taught_in) for row in table_3_2().rows]
    specialization, fastai = COURSES.values()
    assert len(marks) == 63
    assert marks.count((specialization, fastai)) == 29
    assert set(marks) == {(specialization, fastai), (specialization,), (fastai,)}


def test_rows_of_table_3_2_agree_with_the_lessons_or_are_explained():
    verdicts = {row.row.label: row.verdict for row in agreement(Coverage(guide()), table_3_2())}
    assert [label for label, verdict in verdicts.items() if verdict == "unexplained"] == []
