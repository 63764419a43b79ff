"""The commands order, delta, plan and export on the small guide, in a process of their own."""

import csv
import io
import json
import sqlite3
import zipfile
from datetime import date

import pytest
from icalendar import Calendar

from moocmap.cli.curriculum import WIDE_COLUMNS


def replace(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def lines_of(done):
    """Return the lines of a table without the space that only lays it out."""
    assert (done.returncode, done.stderr) == (0, "")
    return [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip(" ─")]


@pytest.fixture
def loaves(guide):
    return guide / "curriculum" / "courses" / "loaves.yml"


@pytest.fixture
def late_flour(guide, loaves):
    """The guide with flour explained only in the second chapter, after kneading is used in the first."""
    replace(loaves, "          - {id: flour, depth: explains}\n", "")
    replace(loaves, "{id: steam, depth: mentions}", "{id: flour, depth: explains}")
    (guide / "curriculum" / "published" / "survey.yml").unlink()  # it would disagree now
    return guide


# order


def test_order_names_file_and_line_of_both_places(late_flour, loaves, moocmap):
    lines = loaves.read_text(encoding="utf-8").splitlines()
    taught = 1 + next(n for n, line in enumerate(lines) if "{id: kneading, depth: uses}" in line)
    later = 1 + next(n for n, line in enumerate(lines) if "id: chapter-2" in line)
    done = moocmap("order", "--format", "json", root=late_flour)
    assert json.loads(done.stdout) == [
        {
            "topic": "kneading",
            "taught at": f"curriculum/courses/loaves.yml:{taught}",
            "requires": "flour",
            "comes at": f"curriculum/courses/loaves.yml:{later}",
        }
    ]
    assert lines_of(moocmap("order", root=late_flour)) == [
        f"curriculum/courses/loaves.yml:{taught}: kneading before flour, "
        f"which comes at curriculum/courses/loaves.yml:{later}",
        "loaves: 1 of 1 pair in the wrong order, inversion rate 1.000",
        "starter: 0 of 1 pair in the wrong order, inversion rate 0.000",
    ]


def test_rates_are_a_table_of_courses(guide, moocmap):
    done = moocmap("order", "--rates", "--depth", "implements", "--format", "csv", root=guide)
    assert done.stdout.splitlines() == [
        "course,approach,pairs,inverted,inversion rate",
        "loaves,bottom-up,0,0,",
        "starter,top-down,1,0,0.0",
    ]
    assert lines_of(moocmap("order", "loaves", "--depth", "implements", root=guide)) == [
        "loaves: no topic together with one it requires, so no inversion rate"
    ]


def test_indirect_prerequisites_are_listed_on_demand(late_flour, loaves, moocmap):
    replace(loaves, "{id: kneading, depth: uses}", "{id: sourdough, depth: uses}")
    replace(loaves, "{id: kneading, depth: explains}", "{id: kneading, depth: mentions}")
    direct = moocmap("order", "loaves", "--format", "json", root=late_flour)
    assert json.loads(direct.stdout) == []
    every = moocmap("order", "loaves", "--all", "--format", "json", root=late_flour)
    assert [(row["topic"], row["requires"]) for row in json.loads(every.stdout)] == [("sourdough", "flour")]


# delta


def test_delta_shows_what_is_new_where_and_how_long_it_takes(guide, moocmap):
    assert lines_of(moocmap("delta", "loaves", "starter", root=guide)) == [
        "lesson name before here what",
        "week-1 sourdough implements new",
        "week-1 kneading explains implements deeper",
        "1 topic new, 1 deeper than before",
        "1 of 1 lesson with something new: week-1 without stated hours",
        "the whole course: week-1 without stated hours",
    ]
    back = moocmap("delta", "starter", "loaves", "--locale", "es", "--format", "csv", root=guide)
    assert back.stdout.splitlines()[1:] == ["chapter-1,flour,harina,,explains,new"]
    assert lines_of(moocmap("delta", "starter", "loaves", root=guide))[-2:] == [
        "1 of 2 lessons with something new: 1–2 hours",
        "the whole course: 1–2 hours, and chapter-2 without stated hours",
    ]


def test_delta_for_one_who_knows_it_all(guide, moocmap):
    assert lines_of(moocmap("delta", "loaves", "starter", "--known", "sourdough", root=guide)) == [
        "0 topics new, 0 deeper than before",
        "0 of 1 lesson with something new: 0 hours",
        "the whole course: week-1 without stated hours",
    ]


# plan


def test_plan_lists_lessons_weeks_and_what_it_assumes(guide, moocmap):
    assert lines_of(moocmap("plan", "--goal", "sourdough", "-w", "0.5", root=guide)) == [
        "week lesson title hours reaches prepares",
        "1–3 starter/week-1 A loaf 1.5* sourdough kneading",
        "1 lesson of 1 course: 1.5 hours",
        "3 weeks at 0.5 h a week",
        "* states no hours: the median of all lessons that do",
        "assumed, as no lesson to choose from teaches it: flour",
    ]


def test_plan_across_courses_in_spanish(guide, moocmap):
    wanted = ["plan", "--goal", "sourdough,steam", "-w", "1", "--allow-superseded"]
    done = moocmap(*wanted, "--locale", "es", "--format", "csv", root=guide)
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["week", "lesson", "title", "hours", "reaches", "prepares"],
        ["1–2", "loaves/chapter-1", "Harina y agua", "1–2", "", "harina, amasado"],
        ["2–3", "loaves/chapter-2", "El horno", "1.5*", "vapor", ""],
        ["4–5", "starter/week-1", "Una hogaza", "1.5*", "masa madre", ""],
    ]
    assert "goal steam: no lesson to choose from explains it; at most one mentions it" in lines_of(
        moocmap(*wanted, root=guide)
    )


