"""What a worker does around a library's training: with a library that only says what it is told to say."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moocmap.experiments.results.record import read_record
from moocmap.experiments.running import runner
from moocmap.experiments.settings.model import Run
from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training import checkpoint, ledger, lr_finder, pretrained, worker
from moocmap.experiments.training.machine import Machine
from moocmap.experiments.training.worker import EpochEnd, Library, OnEpoch, OnStep, PhaseTask, Session

from .samples import make_experiment

LOSSES = (0.9, 0.5, 0.6, 0.7, 0.4, 0.3)
"""Validation losses of the epochs of any phase."""


class Killed(Exception):  # noqa: N818 (a signal, no mistake)
    """The process has ended."""


class Told:
    """A library: every array of an epoch's weights is the number of its epoch, from 1."""

    def __init__(self, losses: Sequence[float] = LOSSES, kill_after: int = 1000) -> None:
        self.losses, self.kill_after, self.trained = losses, kill_after, list[tuple[str, int]]()

    def train(self, task: PhaseTask, on_epoch: OnEpoch, on_step: OnStep | None = None) -> None:
        if on_step:
            for step in range(task.steps):
                if on_step(step, 1.0 if step < 40 else 100.0):
                    return
        for epoch in range(task.first_epoch, task.phase["epochs"]):
            if len(self.trained) == self.kill_after:
                raise Killed
            self.trained.append((task.phase["name"], epoch + 1))
            metrics = dict.fromkeys(
                ("learning_rate", "momentum", "train_loss", "train_accuracy", "validation_accuracy"), 0.5
            )
            weights = {name: np.full_like(array, epoch + 1.0) for name, array in task.weights.items()}
            end = EpochEnd(epoch, 1.0, 0.5, {**metrics, "validation_loss": self.losses[epoch]}, weights, {})
            if on_epoch(end):
                return

    def library(self) -> Library:
        def logits(layers: Any, weights: Any, images: Any) -> Any:
            found = np.zeros((len(images), 3), np.float32)
            found[:, int(weights["head-logits/bias"][0]) % 3] = 1.0
            return found

        facts = {
            "software": {"keras": "1", "backend": "told", "told": "1"},
            "accelerator": "none",
            "determinism": "told",
        }
        return Library(lambda threads: None, lambda: facts, self.train, logits, lambda: 7, lambda *_: {})


def make_run(epochs: int = 6, **changes: Any) -> Run:
    recipe = {"recipes__matched__phases": [{"train": "all", "epochs": epochs, "lr": 0.01}]}
    changed = {f"recipes__matched__{name}": value for name, value in changes.items()}
    return make_experiment(**{"pretrain": None, **recipe, **changed}).runs()[0]


def go(folder: Path, run: Run, told: Told | None = None, machine: Machine | None = None) -> Any:
    runner.prepare_folder(folder, run, machine)
    Session(folder, (told or Told()).library()).run()
    if not (folder / "record").exists():
        return None
    place = folder.parent / run.id
    (folder / "record").rename(place)
    return read_record(place)


def test_the_last_epoch_is_selected_by_default(tmp_path: Path) -> None:
    record = go(tmp_path / "work", make_run())
    assert record.facts.metrics.selected.model_dump() == {"phase": "all", "epoch": 6, "rule": "last"}
    assert set(record.predictions["prediction"]) == {5}  # logits of epoch 6 say class 6 % 3
    assert record.facts.performance.peak_gpu_memory_bytes == 7
    assert record.facts.performance.images_per_second == {"all": pytest.approx(87 / 0.5, rel=0.01)}


def test_the_best_epoch_is_tested_where_a_recipe_selects_it(tmp_path: Path) -> None:
    losses = (0.9, 0.5, 0.6, 0.7, 0.55, 0.6)
    record = go(tmp_path / "work", make_run(selection="best-validation-loss"), Told(losses))
    assert record.facts.metrics.selected.epoch == 2
    assert record.facts.metrics.validation.loss == 0.5
    assert set(record.predictions["prediction"]) == {7}  # epoch 2 says class 2
    assert len(record.epochs) == 6


STOPPING = {"early_stopping": {"monitor": "validation_loss", "patience": 2}}


def test_a_phase_stops_early(tmp_path: Path) -> None:
    record = go(tmp_path / "work", make_run(**STOPPING))
    assert record.epochs["epoch"].tolist() == [1, 2, 3, 4]
    assert record.facts.metrics.selected.epoch == 4


@pytest.mark.parametrize("kill_after", range(5))
@pytest.mark.parametrize("selection", ["last", "best-validation-loss"])
def test_killed_a_stopping_run_ends_as_if_it_had_not_been(
    tmp_path: Path, kill_after: int, selection: str
) -> None:
    run = make_run(**STOPPING, selection=selection)
    whole = go(tmp_path / "whole" / "work", run)
    first, then = Told(kill_after=kill_after), Told()
    if kill_after < 4:
        with pytest.raises(Killed):
            go(tmp_path / "work", run, first)
        assert not (tmp_path / "work" / "record").exists()
    record = go(tmp_path / "work", run, then)
    assert [*first.trained, *then.trained] == [("all", 1), ("all", 2), ("all", 3), ("all", 4)]
    assert record.facts.metrics == whole.facts.metrics
    assert record.facts.weights == whole.facts.weights
    assert record.epochs.equals(whole.epochs)


