"""Weights from files and by name: settings, formats, finding, downloading, and what they mean."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.server
import json
import marshal
import pickle
import re
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from moocmap.experiments.fastai_worker import convert
from moocmap.experiments.models import (
    bridge,
    published_weights,
    weights,
    weights_files,
    weights_formats,
    zoo,
)
from moocmap.experiments.models.published_weights import PUBLISHED
from moocmap.experiments.settings.weights_settings import AnyWeights, WeightsSettings
from moocmap.experiments.spec import ExperimentError, canonical

from .parity import drawn
from .weights_probe import MARK, MOBILENET, SMALL, Evil, ask, densenet_as_once_saved, given_weights

h5py = pytest.importorskip("h5py", reason="needs pip install -e '.[experiments]'")
safetensors_numpy = pytest.importorskip("safetensors.numpy", reason="needs pip install -e '.[experiments]'")


def settings(value: Any) -> WeightsSettings:
    found: WeightsSettings = TypeAdapter(AnyWeights).validate_python(value)
    return found


KERAS = {"kind": "imagenet", "publisher": "keras"}
TORCHVISION = {"kind": "imagenet", "publisher": "torchvision"}
OURS = {"kind": "file", "file": "body.npz", "format": "ours"}


# Settings


def test_each_library_loads_its_own_community_s_weights() -> None:
    own = settings("imagenet")
    assert own.as_spec("keras", "resnet50") == {
        "kind": "imagenet",
        "publisher": "keras",
        "version": "imagenet",
        "file": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "checksum": "md5:4d473c1dd8becc155b73f8504c6f6626",
    }
    assert own.as_spec("fastai", "resnet50") == {
        "kind": "imagenet",
        "publisher": "torchvision",
        "version": "IMAGENET1K_V1",
        "file": "resnet50-0676ba61.pth",
        "checksum": "sha256:0676ba61",
    }
    assert own.as_spec("keras-jax", "vgg16") == own.as_spec("keras", "vgg16")
    assert own.variant_of("keras-jax", "vgg16") == "keras"
    assert own.variant_of("fastai", "vgg16") == "torch"


@pytest.mark.parametrize("publisher", ["keras", "torchvision"])
def test_a_publisher_s_weights_are_the_same_in_every_library(publisher: str) -> None:
    chosen = settings({"kind": "imagenet", "publisher": publisher})
    assert chosen.as_spec("keras", "densenet121") == chosen.as_spec("fastai", "densenet121")
    assert chosen.variant_of("keras", "vgg19") == chosen.variant_of("fastai", "vgg19")


@pytest.mark.parametrize(
    "value",
    ["random", "imagenet", KERAS, TORCHVISION, OURS, {**OURS, "sha256": "0" * 64, "format": "keras"}],
)
def test_a_specification_names_no_place(value: Any) -> None:
    for one in PUBLISHED.values():
        library = "keras" if one.publisher == "keras" else "fastai"
        try:
            spec = settings(value).as_spec(library, one.model)
        except ExperimentError:
            assert value == TORCHVISION  # which has no MobileNet
            assert one.model.startswith("mobilenet")
        else:
            assert spec["kind"] == (value if isinstance(value, str) else value["kind"])
            assert "/" not in canonical(spec)


def test_weights_of_a_file_are_decided_by_its_checksum() -> None:
    first, second = ({**OURS, "sha256": digit * 64} for digit in "01")
    specs = [settings(one).as_spec("keras", "vgg16") for one in (OURS, first, second)]
    assert len({canonical(spec) for spec in specs}) == 3
    assert settings("random").as_spec("keras", "vgg16") == {"kind": "random"}


@pytest.mark.parametrize(
    ("value", "library", "model", "asked", "variant"),
    [
        ("random", "keras", "resnet50", None, "torch"),
        ("random", "keras", "resnet50", "keras", "keras"),
        ("random", "fastai", "mobilenet", None, "keras"),
        (OURS, "fastai", "vgg16", "keras", "keras"),
        (KERAS, "fastai", "vgg16", None, "keras"),
        (KERAS, "fastai", "densenet121", "torch", "torch"),
        (TORCHVISION, "keras", "densenet121", "keras", "keras"),
        (TORCHVISION, "keras", "resnet50", "torch", "torch"),
        ({**OURS, "format": "torchvision"}, "keras", "resnet50", None, "torch"),
        ({**OURS, "format": "torchvision"}, "fastai", "vgg16", "keras", "keras"),
    ],
)
def test_weights_bring_their_variant(value: Any, library: str, model: str, asked: Any, variant: str) -> None:
    assert settings(value).variant_of(library, model, asked) == variant


@pytest.mark.parametrize(
    ("value", "library", "model", "asked", "message"),
    [
        (
            TORCHVISION,
            "keras",
            "resnet50",
            "keras",
            "weights of 'resnet50' by torchvision do not go into the variant 'keras': Keras' have biases and "
            "stride in another convolution than torchvision's; write architecture: torch, or use weights by "
            "Keras",
        ),
        (
            "imagenet",
            "keras",
            "vgg16",
            "torch",
            "weights of 'vgg16' by Keras do not go into the variant 'torch': torchvision's have BatchNorms, "
            "Keras' have none; write architecture: keras, or use weights by torchvision",
        ),
        (
            {**OURS, "format": "torchvision"},
            "fastai",
            "mobilenet",
            None,
            "'mobilenet' has no variant for weights by torchvision; use weights by Keras, or random ones",
        ),
        (
            "random",
            "fastai",
            "mobilenet",
            "torch",
            "'mobilenet' has no variant 'torch', only 'keras'; write architecture: keras",
        ),
    ],
)
def test_a_wrong_combination_says_what_can_be_done(
    value: Any, library: str, model: str, asked: Any, message: str
) -> None:
    with pytest.raises(ExperimentError) as error:
        settings(value).variant_of(library, model, asked)
    assert str(error.value) == message


def test_what_nobody_publishes_is_refused_in_the_settings() -> None:
    for ask_ in (settings("imagenet").variant_of, settings("imagenet").as_spec):
        with pytest.raises(ExperimentError, match="torchvision publishes no ImageNet weights of 'mobilenet'"):
            ask_("fastai", "mobilenet")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("imagnet", "'random' or 'imagenet' or 'file'"),
        ({"kind": "imagenet", "publisher": "timm"}, "'own', 'keras' or 'torchvision'"),
        ({**OURS, "file": "../body.npz"}, "String should match"),
        ({**OURS, "file": "body.pkl"}, "String should match"),
        ({**OURS, "sha256": "0676ba61"}, "String should match"),
        ({"kind": "random", "seed": 3}, "Extra inputs"),
    ],
)
def test_nonsense_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(value)


# Reading


def save_npz(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path


def save_safetensors(path: Path, arrays: dict[str, Any]) -> Path:
    safetensors_numpy.save_file(arrays, path)
    return path


CNN = drawn(zoo.body("small-cnn", "torch"))


@pytest.mark.parametrize(("name", "save"), [("a.npz", save_npz), ("a.safetensors", save_safetensors)])
def test_ours_come_back_without_the_head(
    tmp_path: Path, name: str, save: Callable[[Path, Any], Path]
) -> None:
    path = save(tmp_path / name, {**CNN, "head-logits/bias": np.zeros(3, np.float32)})
    read = weights_files.read_body(path, "small-cnn", "torch", "ours")
    assert weights.digest(read) == weights.digest(CNN)


def test_other_numbers_of_channels_and_bits_are_read_too(tmp_path: Path) -> None:
    grey = weights.draw(zoo.body("small-cnn", "torch"), 1, seed=4)
    path = save_npz(tmp_path / "a.npz", {name: array.astype(np.float64) for name, array in grey.items()})
    assert weights.digest(weights_files.read_body(path, "small-cnn", "torch")) == weights.digest(grey)


def test_npz_by_keras_names(tmp_path: Path) -> None:
    layers, arrays = zoo.body(SMALL, "keras"), drawn(zoo.body(SMALL, "keras"))
    names = bridge.keras_names("mobilenet", layers)
    parts = {"mean": "moving_mean", "variance": "moving_variance"}
    saved = {"conv_preds__bias": np.zeros(1000, np.float32)}
    for name, array in arrays.items():
        layer, _, part = name.partition("/")
        own = "depthwise_kernel" if "depthwise" in name else parts.get(part, part)
        saved[f"{names[layer]}__{own}"] = array
    path = save_npz(tmp_path / "a.npz", dict(reversed(saved.items())))
    assert weights.digest(weights_files.read_body(path, SMALL, "keras", "keras")) == weights.digest(arrays)


def test_torchvision_s_old_names_of_densenets(tmp_path: Path) -> None:
    arrays = drawn(zoo.body("densenet121", "torch"))
    tensors = {**densenet_as_once_saved(arrays), "classifier.bias": np.zeros(1000, np.float32)}
    path = save_safetensors(tmp_path / "a.safetensors", tensors)
    read = weights_files.read_body(path, "densenet121", "torch", "torchvision")
    assert weights.digest(read) == weights.digest(arrays)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keras3.weights.h5", "legacy.h5", "whole.h5"])
def test_each_layout_that_keras_writes(name: str) -> None:
    read = weights_files.read_body(ask("keras") / name, SMALL, "keras", "keras")
    assert weights.digest(read) == weights.digest(drawn(zoo.body(SMALL, "keras")))


def test_torchvision_s_vggs_without_batchnorm_go_into_keras_variant(tmp_path: Path) -> None:
    layers, arrays = zoo.body("vgg16", "keras"), drawn(zoo.body("vgg16", "keras"))
    numbers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # of torchvision's vgg16().features
    tensors = {}
    for number, layer in zip(numbers, [one for one in layers if "name" in one], strict=True):
        for part, theirs in (("kernel", "weight"), ("bias", "bias")):
            array = bridge.as_torch(layer, part, arrays[f"{layer['name']}/{part}"])
            tensors[f"features.{number}.{theirs}"] = np.ascontiguousarray(array)
    path = save_safetensors(tmp_path / "a.safetensors", tensors)
    read = weights_files.read_body(path, "vgg16", "keras", "torchvision")
    assert weights.digest(read) == weights.digest(arrays)
    with pytest.raises(
        ExperimentError, match=r"expected a tensor 'features\.1\.weight' for 'block1-conv1-norm"
    ):
        weights_files.read_body(path, "vgg16", "torch", "torchvision")


def save_as_once_published(path: Path, layers: dict[str, list[Any]]) -> Path:
    """Write the layout of `keras.applications`' files, with a slash in a name and a list of names split."""
    with h5py.File(path, "w") as file:
        names = [name.encode() for name in layers]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:3], names[3:]
        for name, arrays in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}_W_{n}:0".encode() for n in range(len(arrays))]
            for n, array in enumerate(arrays):
                group[f"{name}_W_{n}:0"] = array
    return path


