"""Downloads from a server of our own: checked, cached, broken off; archives that would leave their folder."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import shutil
import socket
import stat
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moocmap.experiments.data import downloads, sources, unpacking
from moocmap.experiments.data.unpacking import unpack
from moocmap.experiments.spec import ExperimentError


@dataclass
class Server:
    """What is served, what breaks off in the middle, and what was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes) -> str:
        self.files[f"/{name}"] = content
        return f"{self.url}/{name}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine, reached without any proxy."""
    served = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            content = served.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if self.path in served.broken else content)

        def log_message(self, *args: object) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "*")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        served.url = f"http://127.0.0.1:{running.server_address[1]}"
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield served
        running.shutdown()


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def picture(value: int = 9) -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4), value).save(file, "png")
    return file.getvalue()


def tar_of(files: dict[str, bytes]) -> bytes:
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return text.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return text.getvalue()


BEES = {f"The Bees/{part}/{name}/1.png": picture() for part in ("Train", "Test") for name in ("red", "blue")}
PARTS = {"train": "Train", "test": "Test"}
LONG = bytes(range(256)) * 4096


# One file -------------------------------------------------------------------------------------------


def test_a_file_is_fetched_once_and_its_progress_told(server: Server, tmp_path: Path) -> None:
    url, told = server.put("long.bin", LONG), []
    for _ in range(2):
        file = downloads.fetch(
            url, sha256(LONG), tmp_path / "in" / "long.bin", "", on_download=lambda *facts: told.append(facts)
        )
        assert file.read_bytes() == LONG
    assert server.asked == ["/long.bin"]
    assert told[-1] == (len(LONG), len(LONG))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_file_that_is_not_what_was_expected_is_not_kept(server: Server, tmp_path: Path) -> None:
    url = server.put("long.bin", LONG)
    with pytest.raises(ExperimentError, match=r"long\.bin: what came is not what was expected.*put it there"):
        downloads.fetch(url, sha256(b"other"), tmp_path / "long.bin", "put it there")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_leaves_nothing_and_can_be_repeated(
    server: Server, tmp_path: Path
) -> None:
    url = server.put("long.bin", LONG)
    server.broken.add("/long.bin")
    with pytest.raises(
        ExperimentError, match=r"cannot fetch http://.*long\.bin \(it broke off\).*put it there"
    ):
        downloads.fetch(url, sha256(LONG), tmp_path / "long.bin", "put it there")
    assert list(tmp_path.iterdir()) == []
    server.broken.clear()
    assert downloads.fetch(url, sha256(LONG), tmp_path / "long.bin", "").read_bytes() == LONG


def test_no_more_is_taken_than_a_file_can_have(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"x" * 200_000
    url, file = server.put("large", content), tmp_path / "large"
    with pytest.raises(ExperimentError, match="more than 100000 bytes"):
        downloads.fetch(url, sha256(content), file, "", most=100_000)
    assert list(tmp_path.iterdir()) == []
    assert downloads.fetch(url, sha256(content), file, "", most=len(content)).read_bytes() == content
    file.unlink()
    full = shutil.disk_usage(tmp_path)._replace(free=downloads.RESERVE + 1000)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda place: full)
    with pytest.raises(ExperimentError, match="more than 1000 bytes"):
        downloads.fetch(url, sha256(content), file, "")


def test_a_damaged_file_in_the_cache_is_fetched_again(server: Server, tmp_path: Path) -> None:
    url = server.put("long.bin", LONG)
    (tmp_path / "long.bin").write_bytes(LONG[:100])
    assert downloads.fetch(url, sha256(LONG), tmp_path / "long.bin", "").read_bytes() == LONG


def test_a_file_that_the_server_lacks_is_named(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"cannot fetch http://.*/none\.bin \(404 "):
        downloads.fetch(f"{server.url}/none.bin", sha256(b""), tmp_path / "none.bin", "put it there")


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_without_a_network_the_error_says_what_to_fetch_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    url = f"http://127.0.0.1:{closed_port()}/bees.zip"
    source = {"kind": "folder", "path": "bees", "parts": PARTS, "url": url, "sha256": "0" * 64}
    with pytest.raises(ExperimentError) as caught:
        sources.locate(source, [tmp_path], classes=["red"], cache=tmp_path / "cache")
    for part in (
        f"cannot fetch {url}",
        str(tmp_path / "bees"),
        "Train/red/…",
        "without one, fetch it elsewhere",
    ):
        assert part in str(caught.value)


