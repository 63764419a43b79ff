"""Downloads of data sets: cached, and checked before they get their name.

Addresses and checks were read from the packages whose data sets these are (Keras 3.15, fastai 2.8,
torchvision 0.29): data, so that no package is needed to fetch them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import numpy as np

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.data.unpacking import unpack
from moocmap.experiments.spec import ExperimentError, hash_of
from moocmap.files import write_atomically

OnDownload = Callable[[int, int], None]
"""Is told how many bytes came, of how many (0: not known)."""
CACHE_VARIABLE = "MOOCMAP_CACHE"
TIMEOUT = 30.0
"""Seconds without a byte, after which a download counts as failed."""
MOST_BYTES = 200 * 2**30
"""How much a server may send where its file's size is not known: somewhat more than ImageNet has."""
RESERVE = 2**30
"""Bytes of the disk that a download leaves free."""

KERAS_FILES = {
    "mnist": (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    ),
}
"""Of data sets that are one file in Keras' layout: address and hash."""
IDX_FILES = {
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        {
            "x_train": ("train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            "y_train": ("train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe"),
            "x_test": ("t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79"),
            "y_test": ("t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310"),
        },
    ),
}
"""Of data sets that are four files in MNIST's layout (idx): address, and name and hash of each.

Keras fetches Fashion-MNIST without a check; these are its authors' address and torchvision's hashes.
"""
FASTAI_HOST = "https://s3.amazonaws.com/fast-ai-"
FASTAI_FILES = {
    "CALTECH_101": ("imageclas/caltech_101.tgz", 131740031, "d673425306e98ee4619fcdeef8a0e876"),
    "CIFAR": ("sample/cifar10.tgz", 168168549, "a5f8c31371b63a406b23368042812d3c"),
    "CIFAR_100": ("imageclas/cifar100.tgz", 169168619, "e5e65dcb54b9d3913f7b8a9ad6607e62"),
    "DOGS": ("sample/dogscats.tgz", 839285364, "3e483c8d6ef2175e9d395a6027eb92b7"),
    "FOOD": ("imageclas/food-101.tgz", 5686607260, "1a540ebf1fb40b2bf3f2294234ba7907"),
    "IMAGENETTE": ("imageclas/imagenette2.tgz", 1557161267, "2c774ecb40005b35d7937d50f5d42336"),
    "IMAGENETTE_160": ("imageclas/imagenette2-160.tgz", 99003388, "c475f8f7617a200ba35b9facc48443c3"),
    "IMAGENETTE_320": ("imageclas/imagenette2-320.tgz", 341663724, "1f1f74f133caff120e575856659b87a2"),
    "IMAGEWOOF": ("imageclas/imagewoof2.tgz", 1343715595, "2cc1c1e36e20cb6fd24ffb978edcb487"),
    "IMAGEWOOF_160": ("imageclas/imagewoof2-160.tgz", 92612825, "3559b194123981a540b87132dbda412f"),
    "IMAGEWOOF_320": ("imageclas/imagewoof2-320.tgz", 328387740, "7a1fd92672a559a85de76e4810a20c21"),
    "MNIST": ("imageclas/mnist_png.tgz", 15683414, "03639f83c4e3d19e0a3a53a8a997c487"),
    "MNIST_SAMPLE": ("sample/mnist_sample.tgz", 3214948, "2dbc7ec6f9259b583af0072c55816a88"),
    "MNIST_TINY": ("sample/mnist_tiny.tgz", 342207, "56143e8f24db90d925d82a5a74141875"),
}
"""fastai's data sets of images in folders of classes: address, bytes, and the MD5 of the first MiB.

These are the checks that fastai itself makes (`download_checks.py`); it has no hash of the whole files.
"""


