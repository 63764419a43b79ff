"""An edit with `moocmap serve` running: the open page shows it by itself, a mistake costs nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .places import small_guide

PAGE = "en/topics/ulmfit.html"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root: Path = small_guide().copy_guide(tmp_path / "guide")
    return root


@pytest.fixture
def address(project: Path) -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "moocmap", "--root", str(project), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = next(filter(None, (re.search(r"http://\S+/", line) for line in process.stdout)))
        yield found[0]
        process.terminate()


@pytest.mark.browser
def test_an_edit_shows_in_the_open_page(project: Path, address: str, browser: Any) -> None:
    topics = project / "curriculum" / "topics" / "basics.yml"
    good = topics.read_text(encoding="utf-8")
    complaints: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{address}{PAGE}")
    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text() == "ULMFiT"

    topics.write_text(good.replace("name: ULMFiT", "name: ULMFiT renamed"), encoding="utf-8")
    page.get_by_role("heading", level=1, name="ULMFiT renamed").wait_for()

    topics.write_text(good.replace("name: ULMFiT", "nome: ULMFiT"), encoding="utf-8")
    page.wait_for_timeout(1500)
    assert heading.inner_text() == "ULMFiT renamed", "the last good page stays"

    topics.write_text(good, encoding="utf-8")
    page.get_by_role("heading", level=1, name="ULMFiT", exact=True).wait_for()
    assert complaints == []
    page.close()
