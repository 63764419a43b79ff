"""What the libraries publish, write and see: `python -m experiments.weights_probe keras|fastai FOLDER`.

- Keras tells which files `keras.applications` would download, and saves a small model in each layout.
- torchvision tells its addresses; torch saves files of tensors, some of them as evil as can be.
- Both workers load the given MobileNet, if it is there, and are shown one photo.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from moocmap.experiments.fastai_worker import convert
from moocmap.experiments.models import bridge, weights, weights_files, zoo
from moocmap.experiments.spec import ExperimentError

from .parity import drawn

NEEDS = {
    "keras": ("keras", "tensorflow", "h5py"),
    "fastai": ("fastai", "torch", "torchvision", "safetensors", "h5py"),
}
MOBILENET = "mobilenet_0.75_224_imagenet.weights.h5"
SMALL = "mobilenet-0.25"
_folders = tempfile.TemporaryDirectory(prefix="moocmap-weights-")


@cache
def ask(library: str) -> Path:
    """Ask a library in a process of its own, once; return the folder with its answers."""
    missing = [package for package in NEEDS[library] if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install -e '.[experiments]'")
    folder = Path(_folders.name) / library
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "experiments.weights_probe", library, str(folder)]
    subprocess.run(command, env=environment, check=True)
    return folder


def given_weights() -> Path | None:
    """Return the file of MobileNet's ImageNet weights, None where there is none."""
    path = Path(os.environ.get("MOOCMAP_WEIGHTS", "nowhere"), MOBILENET).absolute()
    return path if path.is_file() else None


def of_keras(folder: Path) -> None:
    import h5py
    from keras.src.legacy.saving import legacy_h5_format
    from keras.src.utils import file_utils

    keras = importlib.import_module("moocmap.experiments.keras_worker.backend").keras
    arrays = drawn(zoo.body(SMALL, "keras"))
    model = keras.applications.MobileNet(alpha=0.25, include_top=True, weights=None)
    names = bridge.keras_names("mobilenet", zoo.body(SMALL, "keras"))
    for layer in zoo.body(SMALL, "keras"):
        if parts := bridge.parts_of(layer):
            own = [arrays[f"{layer['name']}/{part}"] for part in parts]
            model.get_layer(names[layer["name"]]).set_weights(own)
    model.save_weights(folder / "keras3.weights.h5")
    with h5py.File(folder / "legacy.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    model.save(folder / "whole.h5")
    (folder / "published.json").write_text(json.dumps(_keras_downloads(keras.applications, file_utils)))


def _keras_downloads(applications: Any, file_utils: Any) -> dict[str, Any]:
    makers: dict[str, Any] = {
        "vgg16": applications.VGG16,
        "vgg19": applications.VGG19,
        "resnet50": applications.ResNet50,
        "resnet101": applications.ResNet101,
        "densenet121": applications.DenseNet121,
        "densenet169": applications.DenseNet169,
    }
    widths = {"mobilenet": 1.0, "mobilenet-0.75": 0.75, "mobilenet-0.5": 0.5, "mobilenet-0.25": 0.25}
    found: dict[str, Any] = {}

    class AskedError(Exception):
        pass

    def get_file(fname: str, origin: str, file_hash: str | None = None, **_: Any) -> None:
        raise AskedError(fname, origin, file_hash)

    file_utils.get_file = get_file
    for model in [*makers, *widths]:
        make = makers.get(model, applications.MobileNet)
        options = {"alpha": widths[model]} if model in widths else {}
        try:
            make(weights="imagenet", include_top=False, input_shape=(224, 224, 3), **options)
        except AskedError as asked:
            found[model] = asked.args
    return found


MARK = "evil-was-here"


class Evil:
    """Reading a pickle of this makes a file with the name of `MARK`."""

    def __reduce__(self) -> Any:
        return os.system, (f"touch {MARK}",)


def of_fastai(folder: Path) -> None:
    import torch
    from torchvision import models

    names = {"vgg16": "VGG16_BN", "vgg19": "VGG19_BN", "resnet50": "ResNet50", "resnet101": "ResNet101"}
    names |= {"densenet121": "DenseNet121", "densenet169": "DenseNet169"}
    addresses = {model: getattr(models, f"{name}_Weights").IMAGENET1K_V1.url for model, name in names.items()}
    (folder / "published.json").write_text(json.dumps(addresses))
    layers = zoo.body("densenet121", "torch")
    state = {name: torch.from_numpy(array) for name, array in densenet_as_once_saved(drawn(layers)).items()}
    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in state.items()}
    torch.save(parameters, folder / "densenet.pth", _use_new_zipfile_serialization=False)  # as in 2017
    torch.save({"w": Evil()}, folder / "evil.pth")
    (folder / "raw.pth").write_bytes(pickle.dumps({"w": Evil()}))
    torch.save(torch.nn.Linear(2, 2), folder / "whole.pth")
    shared = torch.arange(6.0).reshape(2, 3)
    torch.save({"model": {"w": shared.t(), "v": shared}, "epoch": 3}, folder / "wrapped.pt")
    torch.save([shared], folder / "unnamed.pt")
    os.chdir(folder)  # where an evil pickle would leave its mark
    said = {name: _converted(folder / name) for name in ("evil.pth", "raw.pth", "whole.pth", "unnamed.pt")}
    said |= {name: _converted(folder / name) for name in ("wrapped.pt", "none.pt")}
    (folder / "said.json").write_text(json.dumps(said))


