"""The editor's commands, run as an editor runs them."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from moocmap import documents
from moocmap.curriculum.check import load_guide
from moocmap.curriculum.schema import FILES, schema_files

REPOSITORY = Path(__file__).parent.parent.parent


def test_fmt_shows_checks_and_changes(guide, moocmap):
    file = guide / "curriculum" / "topics" / "oven.yml"
    before = file.read_bytes()
    done = moocmap("fmt", "--diff", "curriculum/topics/oven.yml", root=guide)
    assert done.returncode == 1
    assert "would change curriculum/topics/oven.yml" in done.stdout
    assert moocmap("fmt", "--check", root=guide).returncode == 1
    assert file.read_bytes() == before
    patch = done.stdout[: done.stdout.index("would change")]
    assert moocmap("fmt", root=guide).returncode == 0
    formatted = file.read_bytes()
    file.write_bytes(before)
    subprocess.run(["patch", "-p0"], cwd=guide, input=patch, text=True, check=True, capture_output=True)
    assert file.read_bytes() == formatted
    assert moocmap("fmt", "--check", root=guide).returncode == 0
    assert moocmap("check", "--strict", root=guide).returncode == 0


def test_fmt_leaves_a_broken_file_and_goes_on(guide, moocmap):
    broken = guide / "curriculum" / "guide.yml"
    broken.write_text("title: [\n", encoding="utf-8")
    done = moocmap("fmt", root=guide)
    assert done.returncode == 1
    assert "curriculum/guide.yml:2:1: error[yaml-syntax]" in done.stdout
    assert "1 file left for errors" in done.stdout
    assert broken.read_text(encoding="utf-8") == "title: [\n"
    assert "changed curriculum/topics/oven.yml" in done.stdout


def test_fmt_names_what_it_cannot_find(guide, moocmap):
    done = moocmap("fmt", "curriculum/topics/ovn.yml", root=guide)
    assert done.returncode == 2
    assert "did you mean 'curriculum/topics/oven.yml'?" in done.stderr
    assert "does not stand in" in moocmap("fmt", __file__, root=guide).stderr


def test_a_course_with_two_lessons_takes_one_command(guide, moocmap):
    done = moocmap("new", "course", "rye-bread", "--title", "Rye: the bread", "--lessons", "2", root=guide)
    assert done.returncode == 0, done.stderr
    assert "next: replace each TODO" in done.stdout
    checked = moocmap("check", "--all", root=guide)
    assert checked.returncode == 0
    assert {
        line.split("[")[1].split("]")[0] for line in checked.stdout.splitlines() if "warning[" in line
    } == {"to-do"}
    assert "3 courses, 5 lessons" in checked.stdout
    assert moocmap("fmt", "--check", "curriculum/courses/rye-bread.yml", root=guide).returncode == 0
    again = moocmap("new", "course", "rye-bread", root=guide)
    assert again.returncode == 2
    assert "course 'rye-bread' exists" in again.stderr


def test_a_topic_and_a_term_without_a_to_do(guide, moocmap):
    glossary = guide / "curriculum" / "glossary.yml"
    before = glossary.read_text(encoding="utf-8")
    texts = ["--definition", "en=A cereal.", "--definition", "es=Un cereal."]
    names = ["--name", "en=rye: the cereal", "--name", "es=centeno"]
    topic = ["new", "topic", "rye", "--area", "dough", *names, *texts, "--requires", "flour"]
    assert moocmap(*topic, root=guide).returncode == 0
    for word in ("zest", "crumb"):
        done = moocmap("new", "term", word, "--term", f"en={word}", "--term", "es=miga", *texts, root=guide)
        assert done.returncode == 0, done.stderr
    text = glossary.read_text(encoding="utf-8")
    assert before.strip() in text
    assert [text.index(f"- id: {word}") for word in ("crumb", "dough", "zest")] == sorted(
        text.index(f"- id: {word}") for word in ("crumb", "dough", "zest")
    )
    checked = moocmap("check", root=guide).stdout
    assert "to-do" not in checked
    assert "0 errors, 1 warning" in checked  # the topic is taught nowhere yet


def test_a_topic_of_an_area_without_topics_starts_its_file(guide, moocmap):
    guide_file = guide / "curriculum" / "guide.yml"
    with guide_file.open("a", encoding="utf-8") as file:
        file.write("  - {id: mill, name: {en: Mill, es: Molino}}\n")
    assert moocmap("new", "topic", "millstone", "--area", "mill", root=guide).returncode == 0
    file = guide / "curriculum" / "topics" / "mill.yml"
    assert file.read_text(encoding="utf-8").startswith(
        "# yaml-language-server: $schema=../.schemas/topics.json\n\n- id: millstone\n"
    )
    assert "0 errors" in moocmap("check", root=guide).stdout


@pytest.mark.skipif(os.name != "posix", reason="terminals differ")
def test_at_a_terminal_new_asks_for_what_its_options_leave_open(guide):
    ours, theirs = os.openpty()
    os.write(ours, b"dough\nrye\ncenteno\n\nUn cereal.\n")
    command = [sys.executable, "-m", "moocmap", "new", "topic", "rye"]
    done = subprocess.run(command, cwd=guide, stdin=theirs, capture_output=True, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    text = (guide / "curriculum" / "topics" / "dough.yml").read_text(encoding="utf-8")
    assert "\n- id: rye\n  name: {en: rye, es: centeno}\n  area: dough\n" in text
    assert 'en: "TODO: what it is' in text
    assert "es: Un cereal." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["course", "Rye_Bread"], "'Rye_Bread' is no id in kebab-case; for example 'rye-bread'"),
        (["course", "loaves"], "course 'loaves' exists"),
        (["topic", "rye"], "no area given; name one with --area: "),
        (["topic", "rye", "--area", "dogh"], "no area 'dogh'; did you mean 'dough'?"),
        (["topic", "rye", "--area", "dough", "--requires", "flor"], "did you mean 'flour'?"),
        (["topic", "rye", "--area", "dough", "--name", "rye"], "expected a text by language, got 'rye'"),
        (["term", "rye", "--term", "de=Roggen"], "no language 'de'; known: en, es"),
        (["term", "dough"], "term 'dough' exists"),
    ],
)
def test_new_says_what_is_wrong_and_writes_nothing(guide, moocmap, arguments, message):
    before = {path: path.read_bytes() for path in guide.rglob("*") if path.is_file()}
    done = moocmap("new", *arguments, root=guide)
    assert done.returncode == 2
    assert message in done.stderr
    assert {path: path.read_bytes() for path in guide.rglob("*") if path.is_file()} == before


def test_schemas_propose_the_ids_of_the_guide_and_files_name_their_schemas(guide, moocmap):
    assert moocmap("schema", "--modelines", root=guide).returncode == 0
    folder = guide / "curriculum" / ".schemas"
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    assert set(schemas) == {"ids.json", *(f"{kind}.json" for kind in FILES)}
    assert schemas["ids.json"]["$defs"]["topic"]["enum"] == ["flour", "kneading", "sourdough", "steam"]
    taught = schemas["course.json"]["$defs"]["TaughtTopic"]["properties"]["id"]["anyOf"]
    assert taught[0] == {"$ref": "ids.json#/$defs/topic"}
    assert len(taught) == 2
    registry = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    for path in sorted((guide / "curriculum").rglob("*.yml")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        schema = schemas[(path.parent / first.split("$schema=")[1]).resolve().relative_to(folder).name]
        Draft202012Validator.check_schema(schema)
        document, _ = documents.read(path, guide)
        errors = Draft202012Validator(schema, registry=registry).iter_errors(document.data)
        assert [error.message for error in errors] == []
    assert "named in 0 more files" in moocmap("schema", "--modelines", root=guide).stdout
    assert moocmap("check", "--strict", root=guide).returncode == 0


def test_every_kind_of_id_finds_its_place_in_the_schemas(guide):
    references = set()
    sample = load_guide(guide, date(2026, 1, 1))[0]
    for text in schema_files(sample).values():
        references |= set(re.findall(r"ids.json#/\$defs/([a-z]+)", text))
    assert references == {"area", "topic", "course", "part", "library", "reference", "route"}


def test_the_schemas_of_our_guide_are_those_of_the_model(guide):
    """If this fails: moocmap schema --out curriculum/.schemas --with-ids."""
    for name, text in schema_files(load_guide(guide, date(2026, 1, 1))[0]).items():
        if name != "ids.json":  # proposals, which may be a little older than the data
            assert (REPOSITORY / "curriculum" / ".schemas" / name).read_text(encoding="utf-8") == text
