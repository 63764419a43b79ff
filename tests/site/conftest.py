from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from moocmap.curriculum.check import load_guide
from moocmap.curriculum.model import Guide
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.settings.model import Run
from moocmap.experiments.spec import EPOCH_COLUMNS
from moocmap.site.engine import BuildResult, build
from moocmap.site.locales import Strings, load_strings

REPOSITORY = Path(__file__).parents[2]
GUIDE = Path(__file__).parent / "guide"
TODAY = date(2026, 11, 1)


WRONG = {"keras": 4, "fastai": 1}
"""How many of 20 test images a library gets wrong with seed 0; each further seed one more."""


EPOCH = (0.01, 0.9, 0.8, 0.5, 1.2, 0.4, 0.3, 0.5)
"""The columns of epochs.csv after phase and epoch."""
HARDWARE = {"cpu": "A Processor", "cores": 2, "system": "Linux", "accelerator": "none", "threads": 1}


def write_records_of(root: Path, experiment_id: str, *, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """Write made-up records of an experiment's runs: enough for pages, and no library is needed."""
    experiments, problems = load_experiments(root)
    assert not problems
    (experiment,) = (one for one in experiments if one.id == experiment_id)
    for run in experiment.runs():
        if run.seed in seeds:
            _write(run, root / "experiments" / "results" / experiment_id / run.id)


def _write(run: Run, place: Path) -> None:
    place.mkdir(parents=True)
    classes = run.spec["tasks"]["target"]["classes"]
    wrong = WRONG[run.library] + run.seed
    predictions = [
        {"id": n, "label": classes[n % 2], "prediction": classes[(n + (n < wrong)) % 2]} for n in range(20)
    ]
    for row in predictions:
        row |= {"of_label": 0.9 if row["label"] == row["prediction"] else 0.1, "of_prediction": 0.9}
        row |= {f"p_{c}": 0.9 if c == row["prediction"] else 0.1 for c in classes}
    epochs = [
        dict(zip(EPOCH_COLUMNS, (phase["name"], n + 1, *EPOCH[:2], 1 / (n + 1), *EPOCH[3:]), strict=True))
        for phase in run.spec["phases"]
        for n in range(phase["epochs"])
    ]
    pd.DataFrame(predictions).to_csv(place / "predictions.csv", index=False, lineterminator="\n")
    pd.DataFrame(epochs).to_csv(place / "epochs.csv", index=False, lineterminator="\n")
    (place / "run.json").write_text(json.dumps(_facts(run, 1 - wrong / 20), indent=2), encoding="utf-8")


def _facts(run: Run, accuracy: float) -> dict[str, Any]:
    backend = {"keras": "tensorflow", "fastai": "torch"}[run.library]
    parts = {name: {"n": n} for name, n in (("train", 60), ("validation", 20), ("test", 20))}
    return {
        "format": 2,
        "experiment": run.spec["experiment"],
        "run": run.id,
        "spec_hash": run.spec_hash,
        "spec": run.spec,
        "data": {"target": {"parts": parts}},
        "weights": {
            "initial": "drawn",
            "initial_sha256": "0",
            "final_sha256": "1",
            "parameters": 10,
            "parameters_in_head": 2,
        },
        "software": {"python": "3.11.1", run.library: "1.2.3", "backend": backend, backend: "4.5.6"},
        "hardware": {
            "cpu": "A Processor",
            "cores": 2,
            "system": "Linux",
            "accelerator": "none",
            "threads": 1,
        },
        "determinism": "seeded",
        "started": "2026-11-01T00:00:00Z",
        "resumed": 0,
        "seconds": {"total": 1.0},
        "performance": {
            "images_per_second": {"head": 120.0 + 10 * run.seed, "all": 40.0},
            "peak_memory_bytes": 512_000_000,
            "peak_gpu_memory_bytes": None,
            "energy_joules": None,
        },
        "metrics": {
            "selected": {"phase": "all", "epoch": 3, "rule": "last"},
            "validation": {"n": 20, "accuracy": 0.7, "loss": 0.6},
            "test": {"n": 20, "accuracy": accuracy, "loss": 0.5, "macro_f1": accuracy, "brier": 0.3},
        },
    }


def copy_guide(root: Path) -> Path:
    """Put the small guide and this repository's templates into a folder."""
    shutil.copytree(GUIDE, root, dirs_exist_ok=True)
    shutil.copytree(REPOSITORY / "site", root / "site")
    shutil.copyfile(REPOSITORY / "mkdocs.yml", root / "mkdocs.yml")
    write_records_of(root, "tiny")
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


@pytest.fixture
def bare_root(tmp_path: Path) -> Path:
    """The small guide without any records."""
    return Path(shutil.copytree(GUIDE, tmp_path / "guide"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """The site of the small guide, built once with the real MkDocs. Do not change it."""
    return build(copy_guide(tmp_path_factory.mktemp("built")), today=TODAY)


@pytest.fixture(scope="module")
def good(built: BuildResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small guide with its site, for tests that break things in it and mend them again."""
    return Path(shutil.copytree(built.target.parents[1], tmp_path_factory.mktemp("good") / "guide"))


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


@pytest.fixture
def write_records() -> Callable[..., None]:
    return write_records_of
