"""Each file in `cases/` breaks the small guide in one way and lists every line that `check` must say."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from moocmap.curriculum import rules
from moocmap.curriculum.check import check_guide
from moocmap.rulebook import rule_pages

HERE = Path(__file__).parent
GUIDE = HERE.parent / "guides" / "bread"
CASES = sorted((HERE / "cases").glob("*.yml"))
TODAY = date(2026, 1, 1)


def changed_guide(case: dict, folder: Path) -> Path:
    root = folder / "guide"
    shutil.copytree(GUIDE, root)
    for change in case["changes"]:
        file = root / "curriculum" / change["file"]
        if "new" in change:
            text = file.read_text(encoding="utf-8")
            assert text.count(change["old"]) == 1, f"'{change['old']}' must stand once in {change['file']}"
            file.write_text(text.replace(change["old"], change["new"]), encoding="utf-8")
        elif "write" in change:
            file.write_text(change["write"], encoding="utf-8")
        else:
            file.unlink()
    return root


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_findings_are_exactly_these(path, tmp_path):
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    _, findings = check_guide(changed_guide(case, tmp_path), TODAY)
    assert [str(finding) for finding in findings] == case["expect"]


def test_the_unchanged_guide_is_clean():
    guide, findings = check_guide(GUIDE, TODAY)
    assert guide is not None
    assert findings == []


def test_every_rule_is_shown_by_a_case_and_documented():
    shown = "\n".join(
        line for path in CASES for line in yaml.safe_load(path.read_text(encoding="utf-8"))["expect"]
    )
    assert [rule.id for rule in rules.RULES if f"[{rule.id}]" not in shown] == []
    documented = {page.id: page.severity for page in rule_pages().values()}
    assert {rule.id: rule.severity for rule in rules.RULES}.items() <= documented.items()
    assert set(re.findall(r"(?:error|warning)\[([a-z-]+)\]", shown)) <= documented.keys()


def test_an_empty_folder_is_no_guide(tmp_path):
    guide, findings = check_guide(tmp_path, TODAY)
    assert guide is None
    assert [f"{f.file} {f.rule}" for f in findings] == ["curriculum/guide.yml no-guide"]
