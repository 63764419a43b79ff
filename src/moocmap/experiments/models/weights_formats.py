"""Reads arrays from files of weights: HDF5 as Keras writes it, NumPy's npz, safetensors. No code, no pickles.

Nothing outside the file is read: links to other files are not followed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moocmap.experiments.spec import ExperimentError

AnyArray = NDArray[np.generic]

LARGEST = 2**28
"""Values of one array, at most: a small compressed file may claim to hold any number."""

MOST_BYTES = 2**31
"""Bytes of all arrays together, at most: three times our largest model, VGG19, in float32."""

NUMBERS = "fiu"
"""NumPy's kinds of what weights may be: floating-point numbers and integers."""

KERAS_ORDER = ("kernel", "depthwise_kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")
"""Keras' names of a layer's parts, in the order of `get_weights`."""


def read_hdf5(path: Path) -> dict[str, list[AnyArray]]:
    """Read the arrays of each layer by its name, in the order of Keras' `get_weights`.

    Both of Keras' layouts are known: Keras 3's `.weights.h5`, and the older one of `keras.applications`, in
    which each layer's group lists the names of its weights. A slash in a layer's name counts as "_", because
    Keras 3 has renamed such layers.

    Raises:
        ExperimentError: if it is no such file.
    """
    import h5py

    with _opened(path, lambda: h5py.File(path, "r"), "HDF5 file of weights as Keras writes it") as file:
        items: dict[str, Any] = {}
        file.visititems(items.__setitem__)  # visits neither soft nor external links
        named = dict(_keras3_layers(items) or _legacy_layers({"": file, **items}))
        if not named:
            raise ExperimentError(
                f"{path} names no layers; save the weights with `model.save_weights` of Keras 3.15 or newer"
            )
        found = {layer: [_dataset(items, place, path) for place in places] for layer, places in named.items()}
        _check_total(sum(dataset.nbytes for own in found.values() for dataset in own), path)
        return {layer: [np.asarray(dataset) for dataset in own] for layer, own in found.items()}


def _keras3_layers(items: dict[str, Any]) -> dict[str, list[str]]:
    """Find the places of each layer's arrays: the group `…/vars` has the layer's name as an attribute."""
    found: dict[str, list[str]] = {}
    for place, item in items.items():
        if place.endswith("/vars") and "name" in item.attrs:
            arrays = [f"{place}/{number}" for number in range(len(item)) if f"{place}/{number}" in items]
            found.setdefault(str(item.attrs["name"]), arrays)
    return found


def _legacy_layers(items: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Find the places of each layer's arrays: attributes of the file and the groups list them."""
    root = "model_weights" if "model_weights" in items else ""  # a whole model was saved
    prefix = f"{root}/" if root else ""
    for layer in _texts(items[root], "layer_names"):
        group = items.get(f"{prefix}{layer}")
        if group is not None:
            weights = _texts(group, "weight_names")
            yield layer.replace("/", "_"), [f"{prefix}{layer}/{weight}" for weight in weights]


def _texts(item: Any, name: str) -> list[str]:
    """Read a list of texts from an attribute; Keras splits long ones: name0, name1, …."""
    split = takewhile(item.attrs.__contains__, (f"{name}{number}" for number in count()))
    chunks = [name] if name in item.attrs else split
    texts = [text for chunk in chunks for text in np.atleast_1d(item.attrs[chunk])]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in texts]


def _dataset(items: dict[str, Any], place: str, path: Path) -> Any:
    """Return an array that is not read yet, and safe to read."""
    dataset: Any = items.get(place)
    if not hasattr(dataset, "is_virtual") or dataset.shape is None:  # a group, or a null dataset
        raise ExperimentError(f"{path} has no array at '{place}'; it is damaged, save the weights again")
    if dataset.is_virtual or dataset.external:
        raise ExperimentError(f"'{place}' in {path} points to another file; save the weights into one file")
    if dataset.dtype.kind not in NUMBERS:
        raise ExperimentError(f"'{place}' in {path} holds no numbers; save the weights again")
    _check_size(dataset.size, place, path)
    return dataset


def read_npz(path: Path) -> dict[str, AnyArray]:
    """Read all arrays of numbers of an npz file by name.

    Raises:
        ExperimentError: if it is none, or holds Python objects.
    """
    with _opened(path, lambda: np.load(path, allow_pickle=False), "npz file of arrays") as file:
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ExperimentError(f"{path} holds a single array; expected named arrays, as np.savez writes")
        members = file.zip.infolist() if file.zip else []
        for member in members:
            _check_size(member.file_size // 4, member.filename, path)
        _check_total(sum(member.file_size for member in members), path)
        arrays = {name: array for name, array in file.items() if isinstance(array, np.ndarray)}
        return {name: array for name, array in arrays.items() if array.dtype.kind in NUMBERS}


def by_keras_layer(arrays: dict[str, AnyArray]) -> dict[str, list[AnyArray]]:
    """Sort arrays named `<layer>__<part>`, parts as Keras calls them, into the lists of `get_weights`."""
    found: dict[str, list[AnyArray]] = {}
    for part in KERAS_ORDER:
        for name, array in arrays.items():
            layer, _, own = name.rpartition("__")
            if own == part:
                found.setdefault(layer, []).append(array)
    return found


def read_safetensors(path: Path) -> dict[str, AnyArray]:
    """Read all tensors of floating-point numbers of a safetensors file by name.

    Raises:
        ExperimentError: if it is none, or has numbers that NumPy does not know (bfloat16).
    """
    from safetensors import safe_open

    with _opened(path, lambda: safe_open(path, framework="numpy"), "safetensors file") as file:
        kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 (no mapping)
        strange = sorted(name for name, kind in kinds.items() if kind.startswith(("BF", "F8", "F4")))
        if strange:
            raise ExperimentError(
                f"'{strange[0]}' in {path} is {kinds[strange[0]]}; save the weights as float32 or float16"
            )
        return {name: file.get_tensor(name) for name, kind in kinds.items() if kind in ("F16", "F32", "F64")}


def safetensors_facts(path: Path) -> dict[str, str]:
    """Read what a safetensors file says of itself; nothing where it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return {}


@contextmanager
def _opened(path: Path, open_: Callable[[], Any], kind: str) -> Iterator[Any]:
    """Open a file and close it; say what is wrong if it is not of its kind, or damaged."""
    from safetensors import SafetensorError

    if not path.is_file():
        raise ExperimentError(f"there is no file {path}")
    try:
        with open_() as file:
            yield file
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        RuntimeError,
        MemoryError,
        zipfile.BadZipFile,
        SafetensorError,
    ) as error:
        raise ExperimentError(f"{path} is no {kind}, or damaged ({error}); fetch or save it again") from error


def _check_size(values: int, name: str, path: Path) -> None:
    if values > LARGEST:
        raise ExperimentError(f"'{name}' in {path} claims {values:,} values; expected {LARGEST:,} at most")


def _check_total(size: int, path: Path) -> None:
    if size > MOST_BYTES:
        raise ExperimentError(f"{path} claims {size:,} bytes of weights; expected {MOST_BYTES:,} at most")
