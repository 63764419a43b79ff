"""Records that somebody else made: what their texts say is shown, never run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from moocmap.site.engine import BuildResult, build

from .conftest import TODAY

ATTACK = (
    "<script>attack()</script><img src=x onerror=attack()>\"' onmouseover=attack() "
    "{{ 7*7 }} {% raw %} [a](javascript:attack()) | `c` ]]> </table></svg><svg onload=attack()> "
    "{: onclick=x }"
)


def attack(place: Path) -> None:
    """Put attacks into every text of a record that is not checked against a list."""
    file = place / "run.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    facts["software"] = dict.fromkeys(facts["software"], f"1.0 {ATTACK}") | {f"lib {ATTACK}": "2"}
    for name in ("cpu", "system", "accelerator"):
        facts["hardware"][name] = f"{name} {ATTACK}"
    facts["determinism"] = ATTACK
    facts["weights"]["initial"] = ATTACK
    file.write_text(json.dumps(facts), encoding="utf-8")
    table = pd.read_csv(place / "predictions.csv")
    table["id"] = [f"{number}{ATTACK}" for number in table["id"]]
    table.to_csv(place / "predictions.csv", index=False, lineterminator="\n")


def elements(page: str) -> Counter[str]:
    """Count the elements that could run something, and handlers."""
    html = BeautifulSoup(page, "html.parser")
    found = Counter(tag.name for tag in html(["script", "img", "svg", "iframe", "object", "embed"]))
    for tag in html(True):
        found.update(name for name in tag.attrs if name.startswith("on"))
        found.update("javascript" for value in tag.attrs.values() if str(value).startswith("javascript:"))
    return found


@pytest.mark.slow
def test_texts_of_records_are_shown_and_nothing_else(root: Path, built: BuildResult) -> None:
    tame = built.target
    pages = {path.relative_to(tame): path.read_text(encoding="utf-8") for path in tame.rglob("*.html")}
    for place in (root / "experiments" / "results" / "tiny").iterdir():
        attack(place)
    site = build(root, today=TODAY).target
    shown = 0
    for path, before in pages.items():
        page = (site / path).read_text(encoding="utf-8")
        assert elements(page) == elements(before), path
        shown += "".join(ATTACK.split()) in "".join(BeautifulSoup(page, "html.parser").get_text().split())
    assert shown == 2, "the experiment's page, in both languages"
    for data in (site / "api").rglob("*.json"):
        json.loads(data.read_text(encoding="utf-8"))
