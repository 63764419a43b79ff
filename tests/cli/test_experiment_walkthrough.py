"""The page "compare two libraries on your own images": its commands are run as they stand there."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
PAGES = REPOSITORY / "site" / "pages"
BLOCK = re.compile(r"```(bash|python)\n(.*?)```", re.DOTALL)
SHORTER = """
python - <<'END'
from pathlib import Path
file = Path("experiments/flowers.yml")
text = file.read_text(encoding="utf-8")
for long, short in (("seeds: [0, 1, 2]", "seeds: [0]"), ("epochs: 10", "epochs: 1")):
    assert long in text
    text = text.replace(long, short)
file.write_text(text, encoding="utf-8")
END
"""
"""What makes the trainings shorter than a reader's."""


def blocks(locale):
    return BLOCK.findall((PAGES / locale / "your-images.md").read_text(encoding="utf-8"))


def test_both_languages_have_the_same_commands():
    assert blocks("en") == blocks("es")
    assert [kind for kind, _ in blocks("en")].count("bash") >= 5


@pytest.mark.slow
def test_the_commands_of_the_page_work(photos):
    pytest.importorskip("keras")
    pytest.importorskip("fastai")
    photos.rename(photos.with_name("flowers"))
    first, *rest = [
        text if kind == "bash" else f"python - <<'END'\n{text}END\n" for kind, text in blocks("en")
    ]
    script = "set -eux\n" + "\n".join([first, SHORTER, *rest])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=photos.parent,
        env=os.environ | {"PATH": path, "NO_COLOR": "1", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "2 runs to train, 0 already recorded" in said
    assert "2 recorded, 0 already there" in said
    assert "2 recorded\nno process is at work on it" in said
    home = photos.parent / "comparison"
    records = home / "experiments" / "results" / "flowers"
    assert sorted(path.name for path in records.iterdir()) == [
        "fastai-small-cnn-matched-seed0",
        "keras-small-cnn-matched-seed0",
    ]
    for file in ("reports/flowers/report.md", "reports/flowers/summary.csv", "lr/flowers/lr-find.svg"):
        assert (home / "build" / file).is_file()
    assert "seconds_per_epoch" in said


def test_the_page_on_experiments_leads_to_it(moocmap, guide):
    for part in ("site", "mkdocs.yml"):
        (guide / part).symlink_to(REPOSITORY / part)
    done = moocmap("pages", root=guide)
    assert done.returncode == 0, done.stderr
    for locale in ("en", "es"):
        pages = guide / "build" / "pages" / locale
        assert (pages / "your-images.md").is_file()
        listing = html.unescape((pages / "experiments" / "index.md").read_text(encoding="utf-8"))
        assert 'href="../your-images.html"' in listing
    assert "your-images.md" in (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
