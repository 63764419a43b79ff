"""Ablations: what their steps make of recipes, what is wrong with them, and what their records say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moocmap.experiments.results.attribution import attributions
from moocmap.experiments.results.record import Record
from moocmap.experiments.settings.ablation import PARTS, AblationStep, taken_over
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.settings.model import Experiment
from moocmap.experiments.settings.recipe_settings import Recipe

from .made_up import made_up

YAML = """\
title: Small
summary: {en: A small one.}
data:
  source: {kind: sklearn, name: digits}
  pixel_range: [0, 16]
  classes: [5, 6, 7]
  split: {validation: 0.1, test: 0.2}
models: [small-cnn]
libraries: [keras, fastai]
seeds: [0, 1, 2]
recipes:
  own:
    keras:
      phases: [{train: all, epochs: 6, lr: 0.001}]
      schedule: constant
      optimizer: adam
      l2: 0.01
      batch_size: 16
      frozen_batchnorm: inference
    fastai:
      phases: [{train: all, epochs: 2, lr: 0.01}]
      schedule: one-cycle
      weight_decay: 0.02
      batch_size: 16
      frozen_batchnorm: inference
ablations:
  - title: From Keras to fastai
    recipe: own
    start: keras
    end: fastai
    library: fastai
    steps:
      - {id: start, take: [], title: start}
      - {id: short, take: [epochs], title: fewer epochs}
      - {id: cycle, take: [schedule, lr], title: one-cycle}
      - {id: decay, take: [optimizer, weight_decay, l2], title: decay}