def as_keras_layers(model: str) -> dict[str, list[Any]]:
    layers, arrays = zoo.body(model, "keras"), drawn(zoo.body(model, "keras"))
    names = bridge.keras_names(zoo.MODELS[model].family, layers)
    return {
        names[layer["name"]]: [arrays[f"{layer['name']}/{part}"] for part in bridge.parts_of(layer)]
        for layer in layers
        if "name" in layer
    }


def test_names_with_slashes_and_split_lists_of_names(tmp_path: Path) -> None:
    layers = {
        name.replace("conv1_", "conv1/", 1): own for name, own in as_keras_layers("densenet121").items()
    }
    assert "conv1/bn" in layers
    read = weights_files.read_body(
        save_as_once_published(tmp_path / "a.h5", layers), "densenet121", "keras", "keras"
    )
    assert weights.digest(read) == weights.digest(drawn(zoo.body("densenet121", "keras")))


def keras3(path: Path, change: Callable[[Any], None] = lambda file: None) -> Path:
    """Write Keras 3's layout of a small MobileNet by hand; `change` spoils it."""
    with h5py.File(path, "w") as file:
        for number, (name, arrays) in enumerate(as_keras_layers(SMALL).items()):
            group = file.create_group(f"layers/layer_{number}/vars")
            group.attrs["name"] = name
            for n, array in enumerate(arrays):
                group[str(n)] = array
        change(file)
    return path


