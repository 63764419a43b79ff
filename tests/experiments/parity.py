"""What a library makes of the zoo's models: `python -m experiments.parity keras|fastai OUT.npz MODEL…`.

For each model and variant that the library can be asked about it stores pooled feature maps of two images:
its own published architecture's ("theirs"), and those of our layers with the same weights ("ours").
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from moocmap.experiments.models import bridge, weights, zoo
from moocmap.experiments.models.weights import Weights

SIZE = 64
KERAS = {
    "vgg16": "VGG16",
    "resnet50": "ResNet50",
    "densenet121": "DenseNet121",
    "mobilenet-0.75": "MobileNet",
}
TORCH = {"vgg16": "vgg16_bn", "resnet50": "resnet50", "densenet121": "densenet121"}


ACROSS = [*((model, "keras") for model in KERAS), ("resnet50", "torch")]
"""What both libraries build: of the other models the variants differ in constants only."""


def images() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).random((2, SIZE, SIZE, 3), dtype=np.float32)


def drawn(layers: list[zoo.Layer]) -> Weights:
    """Draw weights in which no bias, scale or statistic has its neutral value."""
    found = weights.draw(layers, 3, seed=1)
    rng = np.random.default_rng(2)
    for name, array in found.items():
        part = name.rpartition("/")[2]
        if part in ("gamma", "variance"):
            found[name] = rng.uniform(0.8, 1.2, array.shape).astype(np.float32)
        elif part != "kernel":
            found[name] = rng.normal(0, 0.1, array.shape).astype(np.float32)
    return found


def pooled(maps: Any) -> np.ndarray[Any, Any]:
    return np.asarray(maps).mean(axis=(1, 2))


def of_keras(model: str) -> Iterator[tuple[str, Any]]:
    worker = importlib.import_module("moocmap.experiments.keras_worker.layers")
    keras = worker.keras
    for variant in (variant for name, variant in ACROSS if name == model):
        layers = zoo.body(model, variant)
        arrays = drawn(layers)
        ours = worker.build(layers, arrays)
        yield f"{variant}:ours", pooled(ours(images()))
        if variant == "keras":
            options = {"alpha": 0.75} if "mobilenet" in model else {}
            size = (SIZE, SIZE, 3)
            theirs = getattr(keras.applications, KERAS[model])(
                include_top=False, weights=None, input_shape=size, **options
            )
            family = zoo.MODELS[model].family
            names = bridge.keras_names(family, layers)
            for layer in layers:
                if parts := bridge.parts_of(layer):
                    own = [arrays[f"{layer['name']}/{part}"] for part in parts]
                    theirs.get_layer(names[layer["name"]]).set_weights(own)
            yield "keras:theirs", pooled(theirs(images()))
            back = bridge.from_keras(family, layers, {x.name: x.get_weights() for x in theirs.layers})
            assert weights.digest(back) == weights.digest(arrays)


def of_fastai(model: str) -> Iterator[tuple[str, Any]]:
    worker = importlib.import_module("moocmap.experiments.fastai_worker.layers")
    torch = worker.torch
    batch = torch.from_numpy(images().transpose(0, 3, 1, 2).copy())
    for variant in zoo.MODELS[model].variants:
        layers = zoo.body(model, variant)
        arrays = drawn(layers)
        ours = worker.build(layers, arrays).eval()
        with torch.inference_mode():
            yield f"{variant}:ours", pooled(ours(batch).permute(0, 2, 3, 1).numpy())
        if variant == "torch" and model in TORCH:
            models = importlib.import_module("torchvision.models")
            theirs = getattr(models, TORCH[model])(weights=None).eval()
            family = zoo.MODELS[model].family
            names = bridge.torch_names(family, layers)
            state = theirs.state_dict()
            for layer in layers:
                for part in bridge.parts_of(layer):
                    name = f"{names[layer['name']]}.{bridge.TORCH_PARTS[part]}"
                    array = bridge.as_torch(layer, part, arrays[f"{layer['name']}/{part}"])
                    assert state[name].shape == array.shape
                    state[name] = torch.from_numpy(array.copy())
            theirs.load_state_dict(state)
            body = (
                theirs.features
                if hasattr(theirs, "features")
                else torch.nn.Sequential(*list(theirs.children())[:-2])
            )
            with torch.inference_mode():
                maps = body(batch)
                maps = maps.relu() if family == "densenet" else maps  # torchvision's last ReLU is outside
                yield "torch:theirs", pooled(maps.permute(0, 2, 3, 1).numpy())
            numpy_state = {key: value.numpy() for key, value in theirs.state_dict().items()}
            assert weights.digest(bridge.from_torch(family, layers, numpy_state)) == weights.digest(arrays)


if __name__ == "__main__":
    library, out, *models = sys.argv[1:]
    ask = {"keras": of_keras, "fastai": of_fastai}[library]
    np.savez(out, **{f"{model}:{key}": value for model in models for key, value in ask(model)})