"""


def load(root: Path, text: str = YAML) -> tuple[list[Experiment], list[str]]:
    (root / "experiments").mkdir(exist_ok=True)
    (root / "experiments" / "small.yml").write_text(text)
    experiments, problems = load_experiments(root)
    return experiments, list(map(str, problems))


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    [found], problems = load(tmp_path)
    assert not problems
    return found


def test_steps_are_recipes_of_one_library(experiment: Experiment) -> None:
    assert list(experiment.recipes) == ["own", "own-start", "own-short", "own-cycle"]
    assert experiment.libraries_of("own") == ["keras", "fastai"]
    assert experiment.libraries_of("own-short") == ["fastai"]
    runs = [run.id for run in experiment.runs_of("own-short")]
    assert runs == [f"fastai-small-cnn-own-short-seed{seed}" for seed in (0, 1, 2)]
    assert len(experiment.runs()) == 3 * (2 + 3)


def test_each_step_keeps_what_the_earlier_ones_took(experiment: Experiment) -> None:
    phases = {
        name: experiment.runs_of(name)[-1].spec["phases"][0]
        for name in ("own-start", "own-short", "own-cycle")
    }
    of = {name: (p["epochs"], p["schedule"]["kind"], p["lr"], p["l2"]) for name, p in phases.items()}
    assert of == {
        "own-start": (6, "constant", 0.001, 0.01),
        "own-short": (2, "constant", 0.001, 0.01),
        "own-cycle": (2, "one-cycle", 0.01, 0.01),
    }


def test_the_start_is_what_the_other_library_does(experiment: Experiment) -> None:
    keras = next(run for run in experiment.runs_of("own") if run.library == "keras")
    start = experiment.runs_of("own-start")[0]
    assert start.spec["phases"] == keras.spec["phases"]
    assert (start.library, keras.library) == ("fastai", "keras")


def test_the_way_goes_from_one_librarys_own_to_the_others(experiment: Experiment) -> None:
    [ablation] = experiment.settings.ablations
    assert [(library, recipe) for library, recipe, _ in ablation.chain] == [
        ("keras", "own"),
        ("fastai", "own-start"),
        ("fastai", "own-short"),
        ("fastai", "own-cycle"),
        ("fastai", "own"),
    ]


@given(order=st.permutations([part for part in PARTS if part not in ("optimizer", "weight_decay", "l2")]))
def test_any_order_of_steps_arrives(order: list[str]) -> None:
    common = {"batch_size": 8, "frozen_batchnorm": "inference", "schedule": "constant"}
    start = Recipe.model_validate(
        {**common, "phases": [{"train": "all", "epochs": 3, "lr": 0.1}], "optimizer": "adam", "l2": 0.5}
    )
    end = Recipe.model_validate(
        {
            **common,
            "phases": [{"train": "all", "epochs": 1, "lr": [0.1, 0.2], "but": {"batch_size": 4}}],
            "schedule": "cosine",
            "weight_decay": 0.1,
            "mixup": 0.4,
            "label_smoothing": 0.1,
            "head": "fastai",
        }
    )
    recipe = start
    for part in [*order, "decay"]:
        take = ["optimizer", "weight_decay", "l2"] if part == "decay" else [part]
        recipe = taken_over(recipe, end, AblationStep(id="step", take=take, title="step"))
    assert recipe == end


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "take: [epochs]",
            "take: [epoch]",
            "34:28: error[wrong-value]: expected 'epochs' or 'lr' or 'but' or 'schedule'",
        ),
        ("take: []", "take: [lr]", "33:27: error[wrong-ablation]: the first step is the start"),
        (
            "take: [schedule, lr]",
            "take: [schedule]",
            "27:3: error[wrong-ablation]: the steps do not arrive at fastai's recipe; let one",
        ),
        (
            "take: [optimizer, weight_decay, l2]",
            "take: [weight_decay]",
            "step 'decay' makes no recipe: adam has no decoupled weight_decay",
        ),
        ("    recipe: own\n", "    recipe: mine\n", "no recipe 'mine' that differs by library"),
        ("    library: fastai", "    library: keras-jax", "the experiment does not run library 'keras-jax'"),
        ("id: cycle", "id: short", "step 'short' makes another recipe than the 'own-short' that is there"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert YAML.count(old) == 1
    _, problems = load(tmp_path, YAML.replace(old, new))
    assert any(expected in problem for problem in problems), problems
    assert all(problem.startswith("experiments/small.yml:") for problem in problems)


def records(experiment: Experiment, accuracy: dict[tuple[str, str], list[float]]) -> list[Record]:
    found = []
    for (library, recipe), values in accuracy.items():
        for seed, value in enumerate(values):
            record = made_up(library, seed, recipe=recipe)
            object.__setattr__(record.facts.metrics.validation, "accuracy", value)
            found.append(record)
    return found


def test_changes_are_paired_on_seeds(experiment: Experiment) -> None:
    accuracy = {
        ("keras", "own"): [0.5, 0.6, 0.7],
        ("fastai", "own-start"): [0.55, 0.6, 0.71],
        ("fastai", "own-short"): [0.4, 0.5],
        ("fastai", "own"): [0.8, 0.8, 0.9],
    }
    [found] = attributions(records(experiment, accuracy), experiment.settings.ablations)
    assert [(link.library, link.recipe) for link in found.links] == [
        (library, recipe) for library, recipe, _ in experiment.settings.ablations[0].chain
    ]
    first, start, short, cycle, last = found.links
    assert first.step is None
    assert not first.changes
    gaps = np.subtract(accuracy["fastai", "own-start"], accuracy["keras", "own"])
    low, high = stats.t.interval(0.95, 2, gaps.mean(), stats.sem(gaps))
    assert start.changes["validation_accuracy"] == pytest.approx((gaps.mean(), low, high, 3))
    assert short.changes["validation_accuracy"][::3] == pytest.approx((-0.125, 2)), "two seeds in common"
    assert not cycle.values, "not measured yet"
    assert not last.changes, "so nothing can be said of the next step either"
    assert found.whole["validation_accuracy"].mean == pytest.approx(0.7 / 3)
    largest = found.largest("validation_accuracy")
    assert largest is short
    assert start.values["accuracy"].mean == 1.0, "the made-up test images are all right"


def test_without_records_of_steps_there_is_nothing_to_attribute(experiment: Experiment) -> None:
    mine = records(experiment, {("keras", "own"): [0.5], ("fastai", "own"): [0.6]})
    assert attributions(mine, experiment.settings.ablations) == []
