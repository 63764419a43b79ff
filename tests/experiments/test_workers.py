"""What the libraries must have in common and what a recipe promises, asked of the libraries themselves."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moocmap.experiments.data import tasks as data
from moocmap.experiments.models import weights
from moocmap.experiments.results.record import Record, read_record
from moocmap.experiments.running import runner, workers
from moocmap.experiments.settings.model import Run
from moocmap.experiments.spec import METRICS, layers_of
from moocmap.experiments.training import schedules
from moocmap.experiments.training.writer import probabilities

from .probe import SHORT, WORDS, start, task_for
from .samples import make_experiment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("keras", "tensorflow", "fastai", "torch")),
        reason="needs both libraries: pip install -e '.[experiments]'",
    ),
]
LIBRARIES = ("keras", "fastai")
BACKENDS = tuple(f"keras-{name}" for name in ("jax", "torch") if importlib.util.find_spec(name))
Arrays = dict[str, np.ndarray[Any, Any]]


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    tests = str(Path(__file__).parent.parent)
    return {**os.environ, **workers.WORKERS["keras"].environment, "PYTHONPATH": tests}


@pytest.fixture(scope="session")
def probes(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> dict[str, Arrays]:
    """What `probe.py` found, by library."""
    found = {}
    for library in (*LIBRARIES, *BACKENDS):
        file = tmp_path_factory.mktemp("probe") / f"{library}.npz"
        command = [sys.executable, "-m", "experiments.probe", library, file]
        subprocess.run(command, env={**environment, **workers.WORKERS[library].environment}, check=True)
        with np.load(file) as arrays:
            found[library] = dict(arrays)
    return found


def parts(probe: Arrays, scenario: str) -> Arrays:
    found = {name.partition(":")[2]: a for name, a in probe.items() if name.startswith(f"{scenario}:")}
    del found["metrics"]
    return found


def moved(probe: Arrays, scenario: str) -> set[str]:
    """Name the arrays that an epoch changed."""
    before = start(make_experiment().runs()[0].spec)
    return {name for name, array in parts(probe, scenario).items() if (array != before[name]).any()}


def of_body(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("head")}


def test_same_weights_and_images_give_the_same_logits(probes: dict[str, Arrays]) -> None:
    keras, fastai = (probes[library]["logits"] for library in LIBRARIES)
    assert keras.shape == (108, 3)
    assert keras.std() > 0.1
    np.testing.assert_allclose(keras, fastai, atol=1e-4)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_frozen_body_in_inference_mode_stands_still(probes: dict[str, Arrays], library: str) -> None:
    changed = moved(probes[library], "inference")
    assert of_body(changed) == set()
    assert changed == {"head1/kernel", "head1/bias", "head-logits/kernel", "head-logits/bias"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_frozen_body_in_training_mode_moves_its_batchnorms_only(
    probes: dict[str, Arrays], library: str
) -> None:
    norms = {f"norm{n}/{part}" for n in (1, 2, 3) for part in ("gamma", "beta", "mean", "variance")}
    assert of_body(moved(probes[library], "training")) == norms


@pytest.mark.parametrize("library", LIBRARIES)
def test_when_all_trains_everything_moves(probes: dict[str, Arrays], library: str) -> None:
    assert moved(probes[library], "all") == set(parts(probes[library], "all"))


@pytest.mark.parametrize(
    "scenario", ["inference", "training", "all", "adam", "constant", *WORDS, "everything"]
)
def test_an_epoch_of_either_library_leads_to_nearly_the_same_weights(
    probes: dict[str, Arrays], scenario: str
) -> None:
    check_alike(probes["keras"], probes["fastai"], scenario)


@pytest.mark.parametrize("scenario", SHORT)
@pytest.mark.parametrize("library", BACKENDS)
def test_kerass_backends_lead_to_nearly_the_same_weights(
    probes: dict[str, Arrays], library: str, scenario: str
) -> None:
    check_alike(probes["keras"], probes[library], scenario)


def check_alike(one_probe: Arrays, other_probe: Arrays, scenario: str) -> None:
    before = start(make_experiment().runs()[0].spec)
    one, other = parts(one_probe, scenario), parts(other_probe, scenario)
    assert one.keys() == other.keys() == before.keys()
    for name in moved(one_probe, scenario):
        way = np.abs(one[name] - before[name]).max()
        gap = np.abs(one[name] - other[name]).max()
        assert gap < 0.05 * way, f"{name}: the libraries are {gap:.2e} apart after {way:.2e}"


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_a_recipe_changes_the_training(
    probes: dict[str, Arrays], library: str, word: str
) -> None:
    changed, plain = parts(probes[library], word), parts(probes[library], "constant")
    assert any(np.abs(changed[name] - plain[name]).max() > 1e-5 for name in plain)


@pytest.mark.parametrize("library", LIBRARIES)
def test_mixed_precision_rounds_and_still_learns(probes: dict[str, Arrays], library: str) -> None:
    half, full = (probes[library][f"{name}:metrics"] for name in ("bfloat16", "constant"))
    assert (half != full).any()
    np.testing.assert_allclose(half, full, atol=0.1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_discriminative_rates_move_the_first_layers_less(probes: dict[str, Arrays], library: str) -> None:
    before = start(make_experiment().runs()[0].spec)
    plain, spread = (parts(probes[library], name) for name in ("constant", "discriminative"))

    def way(arrays: Arrays, name: str) -> float:
        return float(np.abs(arrays[name] - before[name]).mean())

    assert way(spread, "conv1/kernel") < 0.2 * way(plain, "conv1/kernel")
    assert way(spread, "conv3/kernel") == pytest.approx(way(plain, "conv3/kernel"), rel=0.3)
    assert way(spread, "head-logits/kernel") > 3 * way(plain, "head-logits/kernel")


def test_both_libraries_explain_alike(probes: dict[str, Arrays]) -> None:
    for library in ("fastai", *BACKENDS):
        keras, other = probes["keras"], probes[library]
        assert keras["explained-heatmaps"].shape == (3, 2, 2)
        assert keras["explained-heatmaps"].max() == 1.0
        np.testing.assert_allclose(
            keras["explained-heatmaps"], other["explained-heatmaps"], atol=2e-3, err_msg=library
        )
        np.testing.assert_allclose(
            other["explained-heatmaps"], probes["fastai"]["explained-captum"], atol=2e-3
        )
        assert list(keras["explained-layers"]) == list(other["explained-layers"])
        for number in range(len(keras["explained-layers"])):
            name = f"explained-activation{number}"
            assert np.abs(keras[name].astype(int) - other[name]).max() <= 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_weight_decay_is_decoupled_and_of_kernels_only(probes: dict[str, Arrays], library: str) -> None:
    plain, decayed = (parts(probes[library], name) for name in ("one-step", "one-step-decayed"))
    spec = make_experiment().runs()[0].spec
    rate = spec["phases"][1]["lr"]
    before = start(spec)
    for name, array in before.items():
        expected = 0.5 * rate * array if name.endswith("/kernel") else np.zeros_like(array)
        np.testing.assert_allclose(plain[name] - decayed[name], expected, atol=2e-7, err_msg=name)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("scenario", ["all", "one-step"])
def test_the_rates_of_the_last_step_are_the_schedules(
    probes: dict[str, Arrays], library: str, scenario: str
) -> None:
    spec = make_experiment().runs()[0].spec
    task = task_for(spec, scenario, data.load(spec["tasks"]["target"]))
    expected = schedules.rates(task.phase["schedule"], task.phase["lr"], task.steps - 1, task.steps)
    metrics = dict(zip(METRICS, probes[library][f"{scenario}:metrics"], strict=True))
    found = (metrics["learning_rate"], metrics["momentum"])
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_one_cycle_is_fastais(probes: dict[str, Arrays]) -> None:
    rows = probes["fastai"]["one-cycle"]
    assert len(rows) == 3 * (1 + 7 + 100)
    for warmup, steps, step, *expected in rows:
        found = schedules.one_cycle(int(step), int(steps), 3e-3, warmup=warmup)
        assert found == pytest.approx(expected, abs=1e-6)
        assert found.learning_rate == pytest.approx(expected[0], rel=1e-3)


def test_cosine_is_kerass(probes: dict[str, Arrays]) -> None:
    for warmup, steps, step, expected in probes["keras"]["cosine"]:
        found = schedules.cosine(int(step), int(steps), 3e-3, warmup=warmup, final_share=0.01)
        assert found.learning_rate == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_reseeding_keras_repeats_its_random_numbers(probes: dict[str, Arrays]) -> None:
    first, again, other = probes["keras"]["dropped"]
    assert (first == again).all()
    assert (first != other).any()


def rich_run(library: str) -> Run:
    """A run with much to remember: optimizers by group, augmentation, mixing, dropout, a best epoch."""
    phases = [
        {"train": "head", "epochs": 2, "lr": 0.01},
        {"train": "all", "epochs": 2, "lr": [1e-4, 2e-3]},
    ]
    changes = {
        "phases": phases,
        "augment": "common",
        "mixup": 0.3,
        "clip_norm": 1.0,
        "head": {"hidden": [8], "dropout": 0.2},
        "selection": "best-validation-loss",
    }
    experiment = make_experiment(
        explain=2, **{f"recipes__matched__{name}": change for name, change in changes.items()}
    )
    return next(run for run in experiment.runs() if run.library == library)


class Session:
    """Starts a worker in a folder, and kills it where a test says so."""

    def __init__(self, run: Run, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = runner.prepare_folder(folder, run), environment
        self.command = [sys.executable, "-m", workers.WORKERS[run.library].module, str(folder)]

    def kill_after(self, epochs: int, pause: float) -> None:
        """Kill the worker (signal 9) `pause` seconds after so many epochs of the whole run."""
        process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        with process:
            assert process.stdout is not None
            done = 0
            while done < epochs:
                done = json.loads(process.stdout.readline()).get("done", 0)
            time.sleep(pause)
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not (self.folder / "record").exists()

    def finish(self) -> tuple[Record, str]:
        """Run to the end; return the record, and what was written on standard error."""
        done = subprocess.run(self.command, env=self.environment, capture_output=True, text=True, check=True)
        place = self.folder.parent / json.loads((self.folder / "spec.json").read_text())["run"]
        (self.folder / "record").rename(place)
        return read_record(place), done.stderr


@pytest.fixture(scope="session")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Callable[[str], tuple[Record, str]]:
    kept: dict[str, tuple[Record, str]] = {}

    def get(library: str) -> tuple[Record, str]:
        if library not in kept:
            kept[library] = Session(
                rich_run(library), tmp_path_factory.mktemp(library) / "work", environment
            ).finish()
        return kept[library]

    return get


Uninterrupted = Callable[[str], tuple[Record, str]]


@pytest.mark.parametrize(("library", "kills"), [("keras", [5]), ("fastai", [3, 5])])
def test_killed_a_run_ends_as_if_it_had_not_been(
    uninterrupted: Uninterrupted,
    environment: dict[str, str],
    tmp_path: Path,
    library: str,
    kills: list[int],
) -> None:
    """Kill after 3 epochs, in the middle of the second phase, or after 5, in the middle of the third."""
    session = Session(rich_run(library), tmp_path / "work", environment)
    for epochs in kills:
        session.kill_after(epochs, pause=0.01)
    record, _ = session.finish()
    whole, _ = uninterrupted(library)
    assert (record.facts.resumed, whole.facts.resumed) == (len(kills), 0)
    times = ["train_seconds", "seconds"]
    pd.testing.assert_frame_equal(
        record.epochs.drop(columns=times), whole.epochs.drop(columns=times), check_exact=True
    )
    pd.testing.assert_frame_equal(record.predictions, whole.predictions, check_exact=True)
    assert record.facts.weights == whole.facts.weights
    assert record.facts.metrics == whole.facts.metrics


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_worker_is_silent_on_standard_error(uninterrupted: Uninterrupted, library: str) -> None:
    assert uninterrupted(library)[1] == ""


def test_the_libraries_records_share_data_weights_and_rates(uninterrupted: Uninterrupted) -> None:
    keras, fastai = (uninterrupted(library)[0] for library in LIBRARIES)
    assert keras.facts.data == fastai.facts.data
    assert keras.facts.weights.initial_sha256 == fastai.facts.weights.initial_sha256
    assert keras.facts.weights.parameters == fastai.facts.weights.parameters
    rates = ["phase", "epoch", "learning_rate", "momentum"]
    pd.testing.assert_frame_equal(keras.epochs[rates], fastai.epochs[rates], rtol=1e-5)
    assert list(keras.predictions["id"]) == list(fastai.predictions["id"])


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_record_explains_as_many_predictions_as_asked(uninterrupted: Uninterrupted, library: str) -> None:
    place = uninterrupted(library)[0].explanations
    assert place is not None
    with np.load(place, allow_pickle=False) as file:
        found = dict(file)
    assert found["heatmaps"].shape == (2, 2, 2)
    assert {"ids", "labels", "predictions", "losses", "layers", "activation0"} <= found.keys()
    assert "images" not in found, "the experiment does not allow showing them"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_record_says_what_it_ran_on(uninterrupted: Uninterrupted, library: str) -> None:
    facts = uninterrupted(library)[0].facts
    backend = {"keras": "tensorflow", "fastai": "torch"}[library]
    assert facts.software["backend"] == backend
    assert {library, backend, "python", "numpy", "scikit-learn"} <= facts.software.keys()
    assert facts.hardware.threads == 1
    assert facts.hardware.accelerator
    assert facts.performance.peak_memory_bytes
    assert facts.performance.peak_memory_bytes > 1e8
    assert facts.performance.images_per_second.keys() == {"pretrain", "head", "all"}


def test_the_shared_part_of_a_worker_needs_no_more_than_it_says() -> None:
    code = "import sys, moocmap.experiments.training.worker as w; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"numpy", "pandas"} <= loaded
    assert not loaded & {"keras", "tensorflow", "fastai", "torch", "pydantic", "yaml", "rich", "matplotlib"}


def test_probabilities_sum_to_one() -> None:
    chances = probabilities(np.array([[1000.0, 0.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(chances, [[1.0, 0.0], [0.5, 0.5]])


def test_start_differs_from_what_is_drawn() -> None:
    spec = make_experiment().runs()[0].spec
    assert weights.digest(start(spec)) != weights.digest(weights.draw(layers_of(spec, "target"), 1, 0))
