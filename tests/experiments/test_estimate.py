"""Costs follow from layers and settings; they are held against known figures and against real trainings."""

import json
import math
from pathlib import Path

import pytest

from moocmap.experiments.models import zoo
from moocmap.experiments.running import estimate as costs
from moocmap.experiments.running.layer_costs import layer_costs
from moocmap.experiments.running.places import Places
from moocmap.experiments.running.whereabouts import TaskSize, sizes_of
from moocmap.experiments.settings.model import Experiment

from .samples import make_experiment

PUBLISHED = {
    "vgg16": (15.35, 512),
    "resnet50": (4.09, 2048),
    "resnet101": (7.80, 2048),
    "densenet121": (2.83, 1024),
    "mobilenet": (0.568, 1024),
}
"""Multiply-adds (10⁹) and channels at the end, for an image of 224 pixels: torchvision's and Google's figures
(without the head)."""


@pytest.mark.parametrize("model", PUBLISHED)
def test_multiply_adds_are_those_of_the_papers(model: str) -> None:
    variant = zoo.MODELS[model].variants[-1]
    found = layer_costs(zoo.body(model, variant), (224, 224, 3))
    giga, channels = PUBLISHED[model]
    assert sum(cost.multiply_adds for cost in found) / 1e9 == pytest.approx(giga, rel=0.01)
    assert found[-1].shape == (7, 7, channels)


@pytest.mark.parametrize("model", sorted(zoo.MODELS))
def test_every_model_of_the_zoo_can_be_followed(model: str) -> None:
    for variant in zoo.MODELS[model].variants:
        image = (28, 28, 1) if model == "dense-10" else (64, 64, 3)
        for pooling in (None, "average", "max-and-average"):
            if pooling is None and zoo.MODELS[model].ends_in_maps:
                continue
            if pooling and not zoo.MODELS[model].ends_in_maps:
                continue
            layers = zoo.body(model, variant) + zoo.head(7, pooling=pooling, hidden=[5], batchnorm="torch")
            assert layer_costs(layers, image)[-1].shape == (1, 1, 7)


MEASURED = [
    # Peak resident memory (MiB) of real trainings of 153 images, 95 to validate, 95 to test, on a processor.
    ("small-cnn", 64, 32, "all", "keras", 937),
    ("mobilenet-0.25", 96, 32, "all", "keras", 1152),
    ("mobilenet", 96, 32, "head", "keras", 1072),
    ("resnet50", 64, 16, "all", "keras", 2452),
    ("resnet50", 64, 16, "head", "keras", 1373),
    ("densenet121", 96, 16, "all", "keras", 2600),
    ("vgg16", 64, 16, "all", "keras", 1734),
    ("small-cnn", 128, 64, "all", "keras", 1225),
    ("small-cnn", 64, 32, "all", "fastai", 975),
    ("mobilenet-0.25", 96, 32, "all", "fastai", 1062),
    ("mobilenet", 96, 32, "head", "fastai", 1113),
]


def big_experiment(model: str, size: int, batch: int, train: str, library: str) -> Experiment:
    recipe = {
        "phases": [{"train": train, "epochs": 2, "lr": 0.001}],
        "schedule": "constant",
        "batch_size": batch,
        "frozen_batchnorm": "inference",
        "architecture": "keras",
    }
    data = {
        "source": {"kind": "folder", "path": "images"},
        "classes": ["a", "b"],
        "split": {"validation": 0.2, "test": 0.2},
        "image_size": size,
    }
    return make_experiment(
        models=[model], libraries=[library], data=data, recipes={"r": recipe}, pretrain=None, threads=None
    )


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: "-".join(map(str, case[:5])))
def test_memory_is_within_a_factor_of_two_of_what_was_measured(
    case: tuple[str, int, int, str, str, int],
) -> None:
    model, size, batch, train, library, peak = case
    run = big_experiment(model, size, batch, train, library).runs()[0]
    sizes = {"target": TaskSize({"train": 153, "validation": 95, "test": 95}, (size, size, 3))}
    found = costs.memory(run.spec, sizes)
    assert peak * 2**20 / 2 < found < peak * 2**20 * 2


