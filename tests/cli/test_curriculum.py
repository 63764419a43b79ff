import csv
import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from moocmap import documents

REPOSITORY = Path(__file__).parent.parent.parent


def replace(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def break_in_four_ways(guide):
    """A topic id, an indentation, a type and a duplicate id, each in another place."""
    folder = guide / "curriculum"
    replace(folder / "courses" / "loaves.yml", "{id: kneading, depth: uses}", "{id: kneeding, depth: uses}")
    replace(folder / "courses" / "loaves.yml", "year: 1990", "year: long ago")
    replace(folder / "topics" / "dough.yml", "id: sourdough", "id: flour")
    replace(folder / "topics" / "oven.yml", "  area: oven", "   area: oven")


FOUR_FINDINGS = [
    "curriculum/courses/loaves.yml:6:7: error[wrong-type]: expected a whole number, got 'long ago'",
    "curriculum/courses/loaves.yml:28:18: error[unknown-topic]: no topic 'kneeding'; "
    "did you mean 'kneading'?",
    "curriculum/topics/dough.yml:11:7: error[duplicate-id]: topic 'flour' already stands at "
    "curriculum/topics/dough.yml:1; give each its own id",
    "curriculum/topics/oven.yml:3:4: error[yaml-syntax]: did not find expected key, while parsing a block "
    "mapping; "
    "check the indentation, and quote texts that hold ': ' or start with a special character",
]


def test_check_names_every_mistake_in_one_run(guide, moocmap):
    break_in_four_ways(guide)
    done = moocmap("check", root=guide)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert [line for line in FOUR_FINDINGS if line not in lines] == []
    assert done.stderr == ""


def test_check_as_json_says_the_same(guide, moocmap):
    break_in_four_ways(guide)
    done = moocmap("check", "--format", "json", root=guide)
    found = {(f["file"], f["line"], f["rule"]) for f in json.loads(done.stdout)}
    assert done.returncode == 1
    assert ("curriculum/courses/loaves.yml", 28, "unknown-topic") in found


def test_check_of_a_sound_guide_ends_well(guide, moocmap):
    done = moocmap("check", "--strict", root=guide)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 courses, 3 lessons, 4 topics, 1 term, 1 reference" in done.stdout


def test_strict_makes_warnings_errors(guide, moocmap):
    replace(guide / "curriculum" / "guide.yml", "{en: Oven, es: Horno}", "{en: Oven}")
    assert moocmap("check", root=guide).returncode == 0
    assert moocmap("check", "--strict", root=guide).returncode == 1


def test_line_100_is_shown_as_a_number(guide, moocmap):
    glossary = guide / "curriculum" / "glossary.yml"
    text = glossary.read_text(encoding="utf-8")
    glossary.write_text(text + "\n" * (99 - text.count("\n")) + "- 1\n", encoding="utf-8")
    assert "curriculum/glossary.yml:100:3: error[wrong-type]" in moocmap("check", root=guide).stdout


def test_many_warnings_of_a_kind_are_summed_up(guide, moocmap):
    works = "".join(f"@misc{{w-{n}, title={{W}}, year={{2000}}}}\n" for n in range(5))
    with (guide / "curriculum" / "references.bib").open("a", encoding="utf-8") as file:
        file.write(works)
    assert "… and 2 more of uncited-reference" in moocmap("check", root=guide).stdout
    assert moocmap("check", "--all", root=guide).stdout.count("warning[uncited-reference]") == 5
    assert moocmap("check", "--strict", root=guide).stdout.count("warning[uncited-reference]") == 5


def test_our_own_guide_has_no_errors(moocmap):
    done = moocmap("check")
    assert "error[" not in done.stdout
    assert done.returncode == 0


def test_outside_a_guide_the_message_says_what_to_do(tmp_path, moocmap):
    done = moocmap("check", root=tmp_path)
    assert done.returncode == 1
    assert "curriculum/guide.yml:1:1: error[no-guide]: this file is missing" in done.stdout


def test_commands_find_the_guide_from_a_folder_within(guide, moocmap):
    done = moocmap("coverage", "--format", "csv", root=guide / "curriculum" / "courses")
    assert done.stdout.splitlines()[0] == "area,topic,name,loaves,starter"


def test_coverage_lists_every_topic_of_the_two_courses(moocmap):
    done = moocmap("coverage", "deep-learning-specialization", "fastai-v3", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    topics = {t for file in (REPOSITORY / "curriculum" / "topics").glob("*.yml") for t in _ids(file)}
    assert {row["topic"] for row in rows} == topics
    depths = {"", "mentions", "uses", "explains", "implements"}
    assert {row[c] for row in rows for c in ("deep-learning-specialization", "fastai-v3")} == depths


def _ids(file):
    document, _ = documents.read(file, REPOSITORY)
    return {value for _, value in document.select("*.id")}


def test_the_published_table_agrees_or_is_explained_in_all_63_rows(moocmap):
    done = moocmap("coverage", "--published", "thesis-table-3-2", "--format", "json")
    rows = json.loads(done.stdout)
    assert done.returncode == 0
    assert [row["row"] for row in rows] == list(range(1, 64))
    assert {row["verdict"] for row in rows} <= {"agrees", "explained"}
    table = moocmap("coverage", "--published", "thesis-table-3-2")
    agreeing = sum(row["verdict"] == "agrees" for row in rows)
    assert f"63 of 63 rows: {agreeing} agree, {63 - agreeing} explained" in table.stdout


def test_an_unexplained_row_makes_the_report_fail(guide, moocmap):
    replace(guide / "curriculum" / "published" / "survey.yml", "    explanation", "    evidence")
    done = moocmap("coverage", "--published", "survey", root=guide)
    assert done.returncode == 1
    assert "published-row" in done.stdout


def test_compare_shows_shared_only_and_deeper(guide, moocmap):
    done = moocmap("compare", "loaves", "starter", "--format", "json", "--locale", "es", root=guide)
    assert json.loads(done.stdout)[1] == {
        "area": "dough",
        "topic": "kneading",
        "name": "amasado",
        "loaves": "explains",
        "starter": "implements",
        "verdict": "deeper in starter",
    }
    assert "starter: 1 only here, 1 deeper here" in moocmap("compare", "loaves", "starter", root=guide).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "loaves", "startr"], "no course 'startr'; did you mean 'starter'?"),
        (["compare", "loaves"], "at least two different courses are needed"),
        (["coverage", "--locale", "de"], "no language 'de'; known: en, es"),
        (["coverage", "--published", "surve"], "no published table 'surve'; did you mean 'survey'?"),
        (["schema", "cours"], "no kind of file 'cours'; did you mean 'course'?"),
        (["coverage", "loaves", "--published", "survey"], "--published shows its own courses"),
        (["schema"], "no kind of file given"),
        (["--root", "nowhere", "check"], "--root: 'nowhere' is no folder"),
    ],
)
def test_a_wrong_call_is_answered_with_what_would_be_right(guide, moocmap, arguments, message):
    done = moocmap(*arguments, root=guide)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["table", "csv", "json", "md"])
