"""The table of published weights is what the installed libraries would download."""

from __future__ import annotations

import json

import pytest

from moocmap.experiments.models import zoo
from moocmap.experiments.models.published_weights import PUBLISHED, VARIANT_OF, by_file, published
from moocmap.experiments.spec import ExperimentError

from .weights_probe import ask


def of(publisher: str) -> dict[str, tuple[str, str, str | None]]:
    return {
        one.model: (one.file, one.address, one.checksum)
        for one in PUBLISHED.values()
        if one.publisher == publisher
    }


def test_every_model_of_the_zoo_that_is_published_is_there() -> None:
    assert {model for _, model in PUBLISHED} == {
        name for name, model in zoo.MODELS.items() if model.keras_input is not None
    }
    assert len({one.file for one in PUBLISHED.values()}) == len(PUBLISHED)
    for one in PUBLISHED.values():
        assert VARIANT_OF[one.publisher] in zoo.MODELS[one.model].variants
        assert by_file(one.file) is one
    assert by_file("somebody's.h5") is None


@pytest.mark.slow
def test_keras_files_are_those_that_keras_downloads() -> None:
    asked = json.loads((ask("keras") / "published.json").read_text())
    assert of("keras") == {
        model: (file, address, md5 and f"md5:{md5}") for model, (file, address, md5) in asked.items()
    }


@pytest.mark.slow
def test_torchvision_files_are_version_1_of_the_installed_torchvision() -> None:
    asked = json.loads((ask("fastai") / "published.json").read_text())
    assert {model: address for model, (_, address, _) in of("torchvision").items()} == asked
    for file, _, checksum in of("torchvision").values():
        assert checksum == f"sha256:{file.removesuffix('.pth').rpartition('-')[2]}"


@pytest.mark.parametrize(
    ("publisher", "model", "message"),
    [
        (
            "torchvision",
            "mobilenet-0.5",
            "torchvision publishes no ImageNet weights of 'mobilenet-0.5'; Keras does, and every library can "
            "load them: weights: {kind: imagenet, publisher: keras}",
        ),
        (
            "keras",
            "small-cnn",
            "Keras publishes no ImageNet weights of 'small-cnn'; nobody does: use `weights: random`, a file "
            "of your own, or pretrain it on a source task",
        ),
        (
            "keras",
            "vgg-16",
            "Keras publishes no ImageNet weights of 'vgg-16'; did you mean 'vgg16'?",
        ),
    ],
)
def test_what_is_not_published_is_said_with_what_can_be_done(
    publisher: str, model: str, message: str
) -> None:
    with pytest.raises(ExperimentError) as error:
        published(publisher, model)
    assert str(error.value) == message