def test_plan_as_json_is_the_whole_plan(guide, moocmap):
    done = moocmap("plan", "--goal", "sourdough", "--know", "loaves", "-w", "1", "-f", "json", root=guide)
    data = json.loads(done.stdout)
    assert (data["minutes"], data["hours"], data["assumed"]) == (90, [1.5, 1.5], [])
    assert [(lesson["course"], lesson["lesson"]) for lesson in data["lessons"]] == [("starter", "week-1")]


def test_plan_puts_prerequisites_first_or_says_what_comes_too_early(late_flour, loaves, moocmap):
    wanted = ["plan", "-g", "sourdough", "-g", "steam", "-k", "steam", "-w", "9", "-c", "loaves"]
    replace(loaves, "{id: kneading, depth: uses}", "{id: sourdough, depth: explains}")
    lines = lines_of(moocmap(*wanted, root=late_flour))
    assert lines[1:3] == [
        "1 loaves/chapter-2 The oven 1.5* kneading, flour",
        "1 loaves/chapter-1 Flour and water 1–2 sourdough",
    ]
    assert lines[-1] == "goal steam: known already"
    replace(loaves, "          - {id: flour, depth: explains}\n", "")
    replace(loaves, "        topics:\n", "        topics:\n          - {id: flour, depth: explains}\n")
    lines = lines_of(moocmap(*wanted, root=late_flour))
    assert lines[1:3] == [
        "1 loaves/chapter-1 Flour and water 1–2 sourdough flour",
        "1 loaves/chapter-2 The oven 1.5* kneading",
    ]
    assert lines[-1] == "loaves/chapter-1: comes before what it requires, come back to it later: sourdough"


def test_plan_with_nothing_to_do(guide, moocmap):
    assert lines_of(moocmap("plan", "--goal", "flour", "--know", "kneading", "-w", "1", root=guide)) == [
        "nothing to study",
        "goal flour: known already",
    ]


def test_the_calendar_reads_back(guide, moocmap, tmp_path):
    file = tmp_path / "weeks.ics"
    wanted = ["plan", "--goal", "sourdough", "-w", "1", "--start", "2027-01-04", "--ics", file]
    assert moocmap(*wanted, root=guide).returncode == 0
    events = Calendar.from_ical(file.read_bytes()).walk("VEVENT")
    assert [(event.decoded("dtstart"), str(event["summary"])) for event in events] == [
        (date(2027, 1, 4), "Starter: A loaf"),
        (date(2027, 1, 11), "Starter: A loaf"),
    ]


# export


def test_export_json_is_the_whole_guide(guide, moocmap, tmp_path):
    done = moocmap("export", "json", "--out", tmp_path / "a" / "guide.json", root=guide)
    assert (done.returncode, done.stdout) == (0, f"json in {tmp_path}/a/guide.json\n")
    data = json.loads((tmp_path / "a" / "guide.json").read_text(encoding="utf-8"))
    assert {"guide", "topics", "glossary", "published", "references"} <= data.keys()
    assert [course["id"] for course in data["guide"]["courses"]] == ["loaves", "starter"]
    assert data["references"][0]["key"] == "baker-1990"


