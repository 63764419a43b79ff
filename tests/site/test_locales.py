from __future__ import annotations

import string
from pathlib import Path
from typing import get_args

import pytest
from markupsafe import Markup

from moocmap.curriculum.companions import Library
from moocmap.curriculum.model import DEPTHS, Course, FactField, Range
from moocmap.diagnostics import DiagnosticsError
from moocmap.site.errors import SiteError
from moocmap.site.locales import Strings, load_strings


def test_all_locales_have_the_same_keys_and_placeholders(strings: dict[str, Strings]) -> None:
    english, spanish = strings["en"].texts, strings["es"].texts
    assert list(english) == list(spanish)
    for key in english:
        assert _placeholders(english[key]) == _placeholders(spanish[key]), key


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_key_that_one_locale_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.yml").write_text("a: {b: x, c: y}\n")
    (tmp_path / "es.yml").write_text("a: {b: x}\n")
    with pytest.raises(DiagnosticsError) as caught:
        load_strings(tmp_path, ["en", "es"], tmp_path)
    assert str(caught.value) == (
        "es.yml:1:1: error[missing-interface-string]: string 'a.c' is missing; translate it from en.yml"
    )


def test_a_value_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.yml").write_text("a:\n  b: 3\n")
    with pytest.raises(DiagnosticsError, match=r"en.yml:2:6: error\[interface-string\]"):
        load_strings(tmp_path, ["en"], tmp_path)


def test_an_unknown_key_is_an_error_with_the_nearest_one() -> None:
    strings = Strings("en", {"course.title": "Courses"})
    with pytest.raises(SiteError, match=r"en.yml: no interface .*; did you mean 'course.title'"):
        strings("course.titel")


def test_a_forgotten_placeholder_is_an_error() -> None:
    with pytest.raises(SiteError, match="cannot be filled in: KeyError"):
        Strings("en", {"a": "x {b}"})("a", c=1)


def test_numbers_follow_the_locale(strings: dict[str, Strings]) -> None:
    assert strings["en"].number(1.5) == "1.5"
    assert strings["es"].number(1.5) == "1,5"
    assert strings["es"].number(14.0) == "14"
    assert strings["en"].number(0.5, 3) == "0.500"


def test_plurals_and_markup(strings: dict[str, Strings]) -> None:
    assert strings["en"]("courses.lessons", n=1) == "1 lesson"
    assert strings["es"]("courses.lessons", n=2) == "2 lecciones"
    filled = Strings("en", {"a": "see *this*: {link}"})("a", link=Markup("<a>x</a>"))
    assert filled == Markup("see &#42;this&#42;: <a>x</a>")


def test_lists_read_well(strings: dict[str, Strings]) -> None:
    assert strings["en"].listing(["Ada", "Ida", "Eva"]) == "Ada, Ida and Eva"
    assert strings["es"].listing(["Ada", "Ida"]) == "Ada e Ida"
    assert strings["es"].listing(["Ada", "Eva"]) == "Ada y Eva"
    assert strings["es"].listing(["agua", "hielo"]) == "agua y hielo"
    assert strings["es"].listing(["Ada"]) == "Ada"
    assert strings["es"].listing([]) == ""
    assert strings["en"].listing(["<b>", "c"]) == "&#60;b&#62; and c"


def test_headings_start_with_a_capital_but_for_libraries(strings: dict[str, Strings]) -> None:
    spanish = strings["es"]
    assert spanish.heading({"en": "learning rate", "es": "tasa de aprendizaje"}) == "Tasa de aprendizaje"
    assert spanish.heading("t-SNE") == "t-SNE"
    assert spanish.heading("fastai library") == "fastai library"


def test_every_word_of_the_data_model_has_its_string(strings: dict[str, Strings]) -> None:
    words = {
        "facts": get_args(FactField),
        "status": get_args(Course.model_fields["status"].annotation),
        "certificate": get_args(Course.model_fields["certificate"].annotation),
        "approach": get_args(Course.model_fields["approach"].annotation),
        "emphasis": get_args(Course.model_fields["emphasis"].annotation),
        "kind": get_args(Course.model_fields["kind"].annotation),
        "hours": get_args(Range.model_fields["kind"].annotation),
        "libraries.status": get_args(Library.model_fields["status"].annotation),
        "depth": DEPTHS,
    }
    assert all(words.values())
    for locale in strings.values():
        assert [f"{k}.{w}" for k, every in words.items() for w in every if not locale.has(f"{k}.{w}")] == []
