"""Augments with one library, in a process of its own: `python -m experiments.augment_probe BACKEND IN OUT`.

IN (npz) holds batches `case:fill:images|matrices|light` and one `mix:images|partners|shares`; OUT gets the
images that came out of each, and what the library's own augmentation does (`own:…`).
"""

import importlib
import os
import sys
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray[Any, Any]]


def with_fastai(given: Arrays, name: str) -> Any:
    """Apply a batch with torch; images are channels first there."""
    import torch

    from moocmap.experiments.fastai_worker import augmentation

    device = "cuda" if torch.cuda.is_available() else "cpu"
    images, *others = parts(given, name)
    first = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).to(device)
    tensors = [torch.from_numpy(other) for other in others]
    if name == "mix":
        changed = augmentation.mix(first, *tensors)
    else:
        changed = augmentation.apply(first, *tensors, fill=name.partition(":")[2])
    return changed.cpu().numpy().transpose(0, 2, 3, 1)


def with_keras(given: Arrays, name: str) -> Any:
    """Apply a batch with Keras, compiled as in training."""
    import keras

    from moocmap.experiments.keras_worker import augmentation

    def apply(*arrays: Any) -> Any:
        if name == "mix":
            return augmentation.mix(*arrays)
        return augmentation.apply(*arrays, fill=name.partition(":")[2])

    compiled = {"tensorflow": _with_tensorflow, "jax": _with_jax, "torch": _with_torch}
    return keras.ops.convert_to_numpy(compiled[keras.backend.backend()](apply, parts(given, name)))


def _with_tensorflow(apply: Any, arrays: Any) -> Any:
    tf = importlib.import_module("tensorflow")
    shapes = [tf.TensorSpec([None] * array.ndim, array.dtype) for array in arrays]
    shapes[0] = tf.TensorSpec([None, None, None, arrays[0].shape[3]], "float32")
    return tf.function(apply, input_signature=shapes)(*arrays)


def _with_jax(apply: Any, arrays: Any) -> Any:
    return importlib.import_module("jax").jit(apply)(*arrays)


def _with_torch(apply: Any, arrays: Any) -> Any:
    return apply(*map(importlib.import_module("keras").ops.convert_to_tensor, arrays))


def parts(given: Arrays, name: str) -> list[np.ndarray[Any, Any]]:
    names = ("images", "partners", "shares") if name == "mix" else ("images", "matrices", "light")
    return [given[f"{name}:{part}"] for part in names]


def own_fastai(images: Any) -> Arrays:
    """Let fastai transform images by fixed amounts, and tell the defaults of `aug_transforms`."""
    import inspect

    import torch
    from fastai.vision import augment
    from fastai.vision.core import TensorImage

    edges: dict[str, Any] = {"align_corners": False}
    rotate = augment.Rotate(draw=15.0, p=1.0, **edges)
    brightness = augment.Brightness(draw=0.6, p=1.0)
    whole = [
        augment.Flip(draw=1, p=1.0, **edges),
        augment.Warp(draw_x=0.2, draw_y=0.2, p=1.0, **edges),
        augment.Rotate(draw=10.0, p=1.0, **edges),
        augment.Zoom(draw=1.1, draw_x=1.0, draw_y=1.0, p=1.0, **edges),
        brightness,
        augment.Contrast(draw=1.25, p=1.0),
    ]
    found = {}
    for name, transforms in {"rotate": [rotate], "brightness": [brightness], "default": whole}.items():
        batch = TensorImage(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
        for transform in augment.setup_aug_tfms(transforms):
            batch = transform(batch, split_idx=0)
        found[f"own:{name}"] = np.array(batch).transpose(0, 2, 3, 1)
    defaults = inspect.signature(augment.aug_transforms).parameters
    names = ("max_rotate", "min_zoom", "max_zoom", "max_lighting", "max_warp", "p_affine", "p_lighting")
    found["own:defaults"] = np.array([defaults[name].default for name in names])
    return found


def own_keras(images: Any) -> Arrays:
    """Let Keras rotate images by a tenth of a turn, and do the affine part of its ImageDataGenerator."""
    import keras
    from keras.src.legacy.preprocessing.image import apply_affine_transform

    rotation = keras.layers.RandomRotation((-0.1, -0.1), fill_mode="reflect")
    options: dict[str, Any] = {"row_axis": 0, "col_axis": 1, "channel_axis": 2, "fill_mode": "nearest"}
    moved = [apply_affine_transform(one, theta=-10, shear=5, zx=1.1, zy=1.1, **options) for one in images]
    return {
        "own:rotation": np.array(rotation(images, training=True)),
        "own:generator": np.array(moved)[:, ::-1, ::-1],
    }


def main(backend: str, file_in: str, file_out: str) -> None:
    with np.load(file_in) as arrays:
        given = dict(arrays)
    os.environ["KERAS_BACKEND"] = backend
    apply = with_fastai if backend == "fastai" else with_keras
    names = dict.fromkeys(key.rpartition(":")[0] for key in given if key != "own:images")
    found = {name: apply(given, name) for name in names}
    if backend == "fastai":
        found |= own_fastai(given["own:images"])
    if backend == "tensorflow":
        found |= own_keras(given["own:images"])
    np.savez(file_out, allow_pickle=False, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
