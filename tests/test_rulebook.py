"""The rules' documentation is complete, in both languages, and its examples are what they say."""

import re
from pathlib import Path

import pytest
import yaml

from moocmap.rulebook import as_markdown, rule_pages

SOURCES = Path(__file__).parent.parent / "src" / "moocmap"
PAGES = rule_pages()
NO_YAML = {
    "no-guide",
    "unreadable-file",
    "yaml-syntax",
    "yaml-anchor",
    "yaml-depth",
    "uncited-reference",
    "bibtex-syntax",
    "unread-file",
    "page-title",
}


def test_every_page_is_in_both_languages():
    assert {frozenset(text) for page in PAGES.values() for text in (page.asks, page.why)} == {
        frozenset(("en", "es"))
    }


def test_every_documented_rule_stands_in_the_code():
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    assert [rule for rule in PAGES if f'"{rule}"' not in code] == []


def test_every_finding_that_the_code_makes_is_documented():
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    made = set(re.findall(r'"(?:error|warning)",\s*"([a-z]+(?:-[a-z]+)+)"', code))
    assert made
    assert made <= PAGES.keys()


@pytest.mark.parametrize("rule", sorted(PAGES.keys() - NO_YAML))
def test_examples_are_yaml_but_for_their_remarks(rule):
    for example in (PAGES[rule].fails, PAGES[rule].mended):
        text = re.sub(r", …|…", "", example)
        if not text.startswith("? "):  # but for keys and values on lines of their own, each line stands alone
            for line in text.splitlines():
                yaml.compose(re.sub(r"\s{2,}\(.*\)$", "", line))


def test_a_rule_is_told_in_the_language_asked_for_or_in_english():
    rule = PAGES["topic-cycle"]
    assert as_markdown(rule, "es").startswith(f"## topic-cycle\n\n**Error.** {rule.asks['es']}\n")
    assert as_markdown(rule, "de") == as_markdown(rule, "en")
