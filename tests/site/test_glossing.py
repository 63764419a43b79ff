"""Terms in running text: found in every form, only where they are meant, and never unescaped."""

from __future__ import annotations

import html
import time
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from moocmap.curriculum.model import Guide, Term
from moocmap.site.compiled import Compiled, write_pages
from moocmap.site.glossing import Glosser, Words, forms


def term(term_id: str, en: str, es: str, **more: object) -> Term:
    data = {"id": term_id, "term": {"en": en, "es": es}, "definition": {"en": "…", "es": "…"}, **more}
    return Term.model_validate(data)


TERMS = [
    term("rate", "learning rate", "tasa de aprendizaje", also={"en": ["LR"]}),
    term("learning", "learning", "aprendizaje"),
    term("cross", "cross entropy", "entropía cruzada"),
    term(
        "network", "recurrent neural network", "red neuronal recurrente", also={"en": ["RNN"], "es": ["RNN"]}
    ),
    term("parameters", "parameters", "parámetros"),
    term("loss", "loss", "pérdida", also={"en": ["loss function"], "es": ["función de pérdida"]}),
    term(
        "precision", "precision", "precisión", other_uses={"en": ["mixed precision"], "es": ["con precisión"]}
    ),
    term("code", "code", "código"),
]
ENGLISH, SPANISH = Words(TERMS, "en"), Words(TERMS, "es")


def found(words: Words, text: str) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.term.id) for one in words.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The learning rate and learning.", [("learning rate", "rate"), ("learning", "learning")]),
        ("Learning rates fall.", [("Learning rates", "rate")]),
        ("cross-entropy, cross\xa0entropy", [("cross-entropy", "cross")]),
        ("two RNNs, one rnn", [("RNNs", "network")]),
        ("each parameter", [("parameter", "parameters")]),
        ("losses; loss functions", [("losses", "loss")]),
        ("mixed precision, then precision", [("precision", "precision")]),
        ("Mixed precision only", []),
        ("Learning Rate School, e-learning, learnings2, unlearning", []),
        ("loss.backward(), model.loss, loss(y), my_loss, /loss, #loss", []),
        ("loss. Loss", [("loss", "loss")]),
    ],
)
def test_english(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(ENGLISH, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tasas de aprendizaje", [("Tasas de aprendizaje", "rate")]),
        ("redes neuronales recurrentes", [("redes neuronales recurrentes", "network")]),
        ("las RNN", [("RNN", "network")]),
        ("funciones de pérdida y pérdidas", [("funciones de pérdida", "loss")]),
        ("cada parámetro", [("parámetro", "parameters")]),
        ("con precisión, la precisión", [("precisión", "precision")]),
        ("el codigo", []),
    ],
)
def test_spanish(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(SPANISH, text) == expected


@pytest.mark.parametrize(
    ("name", "locale", "form"),
    [
        ("entropy", "en", "entropies"),
        ("batch", "en", "batches"),
        ("capa de entrada", "es", "capas de entrada"),
        ("función de activación", "es", "funciones de activación"),
        ("raíz", "es", "raíces"),
        ("modelo generativo", "es", "modelos generativos"),
        ("decodificador", "es", "decodificadora"),
        ("datos estructurados", "es", "dato estructurado"),
        ("sesgo", "fr", "sesgo"),
    ],
)
def test_forms(name: str, locale: str, form: str) -> None:
    assert form in forms(name, locale)


def test_the_first_occurrence_on_a_page_is_marked() -> None:
    prose = Glosser(ENGLISH, "courses/alpha", {"learning"})
    assert prose("The loss of learning, the loss.") == (
        'The <a class="mm-gloss" data-mm-gloss="loss" href="&#46;./glossary.html&#35;term-loss">loss</a> '
        "of learning, the loss."
    )
    assert prose("No more loss") == "No more loss"
    assert prose.data() == {"loss": {"definition": "…", "terms": {"es": "pérdida"}}}


def test_an_entry_marks_all_but_its_own_term() -> None:
    prose = Glosser(ENGLISH, "glossary")
    assert "data-mm-gloss" in prose("loss")
    assert prose("loss", "loss") == "loss"
    assert 'href="glossary.html&#35;term-loss"' in prose("loss", "code")


HOSTILE = st.text(alphabet="*_`[](){}<>&#!|~^$\\\"'-+=:.;/ \n1a", max_size=12)
TEXT = st.lists(
    st.one_of(HOSTILE, st.sampled_from(["loss", "<script>loss</script>", "code", " ", "learning rate"]))
)


@given(TEXT)
def test_marked_texts_show_what_they_are(pieces: list[str]) -> None:
    text = "a" + "".join(pieces)
    marked = Glosser(ENGLISH, "index")(text)
    page = BeautifulSoup(markdown.markdown(f"<p>{marked}</p>"), "html.parser")
    assert page.get_text().split() == text.split()
    assert {tag.name for tag in page.find_all()} <= {"p", "a"}
    assert [a["class"] for a in page.find_all("a")] == [["mm-gloss"]] * len(page.find_all("a"))


def test_terms_with_quotes_cannot_leave_their_attributes() -> None:
    words = Words([term("x", 'a"b<i>', "c")], "en")
    marked = Glosser(words, "index")('say a"b<i> now')
    assert marked.count("<") == 2
    assert "a&#34;b&#60;i&#62;" in marked


def test_no_term_is_found_inside_another_name() -> None:
    words = Words(TERMS, "en", ["learning rate finder", "loss"])
    assert found(words, "Learning rate finders; a learning rate and a loss") == [
        ("learning rate", "rate"),
        ("loss", "loss"),
    ]


def test_it_is_quick() -> None:
    words = Words([term(f"t{n}", f"term{n} of word{n}", "x") for n in range(500)], "en")
    text = "Many words of which few are terms, such as term77 of word77. " * 2000
    start = time.perf_counter()
    assert len(list(words.find(text))) == 1
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(("locale", "term", "other"), [("en", "loss", "pérdida"), ("es", "pérdida", "loss")])
def test_pages_link_their_terms(root: Path, guide: Guide, locale: str, term: str, other: str) -> None:
    write_pages(Compiled(guide, [], root / "site"), root / "out")
    text = html.unescape((root / "out" / locale / "history.md").read_text(encoding="utf-8"))
    assert f'href="glossary.html#term-loss">{term}</a>' in text
    assert f'"{other}"' in text
