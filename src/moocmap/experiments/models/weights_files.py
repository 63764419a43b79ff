"""Finds files of weights, downloads published ones, and reads a body's weights from them.

| file           | names in it                                                             |
| -------------- | ----------------------------------------------------------------------- |
| `.h5`          | Keras': `.weights.h5` of Keras 3, or as `keras.applications` publishes  |
| `.npz`         | Keras' (`conv_dw_1__depthwise_kernel`), or ours (`stem-conv/kernel`)    |
| `.safetensors` | torchvision's (`layer1.0.conv1.weight`), or ours                        |
| `.pth`, `.pt`  | torchvision's; rewritten as safetensors by a process of its own first   |

torch's own files are pickles: reading one the plain way runs what it says. So they are read in the fastai
worker's package only, as nothing but tensors (`fastai_worker.convert`); this module never opens one.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moocmap.experiments.models import bridge, weights_formats, zoo
from moocmap.experiments.models.published_weights import CALLED, Published, by_file
from moocmap.experiments.models.weights import Weights, channels_in, of_layers, shapes
from moocmap.experiments.models.zoo import Layer
from moocmap.experiments.spec import ExperimentError

VARIABLE = "MOOCMAP_WEIGHTS"
"""The environment variable that names a folder of weights."""

PICKLES = (".pth", ".pt")
CONVERTER = "moocmap.experiments.fastai_worker.convert"
NAMES = {"keras": "Keras'", "torchvision": "torchvision's", "ours": "ours"}
"""Formats as sentences call them."""


# Reading --------------------------------------------------------------------------------------------------


def read_body(path: Path, model: str, variant: str, expected: str | None = None) -> Weights:
    """Read the weights of a model's body, in one of its variants, by our names.

    The names in the file tell its format; other layers in it, such as the top, are left out. `expected` is
    the format that the file should have: "keras", "torchvision" or "ours".

    Raises:
        ExperimentError: if there is no such file, if it is damaged or of another format, or lacks a layer
            of the body, or has one of another shape.
    """
    body, family = zoo.body(model, variant), zoo.MODELS[model].family
    kind, arrays = _arrays(path)
    try:
        if expected not in (None, kind):
            raise ExperimentError(
                f"its names are {NAMES[kind]}, not {NAMES[str(expected)]}; write format: {kind}"
            )
        found = _FROM[kind](family, body, arrays)
        _check(found, body)
    except ExperimentError as error:
        raise ExperimentError(f"{path} does not fit '{model}' (variant '{variant}'): {error}") from error
    return found


def _arrays(path: Path) -> tuple[str, Any]:
    """Return the format of a file and its arrays, as the bridge takes those of this format."""
    if path.suffix == ".h5":
        return "keras", weights_formats.read_hdf5(path)
    if path.suffix == ".npz":
        arrays = weights_formats.read_npz(path)
        return ("ours", arrays) if _are_ours(arrays) else ("keras", weights_formats.by_keras_layer(arrays))
    if path.suffix == ".safetensors":
        arrays = weights_formats.read_safetensors(path)
        return "ours" if _are_ours(arrays) else "torchvision", arrays
    raise ExperimentError(
        f"{path} is no file of weights; expected one that ends in .h5, .npz or .safetensors"
    )


def _are_ours(names: Iterable[str]) -> bool:
    return any("/" in name for name in names)


def _from_ours(_: str, body: Sequence[Layer], arrays: Weights) -> Weights:
    return {name: np.ascontiguousarray(array, np.float32) for name, array in of_layers(arrays, body).items()}


def _from_torch(family: str, body: Sequence[Layer], arrays: bridge.Arrays) -> Weights:
    return bridge.from_torch(family, body, {_renewed(name): array for name, array in arrays.items()})


def _renewed(name: str) -> str:
    """Return a tensor's name as torchvision now has it: it saved its DenseNets with `norm.1` for `norm1`."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name)


_FROM: dict[str, Callable[[str, Sequence[Layer], Any], Weights]] = {
    "keras": bridge.from_keras,
    "torchvision": _from_torch,
    "ours": _from_ours,
}


def _check(found: Weights, body: Sequence[Layer]) -> None:
    """Ask for exactly the body's arrays, with their shapes, of finite numbers.

    Raises:
        ExperimentError: naming the first array that is amiss.
    """
    try:
        channels = channels_in(body, found)
    except (KeyError, IndexError):
        channels = 3
    wanted = shapes(body, channels)
    for name, shape in wanted.items():
        if name not in found:
            raise ExperimentError(f"expected an array '{name}', got none")
        if found[name].shape != shape:
            raise ExperimentError(f"expected '{name}' with the shape {shape}, got {found[name].shape}")
        if not np.isfinite(found[name]).all():
            raise ExperimentError(f"'{name}' holds values that are no finite numbers")
    more = sorted(set(found) - set(wanted))
    if more:
        raise ExperimentError(f"it has '{more[0]}', which this variant has not")


# Finding --------------------------------------------------------------------------------------------------