def cache_folder() -> Path:
    """Return where downloads are kept: $MOOCMAP_CACHE, else the place for caches of this system."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    import pooch

    return Path(pooch.os_cache("moocmap"))


# One function for each kind of source ---------------------------------------------------------------


def keras(name: str, home: Path, otherwise: str, on_download: OnDownload | None = None) -> Path:
    """Return the file of one of Keras' data sets, fetched into `home` if it is not there.

    `otherwise` tells readers of an error what else they can do.

    Raises:
        ExperimentError: if it cannot be had, or is not what was expected.
    """
    folder = home / "keras"
    if name in KERAS_FILES:
        url, known = KERAS_FILES[name]
        return fetch(url, known, folder / f"{name}.npz", otherwise, on_download=on_download)
    if name in IDX_FILES:
        return _from_idx(name, folder, otherwise, on_download)
    known_names = sorted([*KERAS_FILES, *IDX_FILES])
    hint = did_you_mean(name, known_names) or f"known: {', '.join(known_names)}"
    raise ExperimentError(
        f"keras data set '{name}' cannot be downloaded ({hint}); {otherwise}. With Keras installed, "
        f"keras.datasets.{name}.load_data() gives these arrays, and numpy.savez_compressed writes them"
    )


def _from_idx(name: str, folder: Path, otherwise: str, on_download: OnDownload | None) -> Path:
    place = folder / f"{name}.npz"
    if place.is_file():
        return place
    base, files = IDX_FILES[name]
    names = ", ".join(file for file, _ in files.values())
    otherwise = f"put {names} into {folder / name}; or {otherwise}"
    arrays = {}
    for array, (file, known) in files.items():
        path = fetch(base + file, known, folder / name / file, otherwise, on_download=on_download)
        arrays[array] = read_idx(path)
    text = io.BytesIO()
    np.savez_compressed(text, **arrays)
    write_atomically(place, text.getvalue())
    return place


def read_idx(path: Path) -> Any:
    """Read an array of bytes from a gzipped file in MNIST's layout (idx): images (n, h, w) or labels (n).

    Raises:
        ExperimentError: if it is no such file.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        kind, axes = content[2], content[3]
        shape = np.frombuffer(content, ">u4", axes, 4)
        if content[:2] != b"\0\0" or kind != 8:
            raise ValueError("another type of numbers")
        return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise ExperimentError(f"{path}: is no gzipped idx file of bytes ({error}); remove it") from error


def fastai_folder(name: str) -> str:
    """Return the folder that one of fastai's archives is unpacked to, such as `imagenette2-160`.

    Raises:
        ExperimentError: if it is none of fastai's sets of images in folders.
    """
    return PurePosixPath(_fastai_file(name)[0]).stem


def _fastai_file(name: str) -> tuple[str, int, str]:
    if name not in FASTAI_FILES:
        hint = did_you_mean(name, FASTAI_FILES) or f"known: {', '.join(FASTAI_FILES)}"
        raise ExperimentError(f"fastai has no images in folders called '{name}'; {hint}")
    return FASTAI_FILES[name]


def fastai(name: str, home: Path, otherwise: str, on_download: OnDownload | None = None) -> Path:
    """Return the unpacked folder of one of fastai's data sets, fetched into `home` if it is not there.

    Raises:
        ExperimentError: if it cannot be had, or is not what was expected.
    """
    path, size, md5 = _fastai_file(name)

    def check(file: Path) -> None:
        with file.open("rb") as opened:
            start = hashlib.md5(opened.read(2**20), usedforsecurity=False).hexdigest()
        if (file.stat().st_size, start) != (size, md5):
            raise ValueError(
                f"{file.stat().st_size} bytes with MD5 {start} of the first MiB, expected {size} with {md5}"
            )

    folder = home / "fastai" / fastai_folder(name)
    if not folder.is_dir():
        file = folder.with_name(PurePosixPath(path).name)
        fetch(FASTAI_HOST + path, None, file, otherwise, on_download=on_download, check=check, most=size)
        unpack(file, folder)
        file.unlink()
    return folder


def archive(
    url: str, known_hash: str, home: Path, otherwise: str, on_download: OnDownload | None = None
) -> Path:
    """Return the unpacked folder of an archive, fetched into `home` if it is not there.

    Raises:
        ExperimentError: if it cannot be had, is not what was expected, or would unpack outside its folder.
    """
    folder = home / "archives" / hash_of([url, known_hash])[:16]
    if not folder.is_dir():
        file = folder.with_name(f"{folder.name}.archive")
        fetch(url, known_hash, file, otherwise, on_download=on_download)
        unpack(file, folder)
        file.unlink()
    return folder


