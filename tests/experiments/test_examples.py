"""Runs the example code of the libraries' page as a reader would, on the images that its third file draws.

What each file has in its variables at the end goes to a JSON file, to be held against what the page says.
`--random` spares the download of weights, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "experiments" / "examples"
LIBRARIES = ("keras", "fastai")
LEAVE = """
import json, runpy, sys
end = runpy.run_path(sys.argv[1])
images, first = end["images"], end["dls"].one_batch()[0] if "dls" in end else next(iter(end["training"]))[0]
facts = {
    "broken": [file.name for file in end["broken"]],
    "copies": [file.name for file in end["copies"]],
    "batch": list(first.shape),
    "classes": list(end["dls"].vocab) if "dls" in end else end["classes"],
    "losses": [float(loss) for loss in end["losses"]],
    "matrix": [[int(count) for count in row] for row in end["matrix"]],
    "worst": [float(end["loss_of_each"][n]) for n in (end["worst"] if "training" in end else range(5))],
    "validation": len(end["dls"].valid_ds) if "dls" in end else len(end["labels"]),
}
open(sys.argv[-1], "w").write(json.dumps(facts))
"""


def draw(folder: Path) -> Path:
    subprocess.run([sys.executable, EXAMPLES / "draw_images.py", folder], check=True)
    return folder


@pytest.fixture(scope="module", params=LIBRARIES)
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """Return the folder of images after a library's example went through it, and what the example found."""
    pytest.importorskip(request.param)
    home = tmp_path_factory.mktemp(request.param)
    folder, facts = draw(home / "images"), home / "facts.json"
    code = LEAVE.replace("sys.argv[1]", repr(str(EXAMPLES / f"with_{request.param}.py")))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "HOME": str(home)}
    command = [sys.executable, "-c", code, str(folder), "--random", str(facts)]
    done = subprocess.run(
        command, env={**os.environ, **quiet}, cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder, json.loads(facts.read_text())


def test_the_images_to_try_it_on(tmp_path: Path) -> None:
    folder = draw(tmp_path / "images")
    assert sorted(place.name for place in folder.iterdir()) == ["dots", "level", "upright"]
    assert [len(list(place.glob("*.png"))) for place in sorted(folder.iterdir())] == [33, 33, 32]


@pytest.mark.slow
def test_an_example_does_at_every_stage_what_it_shows(run: tuple[Path, dict[str, Any]]) -> None:
    folder, found = run
    # cleaning: one broken file and one copy are set aside, and nothing is lost
    assert (found["broken"], found["copies"]) == (["broken.png"], ["copy.png"])
    assert sorted(file.name for file in folder.glob("*/*.aside")) == ["broken.aside", "copy.aside"]
    assert len(list(folder.glob("*/*.png"))) == 96
    # loading: colours last in Keras, first in PyTorch
    assert found["batch"] in ([8, 64, 64, 3], [8, 3, 64, 64])
    assert found["classes"] == ["dots", "level", "upright"]
    assert found["validation"] == 24
    # training
    assert len(found["losses"]) == 6
    assert found["losses"][-1] < 0.8 * found["losses"][0]
    # interpretation
    assert sum(map(sum, found["matrix"])) == found["validation"]
    assert [len(row) for row in found["matrix"]] == [3, 3, 3]
    assert len(found["worst"]) == 5
    assert found["worst"] == sorted(found["worst"], reverse=True)
    assert found["worst"][0] > 0