# Sources --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_a_folder_comes_from_an_archive(server: Server, tmp_path: Path, pack: Any) -> None:
    content = pack(BEES)
    source = {
        "kind": "folder",
        "path": "bees",
        "parts": PARTS,
        "url": server.put("bees.archive", content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    for _ in range(2):
        place = sources.locate(source, [tmp_path], classes=["red", "blue"], cache=tmp_path / "cache")
        assert place is not None
        assert place.name == "The Bees"
        assert sorted(sources.read(source, place).listing["label"]) == ["blue", "blue", "red", "red"]
    assert server.asked == ["/bees.archive"]
    (home,) = (tmp_path / "cache").iterdir()
    assert [path.name for path in home.iterdir()] == [place.parent.name]  # the archive itself is not kept


def test_an_archive_without_the_expected_folders_is_refused(server: Server, tmp_path: Path) -> None:
    content = zip_of({"a/cat/1.png": picture()})
    source = {"kind": "folder", "path": "bees", "parts": PARTS, "url": server.put("a.zip", content)}
    source["sha256"] = hashlib.sha256(content).hexdigest()
    with pytest.raises(ExperimentError, match="does not hold Train/<class>/… and Test/<class>/…"):
        sources.locate(source, [], cache=tmp_path)


def test_mnist_is_fetched_as_keras_has_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    pixels, labels = np.zeros((3, 28, 28), np.uint8), np.arange(3, dtype=np.uint8)
    np.savez(file, x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    known = (server.put("mnist.npz", file.getvalue()), sha256(file.getvalue()))
    monkeypatch.setitem(downloads.KERAS_FILES, "mnist", known)
    source = {"kind": "keras", "name": "mnist"}
    place = sources.locate(source, [tmp_path], cache=tmp_path / "cache")
    assert place == tmp_path / "cache" / "keras" / "mnist.npz"
    assert len(sources.read(source, place).listing) == 6


def test_fashion_mnist_is_put_together_from_its_four_files(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, files = downloads.IDX_FILES["fashion_mnist"]
    known, expected = {}, {}
    for array, (name, _) in files.items():
        count = 5 if array.endswith("train") else 2
        shape = (count, 28, 28) if array.startswith("x") else (count,)
        expected[array] = np.random.default_rng(0).integers(0, 10, shape, dtype=np.uint8)
        header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
        content = gzip.compress(header + expected[array].tobytes())
        server.put(name, content)
        known[array] = (name, f"md5:{hashlib.md5(content).hexdigest()}")
    monkeypatch.setitem(downloads.IDX_FILES, "fashion_mnist", (f"{server.url}/", known))
    for _ in range(2):
        place = downloads.keras("fashion_mnist", tmp_path, "")
    with np.load(place) as found:
        assert all(np.array_equal(found[name], array) for name, array in expected.items())
    assert len(server.asked) == 4
    server.files.clear()
    with pytest.raises(ExperimentError, match=r"put train-images-idx3-ubyte\.gz, .*fashion_mnist; or here"):
        downloads.keras("fashion_mnist", tmp_path / "other", "here")


def test_idx_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.gz"
    for content in (b"no gzip", gzip.compress(b""), gzip.compress(b"\0\0\x0d\1\0\0\0\1\0\0\0\0")):
        file.write_bytes(content)
        with pytest.raises(ExperimentError, match="is no gzipped idx file"):
            downloads.read_idx(file)


def test_fastai_archives_are_checked_by_size_and_first_megabyte(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tar_of({f"toys/{part}/n0{n}/1.png": picture() for part in ("train", "val") for n in (1, 2)})
    server.put("sample/toys.tgz", content)
    monkeypatch.setattr(downloads, "FASTAI_HOST", f"{server.url}/")
    source = {"kind": "fastai", "name": "TOYS", "parts": {"train": "train", "test": "val"}}
    right = hashlib.md5(content[: 2**20]).hexdigest()
    for size, md5 in ((len(content), "0" * 32), (len(content) + 1, right)):
        monkeypatch.setitem(downloads.FASTAI_FILES, "TOYS", ("sample/toys.tgz", size, md5))
        with pytest.raises(ExperimentError, match="what came is not what was expected"):
            sources.locate(source, [], cache=tmp_path)
        assert list(tmp_path.rglob("*.tgz")) == []
    monkeypatch.setitem(downloads.FASTAI_FILES, "TOYS", ("sample/toys.tgz", len(content), right))
    place = sources.locate(source, [], cache=tmp_path)
    assert place == tmp_path / "fastai" / "toys" / "toys"
    assert set(sources.read(source, place).listing["part"]) == {"train", "test"}


def test_our_addresses_and_checks_are_those_of_the_installed_packages() -> None:
    import ast
    import importlib.util

    def source_of(module: str) -> str:
        found = importlib.util.find_spec(module.partition(".")[0])
        if found is None or not found.submodule_search_locations:
            pytest.skip(f"{module} is not installed")
        return (Path(found.submodule_search_locations[0]) / module.partition(".")[2]).read_text("utf-8")

    checks = ast.literal_eval(source_of("fastai.data/download_checks.py"))
    addresses = source_of("fastai.data/external.py")
    for name, (path, size, md5) in downloads.FASTAI_FILES.items():
        assert checks[downloads.FASTAI_HOST + path] == (size, md5), name
        assert any(
            line.split()[:1] == [name] and f"}}{path.partition('/')[2]}'" in line
            for line in addresses.splitlines()
        ), name
    mnist = source_of("keras.src/datasets/mnist.py")
    url, known = downloads.KERAS_FILES["mnist"]
    assert known.removeprefix("sha256:") in mnist
    assert url.rpartition("/")[0] in mnist


# Kaggle ---------------------------------------------------------------------------------------------


@pytest.fixture
def kaggle_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    return tmp_path / "kagglehub" / "datasets" / "someone" / "bees"


def test_the_newest_whole_version_in_kagglehubs_cache_is_taken(kaggle_home: Path) -> None:
    pytest.importorskip("kagglehub")
    for version in (2, 9, 10, 11):
        (kaggle_home / "versions" / str(version) / "The Bees" / "red").mkdir(parents=True)
        (kaggle_home / "versions" / str(version) / "The Bees" / "blue").mkdir(parents=True)
        if version != 11:  # its download broke off
            (kaggle_home / f"{version}.complete").touch()
    for source in (
        {"kind": "kaggle", "dataset": "someone/bees"},
        {"kind": "folder", "path": "bees", "kaggle": "someone/bees"},
    ):
        found = sources.locate(source, [], classes=["red", "blue"])
        assert found == kaggle_home / "versions" / "10" / "The Bees"


def test_kaggle_out_of_reach_is_told_with_its_address(
    kaggle_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("kagglehub")
    gate = f"http://127.0.0.1:{closed_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, gate)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ExperimentError) as caught:
        sources.locate({"kind": "kaggle", "dataset": "someone/bees"}, [tmp_path], classes=["red", "blue"])
    for part in (
        "cannot fetch https://www.kaggle.com/datasets/someone/bees (no connection)",
        str(tmp_path / "bees"),
        "red/, blue/",
    ):
        assert part in str(caught.value)


# Archives -------------------------------------------------------------------------------------------


def evil_tar(name: str, **facts: Any) -> bytes:
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        for key, value in facts.items():
            setattr(entry, key, value)
        tar.addfile(entry, io.BytesIO(b"evil"[: entry.size]))
    return text.getvalue()


def zip_with_link() -> bytes:
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc")
    return text.getvalue()


def tar_with_chain() -> bytes:
    """Return a tar whose links are longer, followed to their end, than Python's filter could follow them.

    CVE-2025-4517: before Python 3.11.13 and 3.12.11 the filter takes `escape/evil` for a place inside.
    """
    text, long, path = io.BytesIO(), "d" * 247, ""
    steps = "abcdefghijklmnop"
    with tarfile.open(fileobj=text, mode="w") as tar:

        def add(name: str, kind: bytes, linkname: str = "", size: int = 0) -> None:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size = kind, linkname, size
            tar.addfile(entry, io.BytesIO(b"evil"))

        for step in steps:
            add(f"{path}{long}", tarfile.DIRTYPE)
            add(f"{path}{step}", tarfile.SYMTYPE, long)
            path += f"{long}/"
        beyond = f"{'/'.join(steps)}/{'l' * 254}"
        add(beyond, tarfile.SYMTYPE, "../" * len(steps))
        add("escape", tarfile.SYMTYPE, f"{beyond}/..")
        add("escape/evil", tarfile.REGTYPE, size=4)
    return text.getvalue()


EVIL = {
    "tar up": evil_tar("../evil", size=4),
    "tar link": evil_tar("link", type=tarfile.SYMTYPE, linkname="../.."),
    "tar link inside": evil_tar("link", type=tarfile.SYMTYPE, linkname="folder"),
    "tar chain of links": tar_with_chain(),
    "tar hard link": evil_tar("link", type=tarfile.LNKTYPE, linkname="../bad.archive"),
    "tar hard link to root": evil_tar("link", type=tarfile.LNKTYPE, linkname="/etc/hostname"),
    "tar device": evil_tar("device", type=tarfile.CHRTYPE),
    "tar disk": evil_tar("device", type=tarfile.BLKTYPE),
    "tar pipe": evil_tar("pipe", type=tarfile.FIFOTYPE),
    "zip up": zip_of({"../evil": b"evil"}),
    "zip deep up": zip_of({"a/../../evil": b"evil"}),
    "zip root": zip_of({"/tmp/evil": b"evil"}),
    "zip drive": zip_of({"C:/evil": b"evil"}),
    "zip backslash": zip_of({"..\\evil": b"evil"}),
    "zip link": zip_with_link(),
    "no archive": b"hello",
    "cut tar": tar_of(BEES)[:200],
    "cut zip": zip_of(BEES)[:300],
}


@pytest.mark.parametrize("content", EVIL.values(), ids=EVIL.keys())
def test_bad_archives_leave_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "home" / "bad.archive"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(ExperimentError, match=r"bad\.archive: cannot be unpacked"):
        unpack(file, tmp_path / "home" / "folder")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.archive", "home"]


def test_an_absolute_name_in_a_tar_stays_inside(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(evil_tar("/evil", size=4))
    unpack(file, tmp_path / "folder")
    assert (tmp_path / "folder" / "evil").read_bytes() == b"evil"


def test_a_tar_may_name_a_file_twice(tmp_path: Path) -> None:
    """A hard link within the archive is how tar packs two names of one file."""
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as tar:
        entry = tarfile.TarInfo("a/one")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"same"))
        other = tarfile.TarInfo("b/two")
        other.type, other.linkname = tarfile.LNKTYPE, "a/one"
        tar.addfile(other)
    file = tmp_path / "a.tar"
    file.write_bytes(text.getvalue())
    unpack(file, tmp_path / "folder")
    assert (tmp_path / "folder" / "b" / "two").read_bytes() == b"same"


def test_rights_in_an_archive_are_not_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(evil_tar("run", size=4, mode=0o6777, uid=0, gid=0))
    unpack(file, tmp_path / "folder")
    assert stat.S_IMODE((tmp_path / "folder" / "run").stat().st_mode) & 0o7022 == 0


def zip_bomb(size: int) -> bytes:
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(size))
    return text.getvalue()


BOMBS = {
    "tar": tar_of({"zeros": bytes(3_000_000)}),
    "tar of tars": tar_of({f"{n}": bytes(500_000) for n in range(6)}),
    "tar of empty files": tar_of({f"{n}": b"" for n in range(600)}),
    "zip": zip_bomb(3_000_000),
    "zip of empty files": zip_of({f"{n}": b"" for n in range(600)}),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_what_grows_too_large_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(unpacking, "SMALL", 2_000_000)
    monkeypatch.setattr(unpacking, "MOST_TIMES", 20)
    file = tmp_path / "home" / "bad.archive"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(ExperimentError, match="it unpacks to more than a data set of its size can"):
        unpack(file, tmp_path / "home" / "folder")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.archive", "home"]
    monkeypatch.setattr(unpacking, "SMALL", 3_100_000)
    unpack(file, tmp_path / "home" / "folder")


def test_a_size_that_is_not_true_is_found(tmp_path: Path) -> None:
    """A zip may say that a file is small: no more than that is written."""
    content = bytearray(zip_bomb(3_000_000))
    true, false = (3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert content.count(true) == 2
    file = tmp_path / "bad.archive"
    file.write_bytes(content.replace(true, false))
    with pytest.raises(ExperimentError, match=r"bad\.archive: cannot be unpacked"):
        unpack(file, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.archive"]


@pytest.mark.parametrize(
    "labels", [np.array(["a", "b", "c"]), np.array([np.nan, 1, 2]), np.array([1 + 2j] * 3)], ids=str
)
def test_labels_in_a_file_of_arrays_are_whole_numbers(tmp_path: Path, labels: Any) -> None:
    pixels = np.zeros((3, 4, 4), np.uint8)
    np.savez(tmp_path / "toys.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=np.arange(3))
    with pytest.raises(ExperimentError, match=r"toys\.npz: y_train is .*; expected labels that are whole"):
        sources.read({"kind": "keras", "name": "toys"}, tmp_path / "toys.npz")
