"""The zoo's models are those that the libraries publish, and one model is the same in both libraries."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moocmap.experiments.models import bridge, weights, zoo
from moocmap.experiments.running import workers
from moocmap.experiments.spec import ExperimentError

from .parity import ACROSS, KERAS, TORCH

ASKED = sorted(KERAS)

# Trainable parameters without the top: keras.io/api/applications, pytorch.org/vision/stable/models (its
# totals less the classifier's).
PUBLISHED = {
    ("vgg16", "keras"): 14_714_688,
    ("vgg19", "keras"): 20_024_384,
    ("resnet50", "keras"): 23_534_592,
    ("resnet101", "keras"): 42_552_832,
    ("densenet121", "keras"): 6_953_856,
    ("densenet169", "keras"): 12_484_480,
    ("mobilenet", "keras"): 3_206_976,
    ("vgg16", "torch"): 138_365_992 - 123_642_856,
    ("vgg19", "torch"): 143_678_248 - 123_642_856,
    ("resnet50", "torch"): 25_557_032 - 2_049_000,
    ("resnet101", "torch"): 44_549_160 - 2_049_000,
    ("densenet121", "torch"): 7_978_856 - 1_025_000,
    ("densenet169", "torch"): 14_149_480 - 1_665_000,
}


@pytest.mark.parametrize(("model", "variant"), PUBLISHED)
def test_parameters_are_as_many_as_published(model: str, variant: str) -> None:
    shapes = weights.shapes(zoo.body(model, variant), 3)
    trainable = [shape for name, shape in shapes.items() if name.rpartition("/")[2] not in weights.STATISTICS]
    assert sum(map(math.prod, trainable)) == PUBLISHED[model, variant]


@pytest.mark.parametrize("model", sorted(zoo.MODELS))
def test_every_label_is_given_before_it_is_used_and_every_name_once(model: str) -> None:
    for variant in zoo.MODELS[model].variants:
        labels: set[str] = set()
        layers = zoo.body(model, variant)
        for layer in layers:
            assert set(layer.get("inputs", [])) <= labels
            labels.add(layer.get("output", ""))
        named = [layer["name"] for layer in layers if "name" in layer]
        assert len(named) == len(set(named))


def test_what_nobody_publishes_is_said() -> None:
    with pytest.raises(ExperimentError, match="torchvision publishes no weights of the family 'mobilenet'"):
        bridge.torch_names("mobilenet", zoo.body("mobilenet", "keras"))
    with pytest.raises(
        ExperimentError, match="expected layer 'conv1' with 1 arrays for 'stem-conv', got none"
    ):
        bridge.from_keras("mobilenet", zoo.body("mobilenet", "keras"), {})
    with pytest.raises(ExperimentError, match=r"expected a tensor 'conv1\.weight'"):
        bridge.from_torch("resnet", zoo.body("resnet50", "torch"), {})


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What `parity.py` found, by library."""
    for name in ("keras", "tensorflow", "fastai", "torchvision"):
        if importlib.util.find_spec(name) is None:
            pytest.skip("needs both libraries: pip install -e '.[experiments]'")
    folder = tmp_path_factory.mktemp("parity")
    environment = {
        **os.environ,
        **workers.WORKERS["keras"].environment,
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    for library in ("keras", "fastai"):
        command = [sys.executable, "-m", "experiments.parity", library, folder / f"{library}.npz", *ASKED]
        subprocess.run(command, env=environment, check=True)
    return {library: dict(np.load(folder / f"{library}.npz")) for library in ("keras", "fastai")}


def close(one: Any, other: Any) -> None:
    assert one.shape == other.shape
    assert np.abs(one).max() > 1e-3
    assert np.abs(one - other).max() <= 1e-4 * max(1.0, float(np.abs(one).max()))


@pytest.mark.slow
@pytest.mark.parametrize("model", ASKED)
def test_our_layers_are_those_of_keras_applications(asked: dict[str, dict[str, Any]], model: str) -> None:
    close(asked["keras"][f"{model}:keras:ours"], asked["keras"][f"{model}:keras:theirs"])


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(TORCH))
def test_our_layers_are_those_of_torchvision(asked: dict[str, dict[str, Any]], model: str) -> None:
    close(asked["fastai"][f"{model}:torch:ours"], asked["fastai"][f"{model}:torch:theirs"])


@pytest.mark.slow
@pytest.mark.parametrize(("model", "variant"), ACROSS)
def test_one_model_is_the_same_in_both_libraries(
    asked: dict[str, dict[str, Any]], model: str, variant: str
) -> None:
    close(asked["keras"][f"{model}:{variant}:ours"], asked["fastai"][f"{model}:{variant}:ours"])