def search_folders(given: Sequence[Path], root: Path) -> list[Path]:
    """Return the folders to look for weights in: those given, that of $MOOCMAP_WEIGHTS, the project's own."""
    named = os.environ.get(VARIABLE)
    return [*given, *([Path(named)] if named else []), root / "weights"]


def locate(
    spec: Mapping[str, Any],
    folders: Sequence[Path],
    cache: Path,
    on_download: Callable[[str], None] | None = None,
) -> Path:
    """Return the file that `weights` of a specification names, one that `read_body` can read.

    It is looked for by name in `folders`, then in `cache`; what somebody publishes is downloaded into
    `cache`, after `on_download` was told so in a sentence. A checksum in the specification is checked in
    every case. torch's files are rewritten as safetensors in `cache`, once.

    Raises:
        ExperimentError: if it is not there and cannot be downloaded, or is another file than the checksum
            says; the message says what to fetch and where to put it.
    """
    name, checksum = spec["file"], spec["checksum"]
    converted = _converted(name, checksum, [*folders, cache])
    if converted:
        return converted
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        path = _fetch(spec, folders, cache, on_download)
    elif checksum:
        _verify(path, checksum)
    return _as_safetensors(path, cache) if path.suffix in PICKLES else path


def _fetch(
    spec: Mapping[str, Any],
    folders: Sequence[Path],
    cache: Path,
    on_download: Callable[[str], None] | None,
) -> Path:
    entry = by_file(spec["file"]) if spec["kind"] == "imagenet" else None
    if entry is None:
        raise ExperimentError(
            f"there is no file '{spec['file']}' in {_listed(folders)}; put it there, or name its folder with "
            f"--weights or ${VARIABLE}"
        )
    path = cache / entry.file
    if path.is_file() and (not entry.checksum or _matches(path, entry.checksum)):
        return path
    path.unlink(missing_ok=True)
    if on_download:
        on_download(f"downloading {entry.file} from {entry.address}")
    try:
        _download(entry, cache)
    except OSError as error:  # requests' errors are OSErrors too
        raise ExperimentError(
            f"{entry.file} (ImageNet weights of '{entry.model}', {CALLED[entry.publisher]}) is in none of "
            f"{_listed([*folders, cache])}, and the download failed ({type(error).__name__}). Fetch "
            f"{entry.address} on a machine with a network and put it into {folders[0] if folders else cache} "
            f"under this name{_checksum_told(entry.checksum)}"
        ) from error
    return path


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(map(str, folders)) or "any folder"


def _checksum_told(checksum: str | None) -> str:
    if checksum is None:
        return ""
    algorithm, _, digits = checksum.partition(":")
    called = {"md5": "MD5", "sha256": "SHA-256"}[algorithm]
    whole = len(digits) == hashlib.new(algorithm).digest_size * 2
    return f"; its {called} {'is' if whole else 'begins with'} {digits}"


def _download(entry: Published, cache: Path) -> None:
    """Download into the cache; what has another checksum never appears there."""
    import pooch

    def fetch(address: str, place: str, _: Any) -> None:
        pooch.HTTPDownloader(timeout=30)(address, place, None)
        if entry.checksum:
            _verify(Path(place), entry.checksum, called=f"what {entry.address} sent")

    pooch.get_logger().setLevel("ERROR")
    pooch.retrieve(entry.address, None, fname=entry.file, path=cache, downloader=fetch)


def _matches(path: Path, checksum: str) -> bool:
    algorithm, _, digits = checksum.partition(":")
    return _hash(path, algorithm).startswith(digits)


def _verify(path: Path, checksum: str, called: str = "") -> None:
    """Ask a file for its checksum.

    Raises:
        ExperimentError: if it has another one.
    """
    algorithm, _, digits = checksum.partition(":")
    actual = _hash(path, algorithm)
    if not actual.startswith(digits):
        raise ExperimentError(
            f"{called or path} is not the file asked for: expected {algorithm} {digits}, got {actual}; "
            "fetch it again, or correct the checksum"
        )


def _hash(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


# torch's files --------------------------------------------------------------------------------------------


def _converted(name: str, checksum: str | None, folders: Sequence[Path]) -> Path | None:
    """Find what was rewritten from the torch file with this checksum, None where nothing was."""
    algorithm, _, digits = (checksum or "").partition(":")
    if Path(name).suffix not in PICKLES or algorithm != "sha256":
        return None
    for folder in folders:
        path = folder / f"{Path(name).stem}.safetensors"
        if _source_of(path).startswith(digits):
            return path
    return None


def _source_of(path: Path) -> str:
    """Return the SHA-256 of the torch file that a safetensors file was made from, "-" if it is none."""
    return weights_formats.safetensors_facts(path).get("source_sha256", "-")


def _as_safetensors(path: Path, cache: Path) -> Path:
    """Rewrite torch's file in a process of its own, unless that was done before."""
    target = cache / f"{path.stem}.safetensors"
    if _source_of(target) == _hash(path, "sha256"):
        return target
    cache.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", CONVERTER, str(path), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it ended without a word"]
        raise ExperimentError(said[-1].removeprefix("error: "))
    return target