def test_every_format_holds_every_row(guide, moocmap, form):
    done = moocmap("coverage", "--format", form, root=guide)
    for word in ("flour", "kneading", "sourdough", "steam", "implements"):
        assert word in done.stdout
    assert "\x1b" not in done.stdout


def test_schemas_accept_our_files_and_refuse_an_unknown_key(tmp_path, moocmap):
    assert moocmap("schema", "--out", tmp_path / "schema").returncode == 0
    for kind, pattern in (
        ("course", "courses/*.yml"),
        ("topics", "topics/*.yml"),
        ("glossary", "glossary.yml"),
    ):
        schema = json.loads((tmp_path / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        files = sorted((REPOSITORY / "curriculum").glob(pattern))
        assert files
        for file in files:
            document, _ = documents.read(file, REPOSITORY)
            assert not list(Draft202012Validator(schema).iter_errors(document.data))
            first = document.data[0] if isinstance(document.data, list) else document.data
            first["colour"] = "red"
            assert list(Draft202012Validator(schema).iter_errors(document.data))


def test_waived_findings_are_counted_not_shown(guide, moocmap):
    replace(guide / "curriculum" / "courses" / "loaves.yml", "year: 1990", "year: 2090")
    assert "error[future-date]" in moocmap("check", root=guide).stdout
    waiver = "- {rule: future-date, file: curriculum/courses/loaves.yml, reason: Announced.}\n"
    (guide / "curriculum" / "waivers.yml").write_text(waiver, encoding="utf-8")
    done = moocmap("check", "--strict", root=guide)
    assert done.returncode == 0
    assert "0 errors, 0 warnings, 1 waived" in done.stdout
    assert "future-date" not in done.stdout


def test_rules_lists_every_rule_with_what_it_asks(moocmap):
    rows = json.loads(moocmap("rules", "--format", "json").stdout)
    assert {row["rule"] for row in rows} >= {
        "unknown-topic",
        "duplicate-id",
        "topic-cycle",
        "missing-translation",
    }
    assert all(row["what it asks"] and row["severity"] in ("error", "warning") for row in rows)


def test_rules_explains_one_with_an_example_in_either_language(guide, moocmap):
    page = moocmap("rules", "topic-cycle", root=guide).stdout
    assert "No topic requires itself" in page
    assert "requires: [kneading]" in page
    assert "Ningún tema" in moocmap("rules", "topic-cycle", "--locale", "es", "--format", "md").stdout
    assert "did you mean 'topic-cycle'?" in moocmap("rules", "topic-cycel").stderr


def test_other_programs_find_the_files_from_the_folder_they_start_in(guide, moocmap):
    break_in_four_ways(guide)
    done = moocmap("--root", guide.name, "check", "--format", "github", root=guide.parent)
    assert done.returncode == 1
    place = "::error file=guide/curriculum/courses/loaves.yml,line=28,col=18,title=unknown-topic"
    assert f"{place}::no topic 'kneeding'" in done.stdout
    log = json.loads(moocmap("check", "--format", "sarif", root=guide).stdout)
    assert {result["level"] for result in log["runs"][0]["results"]} == {"error"}
