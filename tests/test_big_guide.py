"""The guides that benchmarks measure with: sound, in canonical form, always the same, as large as asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MAKER = Path(__file__).parent.parent / "benchmarks" / "big_guide.py"
COURSES, LESSONS, TOPICS = 4, 60, 159


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make(folder: Path, *options: str) -> Path:
    run(MAKER, "--lessons", str(LESSONS), "--year", "2026", "--out", folder, *options)
    return folder


def texts_of(guide: Path) -> dict[str, str]:
    folder = guide / "curriculum"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("big") / "guide")


def test_the_guide_is_sound_and_as_large_as_asked(big: Path) -> None:
    said = run("-m", "moocmap", "--root", big, "check")
    assert f"{COURSES} courses, {LESSONS} lessons, {TOPICS} topics, 52 terms, 50 references" in said
    assert ": 0 errors" in said


def test_its_files_are_in_canonical_form(big: Path) -> None:
    assert "0 to change" in run("-m", "moocmap", "--root", big, "fmt", "--check")


def test_its_site_has_a_page_for_everything_in_each_language(big: Path) -> None:
    run("-m", "moocmap", "--root", big, "pages")
    for locale in ("en", "es"):
        pages = big / "build" / "pages" / locale
        counts = {"courses": COURSES + 1, "courses/*": LESSONS, "topics": TOPICS + 1}  # each with its index
        assert {place: len(list(pages.glob(f"{place}/*.md"))) for place in counts} == counts


def test_the_same_options_make_the_same_files(big: Path, tmp_path: Path) -> None:
    assert texts_of(make(tmp_path / "again")) == texts_of(big)
    assert texts_of(make(tmp_path / "other", "--seed", "1")) != texts_of(big)
