import io
import json
import sqlite3
import zipfile
from datetime import date

import pytest

from moocmap.curriculum.anki import package
from moocmap.curriculum.model import Term
from moocmap.diagnostics import UsableError

from .samples import make_guide

DAY = date(2026, 11, 21)


def term(name, english, spanish, **more):
    words = {locale: word for locale, word in (("en", english), ("es", spanish)) if word}
    definition = {"en": f"An {english}.", "es": f"Un {spanish}."}
    return Term.model_validate({"id": name, "term": words, "definition": definition, **more})


TERMS = [
    term("oven", "oven <hot & dry>", "horno", also={"es": ["hornillo", "tahona"]}, topic="a"),
    term("dough", "dough", "masa"),
    term("crumb", "crumb", ""),
]


def opened(guide, tmp_path, day=DAY):
    with zipfile.ZipFile(io.BytesIO(package(guide, day))) as packed:
        assert sorted(packed.namelist()) == ["collection.anki2", "media"]
        file = tmp_path / "collection.anki2"
        file.write_bytes(packed.read("collection.anki2"))
    return sqlite3.connect(file)


@pytest.fixture
def guide():
    return make_guide({"a": []}, {}, TERMS)


def test_a_note_holds_a_term_in_both_languages_escaped_and_sorted(guide, tmp_path):
    notes = opened(guide, tmp_path).execute("SELECT flds, tags FROM notes ORDER BY id").fetchall()
    assert [(fields.split("\x1f"), tags.strip()) for fields, tags in notes] == [
        (["dough", "masa", "", "", "An dough.", "Un masa."], ""),
        (
            [
                "oven &lt;hot &amp; dry&gt;",
                "horno",
                "",
                "hornillo, tahona",
                "An oven &lt;hot &amp; dry&gt;.",
                "Un horno.",
            ],
            "a",
        ),
    ]


def test_each_note_is_asked_in_both_directions_and_by_its_definition(guide, tmp_path):
    database = opened(guide, tmp_path)
    assert database.execute("SELECT nid, ord FROM cards GROUP BY nid, ord").fetchall().__len__() == 6
    (models,) = database.execute("SELECT models FROM col").fetchone()
    (model,) = [m for m in json.loads(models).values() if m["name"] == "Small guide: en – es"]
    assert [
        (t["name"], t["qfmt"].startswith(q))
        for t, q in zip(
            model["tmpls"],
            ("{{term (en)}}", "{{term (es)}}", "<div class=definition>{{definition (en)}}"),
            strict=True,
        )
    ] == [("en → es", True), ("es → en", True), ("definition → en, es", True)]
    (decks,) = database.execute("SELECT decks FROM col").fetchone()
    assert "Small guide (en – es)" in {deck["name"] for deck in json.loads(decks).values()}


def identity(guide, tmp_path, day):
    database = opened(guide, tmp_path, day)
    notes = dict(database.execute("SELECT flds, guid FROM notes").fetchall())
    decks = database.execute("SELECT DISTINCT did FROM cards").fetchall()
    return {fields.split("\x1f")[0]: guid for fields, guid in notes.items()}, decks


def test_a_newer_deck_updates_the_same_notes(guide, tmp_path):
    changed = make_guide(
        {"a": []}, {}, [term("dough", "DOUGH", "masa"), term("new", "new", "nuevo"), TERMS[0]]
    )
    old, old_decks = identity(guide, tmp_path, DAY)
    new, new_decks = identity(changed, tmp_path, date(2026, 12, 1))
    assert (new["DOUGH"], new_decks) == (old["dough"], old_decks)
    assert new["new"] not in old.values()
    modified = (
        opened(changed, tmp_path, date(2026, 12, 1)).execute("SELECT DISTINCT mod FROM notes").fetchall()
    )
    assert modified > opened(guide, tmp_path, DAY).execute("SELECT DISTINCT mod FROM notes").fetchall()


def test_the_same_guide_on_the_same_day_gives_the_same_bytes(guide):
    assert package(guide, DAY) == package(guide, DAY)


def test_three_languages_make_three_decks(guide, tmp_path):
    settings = guide.settings.model_copy(update={"locales": ["en", "es", "fr"]})
    words = {"en": "bread", "es": "pan", "fr": "pain"}
    bread = Term(id="bread", term=words, definition=words)
    wide = guide.model_copy(update={"settings": settings, "terms": [bread, TERMS[1]]})
    counts = opened(wide, tmp_path).execute("SELECT count(*) FROM notes GROUP BY mid").fetchall()
    assert sorted(counts) == [(1,), (1,), (2,)]


def test_what_cannot_be_a_deck_is_said(guide):
    settings = guide.settings.model_copy(update={"locales": ["en"]})
    with pytest.raises(UsableError, match="needs two languages"):
        package(guide.model_copy(update={"settings": settings}), DAY)
    with pytest.raises(UsableError, match="no term of the glossary stands in two languages"):
        package(guide.model_copy(update={"terms": [TERMS[2]]}), DAY)
