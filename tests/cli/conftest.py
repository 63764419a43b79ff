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


@pytest.fixture(scope="session")
def moocmap():
    def run(*arguments, root=REPOSITORY, **environment):
        command = [sys.executable, "-m", "moocmap", *map(str, arguments)]
        settings = {**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **environment}
        settings.pop("FORCE_COLOR", None)
        return subprocess.run(
            command, cwd=root, env=settings, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.fixture
def photos(tmp_path):
    """A folder of small images of three classes, and beside it an empty folder for a guide."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for name, colour in {"daisy": (220, 220, 80), "rose": (200, 40, 60), "tulip": (90, 60, 200)}.items():
        place = tmp_path / "photos" / name
        place.mkdir(parents=True)
        for number in range(10):
            pixels = np.clip(np.array(colour) + rng.normal(0, 30, (40, 48, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
    (tmp_path / "mine").mkdir()
    return tmp_path / "photos"
