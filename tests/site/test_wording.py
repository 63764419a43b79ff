from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.curriculum.bibliography import read_references
from moocmap.curriculum.model import Author, Effort, Price, Range, Reference
from moocmap.parsed import ParsedFiles
from moocmap.site.locales import Strings
from moocmap.site.wording import Wording, bibtex, main_link, reference_links


@pytest.mark.parametrize(
    ("effort", "english", "spanish"),
    [
        (None, "not stated", "no se indica"),
        (Effort(), "not stated", "no se indica"),
        (
            Effort(weeks=14, hours_per_week=(7, 10)),
            "14 weeks, 7–10 hours a week",
            "14 semanas, 7–10 horas por semana",
        ),
        (Effort(weeks=1, hours=(1, 1)), "1 week, 1 hour", "1 semana, 1 hora"),
        (Effort(hours=(2.5, 4)), "2.5–4 hours", "2,5–4 horas"),
    ],
)
def test_effort(effort: Effort | None, english: str, spanish: str, strings: dict[str, Strings]) -> None:
    assert Wording(strings["en"]).effort(effort) == english
    assert Wording(strings["es"]).effort(effort) == spanish


@pytest.mark.parametrize(
    ("price", "english"),
    [
        (Price(free=True), "free"),
        (Price(free=False), "paid"),
        (Price(free=False, amount=44, currency="EUR", per="month"), "44 EUR a month"),
        (Price(free=False, amount=39.5, currency="USD", per="once"), "39.50 USD, once"),
        (Price(free=False, amount=9, currency="USD"), "9 USD"),
        (Price(free=True, amount=99, currency="USD", per="once"), "free, or 99 USD, once"),
    ],
)
def test_price(price: Price, english: str, strings: dict[str, Strings]) -> None:
    assert Wording(strings["en"]).price(price) == english


@pytest.mark.parametrize(
    ("date", "english", "spanish"),
    [
        ("2020", "2020", "2020"),
        ("2020-06", "June 2020", "junio de 2020"),
        ("2020-06-05", "5 June 2020", "5 de junio de 2020"),
    ],
)
def test_dates(date: str, english: str, spanish: str, strings: dict[str, Strings]) -> None:
    assert Wording(strings["en"]).date(date) == english
    assert Wording(strings["es"]).date(date) == spanish


def test_hours(strings: dict[str, Strings]) -> None:
    assert Wording(strings["es"]).hours(Range(low=1.5, high=2, kind="derived")) == "1,5–2 horas"
    assert Wording(strings["en"]).kind_of_hours(Range(low=1, high=2, kind="learner")) == "as learners report"


def work(**fields: str) -> Reference:
    return Reference(
        key="x-2020",
        kind="misc",
        authors=[Author(name="Ada B. Lovelace", surname="Lovelace")],
        title="T",
        year="2020",
        fields=fields,
    )


def test_links_of_a_work() -> None:
    full = work(doi="https://doi.org/10.1109/WACV.2017.58", eprint="1506.01186", url="https://example.org/x")
    assert reference_links(full) == [
        ("DOI", "https://doi.org/10.1109/WACV.2017.58"),
        ("arXiv", "https://arxiv.org/abs/1506.01186"),
        ("URL", "https://example.org/x"),
    ]
    assert main_link(full) == "https://arxiv.org/abs/1506.01186"
    assert reference_links(work(doi="nonsense", eprint="x y", url="javascript:alert(1)")) == []
    assert main_link(work()) is None


def test_names_of_authors(strings: dict[str, Strings]) -> None:
    say = Wording(strings["en"])
    two = [Author(name="A. One", surname="One"), Author(name="B. van Two", surname="van Two")]
    many = work().model_copy(update={"authors": two, "has_more_authors": True})
    assert say.authors(many) == "A. One, B. van Two et al."
    assert say.authors_short(many) == "One et al."
    assert say.authors_short(work()) == "Lovelace"
    assert say.authors(work().model_copy(update={"authors": []})) == "unknown author"


def test_venue(strings: dict[str, Strings]) -> None:
    say = Wording(strings["en"])
    assert say.venue(work(journal="J", volume="3", number="2", pages="1--9")) == "J, 3(2), 1–9"
    assert say.venue(work(publisher="P", edition="2")) == "P, edition 2"
    assert say.venue(work(howpublished="https://example.org")) == ""


def test_bibtex_can_be_read_again() -> None:
    from pybtex.database import parse_string

    entry = parse_string(bibtex(work(journal="J")), "bibtex").entries["x-2020"]
    assert (entry.fields["title"], entry.fields["journal"]) == ("T", "J")
    assert entry.persons["author"][0].last_names == ["Lovelace"]


def test_bibtex_is_read_back_as_it_was(tmp_path: Path) -> None:
    people = "{Khan Academy} and van der Maaten, Laurens and Smith, Leslie N. and others"
    file = tmp_path / "references.bib"
    file.write_text(f"@article{{a-1, title={{On it}}, year={{2000}}, author={{{people}}}, pages={{1--2}}}}")
    first = read_references(file, ParsedFiles(file.parent))[0]
    file.write_text("\n".join(map(bibtex, first)))
    assert read_references(file, ParsedFiles(file.parent))[0] == first


@given(st.floats(1e-12, 10))
def test_a_rate_is_shown_as_it_is(strings: dict[str, Strings], rate: float) -> None:
    for texts in strings.values():
        shown = Wording(texts).rate(rate)
        assert float(shown.replace(",", ".").replace("−", "-")) == rate


def test_numbers_are_written_out(strings: dict[str, Strings]) -> None:
    assert Wording(strings["en"]).rate(2.5e-4) == "2.5e−4"
    assert Wording(strings["es"]).rate(1.5e-5) == "1,5e−5"
    assert strings["es"].number(-0.0001, 3, True) == "0,000"
    assert strings["en"].number(1234567.5) == "1234567.5"
