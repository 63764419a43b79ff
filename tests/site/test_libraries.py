"""The libraries' page: the same task in code, side by side, exactly as in the files that can be run."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.companions import Libraries
from moocmap.curriculum.load import read_sources
from moocmap.site.errors import SiteError
from moocmap.site.examples import parts_of, read_examples

REPOSITORY = Path(__file__).parents[2]
Edit = Callable[[Path, str, str], None]


def page(site: Path, locale: str) -> BeautifulSoup:
    return BeautifulSoup((site / locale / "libraries.html").read_text(), "html.parser")


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en", "es"])
def test_code_stands_side_by_side_as_it_is_in_the_files(site: Path, locale: str) -> None:
    soup, root = page(site, locale), site.parents[1]
    for heading, part in (("#example", "setup"), ("#training-code", "training")):
        codes = soup.select_one(heading).find_next(class_="mm-codes")
        shown = {code.figcaption.get_text(): code.pre.get_text() for code in codes.select(".mm-code")}
        for name, file in (("Keras", "with_keras.py"), ("fastai", "with_fastai.py")):
            text = (root / "examples" / file).read_text()
            assert shown[name].strip() == parts_of(text)[part]
        assert codes.select("code .nn, code .n"), "the code is highlighted"
    assert not soup.select(".mm-code b"), "code is text"
    assert len(soup.select(".mm-codes")) == 2, "the stage without a word on its code shows none"


@pytest.mark.slow
def test_whole_files_can_be_fetched(site: Path) -> None:
    links = [str(link["href"]) for link in page(site, "en").select("ul.mm-run a")]
    assert [link.rsplit("/", 1)[-1] for link in links] == ["with_keras.py", "with_fastai.py"]
    for link in links:
        file = (site / "en" / link).resolve()
        assert file.read_bytes() == (site.parents[1] / "examples" / file.name).read_bytes()


@pytest.mark.slow
def test_the_difference_is_said_in_both_languages(site: Path) -> None:
    for locale, said in (("en", "One line in both."), ("es", "Una línea en ambas.")):
        assert page(site, locale).select_one("#training-code").find_next("p").get_text() == said


def test_a_guide_may_have_no_example(tmp_path: Path) -> None:
    assert read_examples(tmp_path, Libraries(libraries=[])).files == {}


def test_a_missing_file_or_part_is_named(bare_root: Path, edit: Edit, today: date) -> None:
    libraries = load_guide(bare_root, today)[0].libraries
    file = bare_root / "examples" / "with_keras.py"
    edit(file, "# region training", "# region trainning")
    with pytest.raises(SiteError, match=r"examples/with_keras\.py: expected '# region training'"):
        read_examples(bare_root, libraries)
    file.unlink()
    with pytest.raises(SiteError, match=r"examples/with_keras\.py: libraries\.yml names this example"):
        read_examples(bare_root, libraries)


@pytest.mark.parametrize("name", ["../secret.py", "/etc/secret.py", "code.txt", "a/../../b.py"])
def test_an_example_lies_within_the_guide(name: str) -> None:
    with pytest.raises(ValueError, match="string_pattern_mismatch"):
        Libraries.model_validate({"libraries": [], "example": {"text": "Task", "files": {"keras": name}}})


def test_the_real_examples_show_all_that_they_run() -> None:
    """Outside of the parts that the page shows there is nothing but the note for who runs the file."""
    entry = read_sources(REPOSITORY)[0].libraries
    assert entry
    libraries = entry.value
    assert libraries.example
    stages = [stage.id for stage in libraries.stages]
    examples = read_examples(REPOSITORY, libraries)
    for library, file in libraries.example.files.items():
        assert list(examples.parts[library]) == ["setup", *stages]
        rest = re.sub(r"^# region .*?^# endregion$", "", examples.files[file], flags=re.MULTILINE | re.DOTALL)
        assert re.fullmatch(r'\s*""".*?"""\s*', rest, re.DOTALL), rest
    assert all(stage.code for stage in libraries.stages)