def unnamed(file: Any) -> None:
    for layer in file["layers"].values():
        del layer["vars"].attrs["name"]


def outside(file: Any) -> None:
    secret = Path(file.filename).with_name("secret.h5")
    with h5py.File(secret, "w") as other:
        other["0"] = np.zeros((3, 3, 3, 8), np.float32)
    del file["layers/layer_0/vars/0"]
    file["layers/layer_0/vars/0"] = h5py.ExternalLink(str(secret), "0")


def virtual(file: Any) -> None:
    del file["layers/layer_0/vars/0"]
    layout = h5py.VirtualLayout((3, 3, 3, 8), np.float32)
    layout[:] = h5py.VirtualSource("secret.h5", "0", (3, 3, 3, 8))
    file["layers/layer_0/vars"].create_virtual_dataset("0", layout)


def huge(file: Any) -> None:
    del file["layers/layer_0/vars/0"]
    file["layers/layer_0/vars"].create_dataset("0", (2**20, 2**20), np.float32, chunks=(1024, 1024))


def many(file: Any) -> None:
    for number in range(3):
        group = file.create_group(f"layers/more_{number}/vars")
        group.attrs["name"] = f"more_{number}"
        group.create_dataset("0", (2**28,), np.float32, chunks=(2**20,), compression="gzip")


