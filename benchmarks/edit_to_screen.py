"""How long an edit takes from the saved file to the open page, with `moocmap serve` running.

Run `python benchmarks/edit_to_screen.py [--guide FOLDER] [--times 7]`. A real Chromium shows a topic's page;
one line of YAML is changed again and again, and the time until the page shows it is told: the median, and the
longest. First comes this repository's guide, whose budget is 1 s; `--guide` names one of 10,000 lessons, made
by `benchmarks/big_guide.py`, which has 3 s. Guides are copied first and stay as they are.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import figures
from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parents[1]
PARTS = ("curriculum", "experiments", "site", "mkdocs.yml")
BUDGETS = {"today": 1.0, "10,000 lessons": 3.0}
PATIENCE = 120_000


@contextlib.contextmanager
def serving(root: Path) -> Iterator[str]:
    """Serve a guide on a free port; give its address."""
    command = [sys.executable, "-u", "-m", "moocmap", "--root", str(root), "serve", "--port", "8765"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        for line in process.stdout:
            found = re.search(r"http://\S+/", line)
            if found:
                break
        else:
            sys.exit("serve ended before it served")
        try:
            yield found[0]
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def measured(root: Path, times: int) -> list[float]:
    """Return the seconds of each edit; the first one, in which everything is cold, comes first."""
    file = next(path for path in sorted((root / "curriculum" / "topics").glob("*.yml")))
    text = file.read_text(encoding="utf-8")
    topic = re.search(r"^- id: ([a-z0-9-]+)$", text, re.MULTILINE)
    assert topic, file
    definition = re.compile(rf"(^- id: {topic[1]}$.*?definition:.*?en: )", re.MULTILINE | re.DOTALL)
    assert definition.search(text), file
    seconds = []
    with serving(root) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}en/topics/{topic[1]}.html", timeout=PATIENCE)
        for number in range(times):
            word = f"Edited{number}"
            changed = definition.sub(lambda found, word=word: f"{found[1]}{word} ", text, count=1)
            changed = re.sub(rf"({word} )(['\"])", r"\2\1", changed)  # within the quotes of the text
            begin = time.perf_counter()
            file.write_text(changed, encoding="utf-8")
            page.get_by_text(word).first.wait_for(timeout=PATIENCE)
            seconds.append(time.perf_counter() - begin)
            time.sleep(1)
        browser.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--guide", type=Path, action="append", default=[], help="a guide of 10,000 lessons")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, figures.Figure] = {}
    for name, guide in zip(BUDGETS, [REPOSITORY, *options.guide], strict=False):
        with tempfile.TemporaryDirectory() as folder:
            for part in PARTS:
                source, target = guide / part, Path(folder) / part
                if source.is_dir():
                    shutil.copytree(source, target)
                elif source.exists():
                    shutil.copyfile(source, target)
            first, *others = measured(Path(folder), options.times)
        middle, longest = statistics.median(others), max(others)
        print(f"{name}: median {middle:.2f} s, longest {longest:.2f} s, the first {first:.2f} s", flush=True)
        found[f"{name}: median"] = figures.Figure(round(middle, 2), "s", BUDGETS[name])
        found[f"{name}: longest"] = figures.Figure(round(longest, 2), "s")
    if options.json:
        figures.write(options.json, "edit-to-screen", found)


if __name__ == "__main__":
    main()
