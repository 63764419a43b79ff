"""Readers and editors need no deep-learning library: the commands work where none can be imported."""

import os
import shutil
from pathlib import Path

import pytest

from moocmap.experiments.running.workers import WORKERS

REPOSITORY = Path(__file__).parent.parent.parent
HIDE = """
import sys
for name in {names!r}:
    sys.modules[name] = None  # the import then fails as if the package were not there
"""
LIBRARIES = sorted(
    {"fastai", "keras", "tensorflow", "torch"}
    | {package for worker in WORKERS.values() for package in worker.packages}
)


def hide(names, folder):
    """Return an environment in which none of these can be imported, by any process below."""
    (folder / "sitecustomize.py").write_text(HIDE.format(names=names))
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))}


@pytest.fixture
def hidden(tmp_path):
    return hide(LIBRARIES, tmp_path)


def test_check_and_coverage_need_none(moocmap, hidden):
    assert moocmap("check", **hidden).returncode == 0
    assert moocmap("experiment", "list", **hidden).returncode == 0


def test_check_reads_records_without_what_is_slow_to_import(moocmap, tmp_path):
    for part in ("curriculum", "experiments"):
        shutil.copytree(REPOSITORY / part, tmp_path / "guide" / part)
    slow = hide(["matplotlib", "pandas", "scipy"], tmp_path)
    done = moocmap("check", root=tmp_path / "guide", **slow)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_site_builds_without_any(moocmap, guide, hidden, tmp_path):
    for part in ("site", "mkdocs.yml"):
        (guide / part).symlink_to(REPOSITORY / part)
    done = moocmap("build", "--out", tmp_path / "site", root=guide, **hidden)
    assert done.returncode == 0, done.stdout + done.stderr
    for locale in ("en", "es"):
        assert (tmp_path / "site" / locale / "index.html").is_file()


def test_training_says_what_to_install(moocmap, hidden, tmp_path):
    done = moocmap("experiment", "run", "digits", "--results", tmp_path / "results", **hidden)
    assert done.returncode == 1
    assert "pip install -e '.[experiments]'" in done.stderr
    assert "Traceback" not in done.stderr