def test_a_body_in_the_cache_is_not_trained_again(tmp_path: Path) -> None:
    one, other = (
        make_experiment().runs()[0],
        make_experiment(recipes__matched__head={"hidden": [4]}).runs()[0],
    )
    machine = Machine(cache=str(tmp_path / "cache"))
    assert pretrained.key_of(one.spec) != pretrained.key_of(other.spec)  # the source's head is as wide
    first, again = Told(), Told()
    go(tmp_path / "first" / "work", one, first, machine)
    record = go(tmp_path / "again" / "work", one, again, machine)
    assert ("pretrain", 1) in first.trained
    assert [phase for phase, _ in again.trained] == ["head", "head", "all", "all"]
    assert record.epochs["phase"].tolist()[:2] == ["pretrain", "pretrain"]
    assert record.facts.seconds["pretrain"] == 2.0


def test_runs_share_a_body_only_if_they_would_train_the_same() -> None:
    base = {
        run.seed: pretrained.key_of(run.spec) for run in make_experiment().runs() if run.library == "keras"
    }
    assert base[0] != base[1]
    shared = make_experiment(pretrain__seed=3, pretrain__library="keras").runs()
    assert len({pretrained.key_of(run.spec) for run in shared}) == 1
    target_only = make_experiment(recipes__matched__phases=[{"train": "all", "epochs": 1, "lr": 0.5}]).runs()
    assert pretrained.key_of(target_only[0].spec) == base[0]
    for change in ({"pretrain__lr": 0.5}, {"threads": 2}, {"pretrain__classes": [0, 1]}):
        assert pretrained.key_of(make_experiment(**change).runs()[0].spec) != base[0]


def test_one_library_trains_the_bodies_of_all(tmp_path: Path) -> None:
    run = next(run for run in make_experiment(pretrain__library="keras").runs() if run.library == "fastai")
    machine = Machine(cache=str(tmp_path / "cache"))
    with pytest.raises(ExperimentError, match="keras has not pre-trained the body yet"):
        go(tmp_path / "early" / "work", run, Told(), machine)
    keras = Run(run.id, "keras", run.model, run.recipe, run.seed, {**run.spec, "library": "keras"})
    first = Told()
    assert (
        go(tmp_path / "body" / "work", keras, first, Machine(cache=machine.cache, only_pretrain=True)) is None
    )
    assert {phase for phase, _ in first.trained} == {"pretrain"}
    record = go(tmp_path / "late" / "work", run, Told(), machine)
    assert record.library == "fastai"
    assert record.epochs["phase"].tolist()[0] == "pretrain"


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="no number after epoch 2 of phase 'all'; lower its learning"):
        go(tmp_path / "work", make_run(), Told((0.5, float("nan"))))
    assert not (tmp_path / "work" / "record").exists()


def test_lr_finder_leaves_everything_as_it_was(tmp_path: Path) -> None:
    run, folder = make_run(), tmp_path / "work"
    with pytest.raises(Killed):
        go(folder, run, Told(kill_after=2))
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    lr_finder.Request(steps=60).write(folder)
    go(folder, run, Told())
    (folder / lr_finder.REQUEST).unlink()
    curve = json.loads((folder / lr_finder.RESULT).read_text())
    (folder / lr_finder.RESULT).unlink()
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert curve["rates"][0] == pytest.approx(1e-7)
    assert len(curve["rates"]) < 60, "a loss that grows ends the search"
    assert curve["losses"][:40] == pytest.approx([1.0] * 40)


def test_a_checkpoint_keeps_all_it_is_given(tmp_path: Path) -> None:
    array = np.arange(3, dtype=np.float32)
    kept = checkpoint.Checkpoint(
        "h", "t", "i", {"a/kernel": array}, selected={"head": 2}, peaks={"memory": 5}, joules=1.5,
        optimizer={"0": array}, best={"a/kernel": array + 1}, rows=[{"epoch": 1}],
    )  # fmt: skip
    kept.save(tmp_path)
    found = checkpoint.load(tmp_path, "h")
    assert found is not None
    assert (found.selected, found.peaks, found.joules, found.rows) == (
        {"head": 2},
        {"memory": 5},
        1.5,
        [{"epoch": 1}],
    )
    assert found.best["a/kernel"].tolist() == [1, 2, 3]
    assert checkpoint.load(tmp_path, "other") is None


@pytest.mark.parametrize(
    ("losses", "patience", "stopped"),
    [([1.0], 1, False), ([1.0, 1.0], 1, True), ([1.0, 0.9], 1, False), ([1.0, 1.1, 1.2], 3, False)],
)
def test_stopping_waits_for_its_patience(losses: list[float], patience: int, stopped: bool) -> None:
    rows = [{"validation_loss": loss} for loss in losses]
    assert ledger.has_stopped(rows, {"monitor": "validation_loss", "patience": patience}) is stopped
    assert not ledger.has_stopped(rows, None)


def test_accuracy_is_better_when_higher() -> None:
    rows = [{"validation_accuracy": share} for share in (0.5, 0.8, 0.8, 0.7)]
    assert ledger.selected_epoch(rows, "best-validation-accuracy") == 1
    assert ledger.selected_epoch(rows, "last") == 3


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate"),
        ValueError("RESOURCE_EXHAUSTED: OOM"),
    ],
)
def test_what_says_that_memory_ran_out_is_understood(error: Exception) -> None:
    assert worker.is_out_of_memory(error)
    assert not worker.is_out_of_memory(ValueError("expected 3 classes"))


def test_an_attached_worker_ends_with_the_process_that_started_it() -> None:
    program = (
        "import time; from moocmap.experiments.training.attached import end_with_starter;"
        "end_with_starter(); print(1, flush=True);"
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "1\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(10) == 1