def test_memory_grows_with_the_batch_and_the_images() -> None:
    def memory(size: int, batch: int) -> int:
        run = big_experiment("resnet50", size, batch, "all", "fastai").runs()[0]
        return costs.memory(run.spec, {"target": TaskSize(dict.fromkeys(PARTS, 500), (size, size, 3))})

    assert memory(64, 16) < memory(64, 64) < memory(128, 64)
    assert memory(512, 256) > 50e9


PARTS = ("train", "validation", "test")


def test_disk_holds_two_checkpoints() -> None:
    run = big_experiment("resnet50", 64, 16, "all", "fastai").runs()[0]
    sizes = {"target": TaskSize(dict.fromkeys(PARTS, 100), (64, 64, 3))}
    parameters = costs.parameters(run.spec, sizes["target"])
    assert parameters == pytest.approx(23.5e6, rel=0.01)
    assert costs.disk(run.spec, sizes) == 2 * 4 * 3 * parameters


def places(folder: Path) -> Places:
    return Places([folder / "data"], [folder / "weights"], folder / "cache")


def test_images_are_counted_and_times_follow_the_epochs(experiment: Experiment, tmp_path: Path) -> None:
    runs = experiment.runs()
    sizes = sizes_of(experiment, runs[0], places(tmp_path))
    assert sizes["target"].image == (8, 8, 1)
    found = costs.estimate(experiment, runs, places(tmp_path), speed=1e9)
    assert [one.basis for one in found if one] == ["rule"] * 4
    assert all(one and one.images == sizes["target"].images for one in found)
    slow = costs.estimate(experiment, runs, places(tmp_path), speed=1e7)
    assert all(a and b and a.seconds < b.seconds for a, b in zip(found, slow, strict=True))


def test_images_that_are_not_here_leave_an_estimate_open(tmp_path: Path) -> None:
    experiment = big_experiment("small-cnn", 32, 8, "all", "keras")
    assert costs.estimate(experiment, experiment.runs(), places(tmp_path)) == [None, None]


def test_records_of_this_machine_come_before_published_ones(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.runs()[0]
    phases = run.spec["phases"]

    def write(folder: str, seconds: float) -> None:
        place = tmp_path / folder / "small" / run.id
        place.mkdir(parents=True)
        facts = {
            "spec": run.spec,
            "seconds": {phase["name"]: seconds * phase["epochs"] for phase in phases},
            "data": {name: {"parts": {"train": {"n": 100}}} for name in run.spec["tasks"]},
        }
        (place / "run.json").write_text(json.dumps(facts))

    write("published", 50.0)
    own, published = tmp_path / "own", tmp_path / "published"
    paces = costs.read_paces(own, published)
    assert {pace.basis for pace in paces.values()} == {"published records"}
    write("own", 10.0)
    paces = costs.read_paces(own, published)
    assert {(pace.basis, pace.seconds_per_image) for pace in paces.values()} == {("own records", 0.1)}
    (found,) = costs.estimate(experiment, [run], places(tmp_path), paces)
    assert found
    assert found.basis == "own records"
    sizes = sizes_of(experiment, run, places(tmp_path))
    expected = sum(0.1 * sizes[phase["task"]].parts["train"] * phase["epochs"] for phase in phases)
    assert found.seconds == pytest.approx(expected + costs.START["keras"])
    (place,) = own.glob("small/*")
    (place / "run.json").write_text("{")
    assert {pace.basis for pace in costs.read_paces(own, published).values()} == {"published records"}


def test_what_does_not_fit_is_warned_of(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [one for one in costs.estimate(experiment, experiment.runs(), places(tmp_path), speed=1e9) if one]
    assert costs.warnings(found, tmp_path) == []
    monkeypatch.setattr(costs, "free_memory", lambda: 10_000_000)
    monkeypatch.setattr(costs, "free_disk", lambda folder: 10)
    memory, disk = costs.warnings(found, tmp_path / "not" / "there")
    assert "lower batch_size or image_size" in memory
    assert "make room" in disk


def test_this_machine_is_measured() -> None:
    assert 1e7 < costs.calibrate(least=0.02) < 1e15
    free = costs.free_memory()
    assert free is None or 0 < free < 1e14
    assert costs.free_disk(Path("/not/there")) > 0
    assert math.isclose(float(costs.gigabytes(2.5e9).split()[0]), 2.5)