def elsewhere(file: Any) -> None:
    del file["layers/layer_0/vars/0"]
    raw = [("/etc/hostname", 0, h5py.h5f.UNLIMITED)]
    file["layers/layer_0/vars"].create_dataset("0", (3, 3, 3, 8), np.float32, external=raw)


def of_kind(dtype: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["layers/layer_0/vars/0"]
        file["layers/layer_0/vars"].create_dataset("0", (3, 3, 3, 8), dtype=dtype)

    return change


def empty(file: Any) -> None:
    del file["layers/layer_0/vars/0"]
    file["layers/layer_0/vars"].create_dataset("0", data=h5py.Empty("f4"))


def looped(file: Any) -> None:
    del file["layers/layer_0/vars/0"]
    file["layers/layer_0/vars/0"] = h5py.SoftLink("/layers/layer_0/vars/0")


def numbered(file: Any) -> None:
    del file["layers"]
    file.attrs["layer_names"] = 3


def not_finite(file: Any) -> None:
    file["layers/layer_1/vars/2"][0] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (unnamed, r"a\.h5 names no layers; save the weights with `model\.save_weights` of Keras 3\.15"),
        (outside, "expected layer 'conv1' with 1 arrays for 'stem-conv', got 0"),
        (virtual, r"'layers/layer_0/vars/0' in .* points to another file"),
        (huge, r"'layers/layer_0/vars/0' in .* claims 1,099,511,627,776 values"),
        (many, r"a\.h5 claims [\d,]+ bytes of weights; expected 2,147,483,648 at most"),
        (elsewhere, r"'layers/layer_0/vars/0' in .* points to another file"),
        (of_kind(h5py.string_dtype()), r"'layers/layer_0/vars/0' in .* holds no numbers"),
        (of_kind(h5py.ref_dtype), r"'layers/layer_0/vars/0' in .* holds no numbers"),
        (of_kind(h5py.vlen_dtype(np.float32)), r"'layers/layer_0/vars/0' in .* holds no numbers"),
        (of_kind([("a", "f4")]), r"'layers/layer_0/vars/0' in .* holds no numbers"),
        (empty, r"a\.h5 has no array at 'layers/layer_0/vars/0'"),
        (looped, "expected layer 'conv1' with 1 arrays for 'stem-conv', got 0"),
        (numbered, r"a\.h5 names no layers"),
        (not_finite, "'stem-norm/mean' holds values that are no finite numbers"),
        (lambda file: file.pop("layers/layer_4"), "expected layer 'conv_pw_1' with 1 arrays"),
    ],
)
def test_a_spoilt_hdf5_file_is_refused(tmp_path: Path, change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        weights_files.read_body(keras3(tmp_path / "a.h5", change), SMALL, "keras")


def test_what_a_saved_model_says_of_its_layers_is_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras keeps a model's layers beside its weights, a `Lambda` as Python's bytes: only arrays are read."""
    monkeypatch.chdir(tmp_path)
    code = marshal.dumps(compile(f"open({MARK!r}, 'w')", "evil", "exec"))
    function = {"class_name": "__lambda__", "config": {"code": base64.b64encode(code).decode()}}
    layer = {"class_name": "Lambda", "config": {"name": "evil", "function": function}}

    def change(file: Any) -> None:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})
        file.attrs["training_config"] = np.void(pickle.dumps(Evil()))
        group = file.create_group("layers/evil/vars")
        group.attrs["name"] = "evil"

    read = weights_files.read_body(keras3(tmp_path / "a.h5", change), SMALL, "keras", "keras")
    assert weights.digest(read) == weights.digest(drawn(zoo.body(SMALL, "keras")))
    assert not Path(MARK).exists()


def test_misfits_name_the_tensor(tmp_path: Path) -> None:
    path = keras3(tmp_path / "a.h5")
    with pytest.raises(ExperimentError) as error:
        weights_files.read_body(path, "mobilenet", "keras")
    assert str(error.value) == (
        f"{path} does not fit 'mobilenet' (variant 'keras'): expected 'stem-conv/kernel' with the shape "
        "(3, 3, 3, 32), got (3, 3, 3, 8)"
    )
    with pytest.raises(ExperimentError, match="its names are Keras', not ours; write format: keras"):
        weights_files.read_body(path, SMALL, "keras", "ours")
    with pytest.raises(ExperimentError, match="expected layer 'block1_conv1' with 2 arrays"):
        weights_files.read_body(path, "vgg16", "keras")


def test_ours_of_another_variant_are_refused(tmp_path: Path) -> None:
    biased = save_npz(tmp_path / "a.npz", drawn(zoo.body("resnet50", "keras")))
    with pytest.raises(
        ExperimentError, match="it has 'stage1-block1-conv0/bias', which this variant has not"
    ):
        weights_files.read_body(biased, "resnet50", "torch")
    without = {name: array for name, array in CNN.items() if name != "norm2/mean"}
    with pytest.raises(ExperimentError, match="expected an array 'norm2/mean', got none"):
        weights_files.read_body(save_npz(tmp_path / "b.npz", without), "small-cnn", "torch")


@pytest.mark.parametrize("name", ["a.h5", "a.npz", "a.safetensors"])
@given(content=st.binary(max_size=200))
def test_garbage_is_refused_whatever_it_is(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("garbage") / name
    path.write_bytes(content)
    with pytest.raises(ExperimentError, match=f"{name}"):
        weights_files.read_body(path, "small-cnn", "torch")


def test_objects_in_npz_are_not_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", **{"conv1/kernel": np.array([Evil()], dtype=object)})
    with pytest.raises(ExperimentError, match=r"a\.npz is no npz file of arrays, or damaged"):
        weights_files.read_body(Path("a.npz"), "small-cnn", "torch")
    Path("b.npz").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ExperimentError, match=r"b\.npz is no npz file of arrays, or damaged"):
        weights_files.read_body(Path("b.npz"), "small-cnn", "torch")
    assert not Path(MARK).exists()


def npy(shape: str, kind: str = "<f4", content: bytes = bytes(64)) -> bytes:
    """Return an npy file by hand, whose header need not be true."""
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("conv1/kernel.npy", npy(f"({2**40},)"), "or damaged"),
        ("conv1/kernel.npy", npy(f"({2**62}, {2**62})"), "or damaged"),
        ("conv1/kernel.npy", npy("(-1,)"), "or damaged"),
        ("conv1/kernel.npy", npy("(2,)", "|O"), "or damaged"),
        ("conv1/kernel.npy", npy("__import__('os').getcwd()"), "or damaged"),
        ("conv1/kernel.npy", npy("(1,)", "<U16"), "does not fit"),
        ("conv1/kernel.npy", npy("(8,)", "<M8[s]"), "does not fit"),
        ("conv1/kernel", b"raw", "does not fit"),
        ("../../conv1/kernel.npy", npy("(16,)"), "expected an array 'conv1/kernel', got none"),
    ],
)
def test_an_npz_file_that_claims_what_is_not_true_is_refused(
    tmp_path: Path, member: str, content: bytes, message: str
) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(member, content)
    with pytest.raises(ExperimentError, match=message):
        weights_files.read_body(path, "small-cnn", "torch")
    assert [one.name for one in tmp_path.rglob("*")] == ["a.npz"]


def test_all_arrays_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_npz(tmp_path / "a.npz", CNN)
    monkeypatch.setattr(weights_formats, "MOST_BYTES", 5000)
    with pytest.raises(
        ExperimentError, match=r"a\.npz claims [\d,]+ bytes of weights; expected 5,000 at most"
    ):
        weights_files.read_body(path, "small-cnn", "torch")


FALSE_HEADERS: dict[str, tuple[Any, int | None]] = {
    "longer than there is": ({}, 2**63),
    "100 MB": ({}, 99_000_000),
    "none": ({}, 0),
    "no JSON": (b"\xff" * 9, None),
    "without end": (b"[" * 100_000, None),
    "beyond the end": ({"a/b": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}, None),
    "backwards": ({"a/b": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, None),
    "too many": ({"a/b": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}, None),
    "negative": ({"a/b": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]}}, None),
    "of objects": ({"a/b": {"dtype": "O", "shape": [1], "data_offsets": [0, 8]}}, None),
    "over each other": (
        {
            "a/b": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "c/d": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        },
        None,
    ),
}


@pytest.mark.parametrize("name", FALSE_HEADERS)
def test_a_safetensors_file_with_a_false_header_is_refused(tmp_path: Path, name: str) -> None:
    header, length = FALSE_HEADERS[name]
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + bytes(8))
    with pytest.raises(ExperimentError, match="is no safetensors file, or damaged"):
        weights_files.read_body(path, "small-cnn", "torch")
    assert weights_formats.safetensors_facts(path) == {}


def test_what_is_no_file_of_weights_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="there is no file"):
        weights_files.read_body(tmp_path / "a.h5", "small-cnn", "torch")
    with pytest.raises(ExperimentError, match=r"expected one that ends in \.h5, \.npz or \.safetensors"):
        weights_files.read_body(tmp_path / "a.pkl", "small-cnn", "torch")


# Finding


def file_spec(path: Path, checked: bool = True) -> dict[str, Any]:
    digits = hashlib.sha256(path.read_bytes()).hexdigest()
    value = {"kind": "file", "file": path.name, "format": "ours", **({"sha256": digits} if checked else {})}
    return settings(value).as_spec("keras", "small-cnn")


def test_folders_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weights_files.VARIABLE, str(tmp_path / "named"))
    folders = weights_files.search_folders([tmp_path / "given"], tmp_path)
    assert folders == [tmp_path / "given", tmp_path / "named", tmp_path / "weights"]
    monkeypatch.delenv(weights_files.VARIABLE)
    assert weights_files.search_folders([], tmp_path) == [tmp_path / "weights"]
    for folder in folders[1:]:
        folder.mkdir()
        path = save_npz(folder / "body.npz", CNN)
    assert weights_files.locate(file_spec(path), folders, tmp_path / "cache") == folders[1] / "body.npz"
    assert not (tmp_path / "cache").exists()


def test_another_file_of_the_same_name_is_refused(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "body.npz", CNN)
    spec, unchecked = file_spec(path), file_spec(path, checked=False)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(
        ExperimentError, match=r"body\.npz is not the file asked for: expected sha256 .*, got"
    ):
        weights_files.locate(spec, [tmp_path], tmp_path / "cache")
    assert weights_files.locate(unchecked, [tmp_path], tmp_path / "cache") == path


def test_a_file_that_is_nowhere_is_told_with_the_places(tmp_path: Path) -> None:
    spec = settings(OURS).as_spec("keras", "small-cnn")
    with pytest.raises(ExperimentError) as error:
        weights_files.locate(spec, [tmp_path / "a", tmp_path / "b"], tmp_path / "cache")
    assert str(error.value) == (
        f"there is no file 'body.npz' in {tmp_path / 'a'}, {tmp_path / 'b'}; put it there, or name its "
        "folder with --weights or $MOOCMAP_WEIGHTS"
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """A web server on this machine: its address, the folder that it serves, and what was asked for."""
    folder, asked = tmp_path / "served", list[str]()
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}", folder, asked
        found.shutdown()


def publish(
    monkeypatch: pytest.MonkeyPatch, key: tuple[str, str], address: str, checksum: str | None
) -> dict[str, Any]:
    """Let the table say that a model's weights are at an address; return their specification."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    one = dataclasses.replace(PUBLISHED[key], address=address, checksum=checksum)
    monkeypatch.setitem(published_weights.PUBLISHED, key, one)
    return settings({"kind": "imagenet", "publisher": key[0]}).as_spec("keras", key[1])


def test_published_weights_are_downloaded_once_and_checked(
    tmp_path: Path, server: tuple[str, Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, asked = server
    content = keras3(folder / "small.h5").read_bytes()
    md5 = f"md5:{hashlib.md5(content).hexdigest()}"
    spec = publish(monkeypatch, ("keras", SMALL), f"{address}/small.h5", md5)
    told: list[str] = []
    for _ in range(2):
        path = weights_files.locate(spec, [tmp_path / "nowhere"], tmp_path / "cache", told.append)
    assert path == tmp_path / "cache" / "small.h5"
    assert told == [f"downloading small.h5 from {address}/small.h5"]
    assert len(asked) == 1
    assert weights.digest(weights_files.read_body(path, SMALL, "keras", "keras")) == weights.digest(
        drawn(zoo.body(SMALL, "keras"))
    )
    path.write_bytes(content[:-1])  # damaged in the cache
    assert weights_files.locate(spec, [], tmp_path / "cache").read_bytes() == content


def test_what_has_another_checksum_never_enters_the_cache(
    tmp_path: Path, server: tuple[str, Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, _ = server
    (folder / "small.h5").write_bytes(b"something else")
    spec = publish(monkeypatch, ("keras", SMALL), f"{address}/small.h5", f"md5:{'0' * 32}")
    with pytest.raises(ExperimentError, match=r"what http.*/small\.h5 sent is not the file asked for"):
        weights_files.locate(spec, [], tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "checksum", "told"),
    [
        (("keras", "vgg16"), "md5:" + "1" * 32, "; its MD5 is " + "1" * 32),
        (("torchvision", "vgg16"), "sha256:6c64b313", "; its SHA-256 begins with 6c64b313"),
        (("keras", "mobilenet"), None, ""),
    ],
)
def test_without_a_network_it_is_said_what_to_fetch_and_where_to_put_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: tuple[str, str],
    checksum: str | None,
    told: str,
) -> None:
    file = PUBLISHED[key].file
    address = f"http://127.0.0.1:9/{file}"  # the port of the discard protocol: nobody answers
    spec = publish(monkeypatch, key, address, checksum)
    folder, cache = tmp_path / "weights", tmp_path / "cache"
    with pytest.raises(ExperimentError) as error:
        weights_files.locate(spec, [folder], cache)
    called = {"keras": "Keras", "torchvision": "torchvision"}[key[0]]
    assert str(error.value) == (
        f"{file} (ImageNet weights of '{key[1]}', {called}) is in none of {folder}, {cache}, and the "
        f"download failed (ConnectionError). Fetch {address} on a machine with a network and put it into "
        f"{folder} under this name{told}"
    )


# torch's files


@pytest.mark.slow
def test_torchvision_s_pickles_reach_every_library_as_arrays(
    tmp_path: Path, server: tuple[str, Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder, asked = server
    source = ask("fastai") / "densenet.pth"
    (folder / "densenet.pth").write_bytes(source.read_bytes())
    digits = hashlib.sha256(source.read_bytes()).hexdigest()
    spec = publish(
        monkeypatch, ("torchvision", "densenet121"), f"{address}/densenet.pth", f"sha256:{digits[:8]}"
    )
    path = weights_files.locate(spec, [], tmp_path / "cache")
    assert path == tmp_path / "cache" / "densenet.safetensors"
    read = weights_files.read_body(path, "densenet121", "torch", "torchvision")
    assert weights.digest(read) == weights.digest(drawn(zoo.body("densenet121", "torch")))

    monkeypatch.setattr(weights_files.subprocess, "run", None)  # type: ignore[attr-defined]  # no second time
    assert weights_files.locate(spec, [], tmp_path / "cache") == path
    elsewhere = tmp_path / "carried"  # a rewritten file stands for its source
    elsewhere.mkdir()
    path.rename(elsewhere / path.name)
    assert weights_files.locate(spec, [elsewhere], tmp_path / "empty") == elsewhere / path.name
    assert len(asked) == 1


@pytest.mark.slow
def test_a_training_script_s_file_is_unwrapped() -> None:
    tensors = safetensors_numpy.load_file(ask("fastai") / "wrapped.safetensors")
    assert tensors["v"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (tensors["w"] == tensors["v"].T).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("evil.pth", r"evil\.pth was refused: it holds more than tensors, .* would run '\w+\.system'\. Get"),
        (
            "raw.pth",
            r"raw\.pth was refused: it is no file of torch tensors, or damaged\. Nothing in it was run",
        ),
        (
            "whole.pth",
            r"refused: it holds more than tensors.*'torch.*Linear'.*save a model's `state_dict\(\)`",
        ),
        ("unnamed.pt", r"unnamed\.pt holds no named tensors"),
        ("none.pt", r"there is no file .*none\.pt"),
        ("wrapped.pt", "^$"),
    ],
)
def test_pickles_of_more_than_tensors_are_refused(name: str, message: str) -> None:
    folder = ask("fastai")
    assert re.search(message, json.loads((folder / "said.json").read_text())[name])
    assert (folder / name).with_suffix(".safetensors").exists() == (name == "wrapped.pt")
    assert not (folder / MARK).exists()


@pytest.mark.slow
def test_a_malicious_file_of_weights_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ask("fastai") / "evil.pth"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExperimentError, match=r"evil\.pth was refused: it holds more than tensors"):
        weights_files.locate(file_spec(path), [path.parent], tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    assert not Path(MARK).exists()
    pickle.loads(pickle.dumps(Evil()))  # the attack is a real one
    assert Path(MARK).exists()


ODD_TENSORS = """
import sys, torch
from moocmap.experiments.fastai_worker.convert import convert
from moocmap.experiments.spec import ExperimentError
odd = {
    "endless": torch.ones(1).expand(2**40),
    "sparse": torch.sparse_coo_tensor([[0], [1]], [1.0], (2, 2)),
    "nowhere": torch.empty(3, device="meta"),
}
for name, tensor in odd.items():
    torch.save({"w": tensor}, f"{name}.pth")
torch.jit.script(torch.nn.Linear(2, 2)).save("script.pth")
whole = bytearray(open("endless.pth", "rb").read())
for place in range(100, len(whole), 97):
    open(f"spoilt-{place}.pth", "wb").write(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
for name in [*odd, "script", *(f"spoilt-{place}" for place in range(100, len(whole), 97))]:
    try:
        convert(__import__("pathlib").Path(f"{name}.pth"), __import__("pathlib").Path(f"{name}.safetensors"))
    except ExperimentError as error:
        print(name, error)
"""


@pytest.mark.slow
def test_tensors_that_are_no_plain_numbers_are_refused(tmp_path: Path) -> None:
    ask("fastai")  # or skip
    command = [sys.executable, "-W", "ignore", "-c", ODD_TENSORS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert len(said) == len(list(tmp_path.glob("*.pth"))) > 10
    assert "endless.pth claims 4,398,046,511,104 bytes of weights" in said["endless"]
    assert "'w' in sparse.pth is no tensor of plain numbers" in said["sparse"]
    assert "'w' in nowhere.pth is no tensor of plain numbers" in said["nowhere"]
    assert "script.pth was refused: it is no file of torch tensors" in said["script"]
    assert not list(tmp_path.glob("*.safetensors"))


def test_without_torch_it_is_said_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(ExperimentError) as error:
        convert.convert(tmp_path / "a.pth", tmp_path / "cache" / "a.safetensors")
    assert str(error.value) == (
        f"torch is not installed here, so {tmp_path / 'a.pth'} cannot be read; rewrite it where torch is: "
        "python -m moocmap.experiments.fastai_worker.convert a.pth a.safetensors, and put the result beside "
        "it"
    )


# Meaning

NO_WEIGHTS = f"needs {MOBILENET} in the folder that MOOCMAP_WEIGHTS names"
BELL_COTE, STUPA, PALACE, BEACON, CASTLE = 442, 832, 698, 437, 483


def test_both_given_files_hold_the_same_weights() -> None:
    path = given_weights() or pytest.skip(NO_WEIGHTS)
    other = path.with_name("mobilenet_v1_0.75_224_float32.npz")
    if not other.is_file():
        pytest.skip(f"needs {other.name} beside it")
    read = [weights_files.read_body(one, "mobilenet-0.75", "keras", "keras") for one in (path, other)]
    assert weights.digest(read[0]) == weights.digest(read[1])


@pytest.mark.slow
def test_imagenet_weights_mean_the_same_in_both_libraries() -> None:
    if given_weights() is None:
        pytest.skip(NO_WEIGHTS)
    keras, fastai = (np.load(ask(library) / "logits.npy")[0] for library in ("keras", "fastai"))
    assert np.abs(keras - fastai).max() <= 1e-4
    for logits in (keras, fastai):
        assert np.argsort(-logits)[:5].tolist() == [BELL_COTE, STUPA, PALACE, BEACON, CASTLE]