def _converted(path: Path) -> str:
    """Rewrite torch's file as safetensors; return what stands against it."""
    try:
        convert.convert(path, path.with_suffix(".safetensors"))
    except ExperimentError as error:
        return str(error)
    return ""


def densenet_as_once_saved(arrays: weights.Weights) -> dict[str, Any]:
    """Return a DenseNet's tensors as torchvision's files name them: `norm.1` for `norm1`."""
    layers = zoo.body("densenet121", "torch")
    names = bridge.torch_names("densenet", layers)
    found = {}
    for layer in layers:
        for part in bridge.parts_of(layer):
            name = f"{names[layer['name']]}.{bridge.TORCH_PARTS[part]}"
            for kind in ("norm", "conv"):
                for number in "12":
                    if "denselayer" in name:
                        name = name.replace(f".{kind}{number}.", f".{kind}.{number}.")
            array = bridge.as_torch(layer, part, arrays[f"{layer['name']}/{part}"])
            found[name] = np.ascontiguousarray(array)
    return found


def show_photo(library: str, path: Path, folder: Path) -> None:
    """Show MobileNet with its top, 1000 classes, the photo of a Chinese palace that scikit-learn carries."""
    import h5py
    from sklearn.datasets import load_sample_image

    top = {"layer": "dense", "name": "top", "units": 1000}
    layers = [
        *zoo.preprocessing("mobilenet-0.75", "keras"),
        *zoo.body("mobilenet-0.75", "keras"),
        {"layer": "global-average-pool"},
        top,
    ]
    arrays = weights_files.read_body(path, "mobilenet-0.75", "keras", "keras")
    with h5py.File(path) as file:
        kernel, bias = (np.array(file[f"layers/conv2d_14/vars/{number}"]) for number in "01")
    arrays |= {"top/kernel": kernel.reshape(-1, 1000), "top/bias": bias}
    build = importlib.import_module(f"moocmap.experiments.{library}_worker.layers").build
    model = build(layers, arrays)
    images = seen_small(load_sample_image("china.jpg"))[np.newaxis]
    if library == "keras":
        logits = np.asarray(model(images))
    else:
        torch = importlib.import_module("torch")
        with torch.inference_mode():
            logits = model.eval()(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    np.save(folder / "logits.npy", logits)


def seen_small(photo: Any, size: int = 224) -> Any:
    """Scale a photo's pixels to 0..1 and the photo to a square, bilinearly without smoothing first.

    That is what TensorFlow's resizing does, which the expected classes were found with.
    """
    height, width = photo.shape[:2]
    rows, columns = ((np.arange(size) + 0.5) * length / size - 0.5 for length in (height, width))
    places = np.meshgrid(rows, columns, indexing="ij")
    scaled = photo.astype(np.float32) / 255
    channels = [map_coordinates(scaled[..., n], places, order=1, mode="nearest") for n in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


if __name__ == "__main__":
    library, out = sys.argv[1], Path(sys.argv[2])
    if path := given_weights():
        show_photo(library, path, out)
    {"keras": of_keras, "fastai": of_fastai}[library](out)
