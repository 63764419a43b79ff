"""Recorded runs trained again, and ablations told, by the real commands."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
EXPERIMENT = """\
title: Small
summary: {en: A small one., es: Uno pequeño.}
data:
  source: {kind: sklearn, name: digits}
  pixel_range: [0, 16]
  classes: [5, 6]
  split: {validation: 0.1, test: 0.2}
models: [small-cnn]
libraries: [fastai]
seeds: [0]
threads: 1
recipes:
  quick:
    phases: [{train: all, epochs: 1, lr: 0.01}]
    schedule: one-cycle
    batch_size: 32
    frozen_batchnorm: inference
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, moocmap):
    """A guide with one recorded run."""
    root = tmp_path_factory.mktemp("small")
    shutil.copytree(REPOSITORY / "curriculum", root / "curriculum")
    (root / "experiments").mkdir()
    (root / "experiments" / "small.yml").write_text(EXPERIMENT, encoding="utf-8")
    done = moocmap("experiment", "run", "small", root=root)
    assert done.returncode == 0, done.stderr
    return root


def test_a_run_trained_again_is_equal_and_a_changed_record_is_found(moocmap, recorded):
    done = moocmap("experiment", "verify", "small", "--format", "json", root=recorded)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)
    assert (row["run"], row["verdict"], row["where"]) == ("fastai-small-cnn-quick-seed0", "equal", "")
    assert row["made on"] == "the same machine and versions"

    file = recorded / "experiments/results/small/fastai-small-cnn-quick-seed0/epochs.csv"
    header, line = file.read_text().splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    wrong = line.replace(cells["train_loss"], f"{float(cells['train_loss']) + 1e-6:.7g}", 1)
    file.write_text(f"{header}\n{wrong}\n")
    done = moocmap("experiment", "verify", "small", root=recorded)
    assert done.returncode == 1
    assert f"train_loss of epoch 1: {cells['train_loss']} in place of" in done.stdout


def test_nothing_recorded_is_nothing_to_verify(moocmap):
    done = moocmap("experiment", "verify", "digits", "--results", "experiments", root=REPOSITORY)
    assert done.returncode == 1
    assert "'digits' has no such records; run: moocmap experiment run digits" in done.stderr


def test_an_ablation_is_told_step_by_step(moocmap):
    done = moocmap("experiment", "attribute", "skin-cancer-mobilenet", "--format", "csv", root=REPOSITORY)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    first, start, *_, last = [row for row in rows if row["way"] == rows[0]["way"]]
    assert (first["library"], first["recipe"]) == ("keras", "published")
    assert not first["accuracy_change"]
    assert (start["library"], start["recipe"]) == ("fastai", "published-start")
    assert (last["library"], last["recipe"]) == ("fastai", "published")
    steps = [float(row["validation_accuracy_change"]) for row in rows[1:] if row["way"] == rows[0]["way"]]
    whole = float(last["validation_accuracy"]) - float(first["validation_accuracy"])
    assert sum(steps) == pytest.approx(whole), "all have the same seeds, so the steps add up"


def test_an_experiment_without_ablations_says_how_to_write_one(moocmap):
    done = moocmap("experiment", "attribute", "digits", root=REPOSITORY)
    assert done.returncode == 1
    assert "'digits' takes no recipe apart" in done.stderr
