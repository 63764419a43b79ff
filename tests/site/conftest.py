from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.model import Guide
from moocmap.site.engine import BuildResult, build
from moocmap.site.locales import Strings, load_strings

REPOSITORY = Path(__file__).parents[2]
GUIDE = Path(__file__).parent / "guide"
TODAY = date(2026, 11, 1)


def copy_guide(root: Path) -> Path:
    """Put the small guide and this repository's templates into a folder."""
    shutil.copytree(GUIDE, root, dirs_exist_ok=True)
    shutil.copytree(REPOSITORY / "site", root / "site")
    shutil.copyfile(REPOSITORY / "mkdocs.yml", root / "mkdocs.yml")
    return root


@pytest.fixture(scope="session")
def today() -> date:
    return TODAY


@pytest.fixture(scope="session")
def guide() -> Guide:
    return load_guide(GUIDE, TODAY)[0]


@pytest.fixture(scope="session")
def strings() -> dict[str, Strings]:
    return load_strings(REPOSITORY / "site" / "locales", ["en", "es"], REPOSITORY)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_guide(tmp_path / "guide")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """The site of the small guide, built once with the real MkDocs. Do not change it."""
    return build(copy_guide(tmp_path_factory.mktemp("built")), today=TODAY)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small guide with its site, for tests that break things in it and mend them again."""
    root = copy_guide(tmp_path_factory.mktemp("good"))
    build(root, today=TODAY)
    return root


@pytest.fixture(scope="session")
def site(built: BuildResult) -> Path:
    return built.target


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replace text in a file, and insist that it was there."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path.name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return replace