def kaggle(handle: str, otherwise: str) -> Path:
    """Return the folder of a data set on Kaggle (`owner/name`), fetched with kagglehub into its own cache.

    Public data sets need no account. A version that is in the cache is taken without asking for a newer one.

    Raises:
        ExperimentError: if it cannot be had.
    """
    address = f"https://www.kaggle.com/datasets/{handle.partition('/versions/')[0]}"
    try:
        import kagglehub
        from kagglehub.config import get_cache_folder
    except ImportError as error:
        raise ExperimentError(
            f"kagglehub is not installed; install it (pip install kagglehub), or fetch {address} by hand: "
            f"{otherwise}"
        ) from error
    cached = _newest_version(Path(get_cache_folder()) / "datasets" / handle)
    if cached:
        return cached
    try:
        with redirect_stdout(sys.stderr):
            return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub's, requests' and zipfile's errors have no common class
        _refuse(address, error, otherwise)


def _newest_version(folder: Path) -> Path | None:
    """Return the newest complete version in kagglehub's cache: a file `<version>.complete` marks it."""
    numbers = (int(path.stem) for path in folder.glob("*.complete") if path.stem.isdigit())
    places = (folder / "versions" / str(number) for number in sorted(numbers, reverse=True))
    return next((place for place in places if place.is_dir()), None)


# Fetching and unpacking -----------------------------------------------------------------------------


@dataclass
class _Bar:
    """What pooch tells its progress to; it ends a download of more than `most` bytes."""

    tell: OnDownload | None
    most: int
    total: int = 0
    done: int = 0

    def update(self, count: int) -> None:
        self.done += count  # in whole chunks, so the last one may be counted for more than it is
        if self.done - count > self.most:
            raise ValueError(f"more than {self.most} bytes")
        if self.tell:
            self.tell(min(self.done, self.total) if self.total else self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def fetch(
    url: str,
    known_hash: str | None,
    file: Path,
    otherwise: str,
    *,
    on_download: OnDownload | None = None,
    check: Callable[[Path], None] | None = None,
    most: int = MOST_BYTES,
) -> Path:
    """Download a file, unless it is there with the right hash; it gets its name when it is checked.

    `known_hash` is `sha256:…` or `md5:…`; `check` may look at the file too, and raises ValueError. No more
    than `most` bytes are taken, nor more than the disk has room for.

    Raises:
        ExperimentError: if there is no network, the server has no such file, the download breaks off, or
            what came is not what was expected; `otherwise` says what else to do.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)

    def download(url: str, place: str, caller: Any) -> None:
        room = shutil.disk_usage(Path(place).parent).free - RESERVE
        bar = _Bar(on_download, min(most, max(room, 0)))
        pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT)(url, place, caller)
        if check:
            check(Path(place))

    try:
        pooch.retrieve(url, known_hash, file.name, file.parent, downloader=download)
    except requests.RequestException as error:
        _refuse(url, error, otherwise)
    except ValueError as error:
        raise ExperimentError(
            f"{url}: what came is not what was expected ({error}); try again, or fetch it by hand: "
            f"{otherwise}"
        ) from error
    except OSError as error:
        raise ExperimentError(f"{file}: cannot be written ({error.strerror or error})") from error
    return file


def _refuse(url: str, error: Exception, otherwise: str) -> NoReturn:
    raise ExperimentError(
        f"cannot fetch {url} ({_reason(error)}). With a network, try again; without one, fetch it elsewhere: "
        f"{otherwise}"
    ) from error


def _reason(error: Exception) -> str:
    """Say in a few words why a download failed."""
    import requests

    if isinstance(error, requests.HTTPError):
        return " ".join(str(error).partition(" for url")[0].split())[:200]
    for kind, reason in (
        (requests.Timeout, f"no answer in {TIMEOUT:g} seconds"),
        (requests.ConnectionError, "no connection"),
        (requests.exceptions.ChunkedEncodingError, "it broke off"),
    ):
        if isinstance(error, kind):
            return reason
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