def test_export_csv_and_bibtex(guide, moocmap, tmp_path):
    file = tmp_path / "out"
    moocmap("export", "csv", "--out", file, root=guide)
    assert file.read_text(encoding="utf-8").splitlines()[:2] == [
        "area,topic,loaves,starter",
        "dough,flour,explains,",
    ]
    for course, cites in (("starter", True), ("loaves", False)):
        moocmap("export", "bibtex", "--course", course, "--out", file, root=guide)
        assert ("{baker-1990," in file.read_text(encoding="utf-8")) == cites
    moocmap("export", "bibtex", "--out", file, root=guide)
    assert "{baker-1990," in file.read_text(encoding="utf-8")


def test_export_anki_is_a_package(guide, moocmap, tmp_path):
    assert moocmap("export", "anki", "--out", tmp_path / "deck.apkg", root=guide).returncode == 0
    with zipfile.ZipFile(tmp_path / "deck.apkg") as packed:
        packed.extract("collection.anki2", tmp_path)
    notes = sqlite3.connect(tmp_path / "collection.anki2").execute("SELECT flds FROM notes").fetchall()
    assert notes == [("\x1f".join(["dough", "masa", "", "pasta", "Flour and water.", "Harina y agua."]),)]


# wrong calls


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["order", "loavs"], "no course 'loavs'; did you mean 'loaves'?"),
        (["delta", "loaves"], "a finished course and another, new one are needed"),
        (["delta", "loaves", "loaves"], "a finished course and another, new one are needed"),
        (["delta", "loaves", "starter", "-k", "flur"], "no topic 'flur'; did you mean 'flour'?"),
        (["plan", "-w", "5"], "no goal given; name a topic with --goal"),
        (["plan", "-w", "0", "-g", "flour"], "--hours-per-week: expected more than 0 and at most 168, got 0"),
        (["plan", "-w", "-1", "-g", "flour"], "expected more than 0 and at most 168, got -1"),
        (["plan", "-w", "5", "-g", "flur"], "no topic 'flur'; did you mean 'flour'?"),
        (["plan", "-w", "5", "-g", "xyz"], "no topic 'xyz'; moocmap coverage lists all topics"),
        (
            ["plan", "-w", "5", "-g", "flour", "-k", "loavs"],
            "no topic or course 'loavs'; did you mean 'loaves'?",
        ),
        (["plan", "-w", "5", "-g", "flour", "-c", "loavs"], "no course 'loavs'"),
        (["plan", "-w", "5", "-g", "flour", "--language", "de"], "no course is left to choose from"),
        (["plan", "-w", "5", "-g", "flour", "-l", "de"], "no language 'de'; known: en, es"),
        (["plan", "-w", "5", "-g", "flour", "--start", "soon"], "Invalid value for '--start'"),
        (["export", "csv", "--course", "loaves", "--out", "x"], "--course goes with bibtex, not with csv"),
        (["export", "bibtex", "--course", "loavs", "--out", "x"], "no course 'loavs'"),
        (["export", "xml", "--out", "x"], "Invalid value for"),
    ],
)
def test_a_wrong_call_is_answered_with_what_would_be_right(guide, moocmap, arguments, message):
    done = moocmap(*arguments, root=guide)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_goal_is_said(guide, moocmap):
    done = moocmap("plan", "-w", "5", "-g", "flour", root=guide)
    assert done.returncode == 1
    assert done.stderr.startswith("error: goal 'flour' is taught by none of the courses to choose from")


# compare, with many courses


def test_compare_of_many_courses_fits_a_terminal(guide, moocmap):
    courses = guide / "curriculum" / "courses"
    names = ["loaves", "starter"]
    for number in range(WIDE_COLUMNS - 1):
        name = f"starter-{number}"
        text = (courses / "starter.yml").read_text(encoding="utf-8")
        (courses / f"{name}.yml").write_text(text.replace("id: starter\n", f"id: {name}\n"), encoding="utf-8")
        names.append(name)
    done = moocmap("compare", *names, root=guide, COLUMNS="80")
    assert lines_of(done) == [
        "m mentions, u uses, e explains, i implements",
        "name 1 2 3 4 verdict",
        "flour e only 1",
        "kneading e i i i shared",
        "sourdough i i i partly",
        "steam m only 1",
        "1 topic in all of them",
        "1 loaves: 2 only here, 0 deeper here",
        "2 starter: 0 only here, 0 deeper here",
        "3 starter-0: 0 only here, 0 deeper here",
        "4 starter-1: 0 only here, 0 deeper here",
    ]
    data = moocmap("compare", *names, "--format", "csv", root=guide).stdout.splitlines()
    assert data[0] == f"area,topic,name,{','.join(names)},verdict"
