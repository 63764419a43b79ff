"""Runs the real command line in a process of its own, on a copy of the small guide."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BREAD = Path(__file__).parent.parent / "guides" / "bread"
REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def guide(tmp_path):
    root = tmp_path / "guide"
    shutil.copytree(BREAD, root)
    return root


@pytest.fixture
def moocmap():
    def run(*arguments, root=REPOSITORY, **environment):
        command = [sys.executable, "-m", "moocmap", *map(str, arguments)]
        settings = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **environment}
        settings.pop("FORCE_COLOR", None)
        return subprocess.run(
            command, cwd=root, env=settings, capture_output=True, text=True, timeout=300, check=False
        )

    return run
