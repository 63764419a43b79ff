from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moocmap.experiments.data import sources
from moocmap.experiments.spec import ExperimentError

ISOLATED = Path("/nonexistent/cache")


def make_images(place: Path, *folders: str) -> Path:
    for folder in folders:
        (place / folder).mkdir(parents=True)
        Image.new("L", (4, 4), 7).save(place / folder / "1.png")
    return place


BEES: dict[str, Any] = {"kind": "folder", "path": "bees", "parts": {"train": "Train", "test": "Test"}}


def test_a_root_may_hold_the_folder_or_be_it(tmp_path: Path) -> None:
    place = make_images(tmp_path / "bees", "Train/red", "Test/red")
    assert sources.locate(BEES, [tmp_path]) == place
    assert sources.locate(BEES, [place]) == place
    assert sources.locate(BEES, [place], classes=["red"]) == place
    flat = make_images(tmp_path / "flat", "red", "blue")
    by_class = {"kind": "folder", "path": "other"}
    assert sources.locate(by_class, [flat], classes=["red", "blue"]) == flat


def test_a_root_that_only_looks_like_it_is_not_taken(tmp_path: Path) -> None:
    other = make_images(tmp_path / "other", "Train/cat", "Test/cat")
    with pytest.raises(ExperimentError, match="no data"):
        sources.locate(BEES, [other], classes=["red"], cache=ISOLATED)
    with pytest.raises(ExperimentError, match="no data"):
        sources.locate({"kind": "folder", "path": "x"}, [other / "Train"], classes=["cat", "dog"])


def test_roots_are_searched_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide, named, root = (tmp_path / name for name in ("guide", "named", "root"))
    monkeypatch.setenv(sources.VARIABLE, str(named))
    roots = sources.folders_of_data(guide, root)
    assert roots == [root, named, guide / "data"]
    in_guide = make_images(guide / "data" / "bees", "Train/red", "Test/red")
    assert sources.locate(BEES, roots) == in_guide
    in_named = make_images(named / "bees", "Train/red", "Test/red")
    assert sources.locate(BEES, roots) == in_named
    monkeypatch.delenv(sources.VARIABLE)
    assert sources.folders_of_data(guide) == [guide / "data"]


def test_what_is_nowhere_is_asked_for_with_its_layout(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError) as caught:
        sources.locate(BEES, [tmp_path, tmp_path / "data"], classes=["red"], cache=ISOLATED)
    message = str(caught.value)
    for part in (
        str(tmp_path / "bees"),
        str(tmp_path / "data" / "bees"),
        "Train/red/…",
        "Test/red/…",
        "--root",
    ):
        assert part in message


def test_images_may_begin_deeper_in_a_download(tmp_path: Path) -> None:
    inner = make_images(tmp_path / "bees" / "The Bees of 2019", "Train/red", "Test/red")
    assert sources.locate(BEES, [tmp_path], classes=["red"]) == inner


@pytest.mark.parametrize("name", ["insects", "someone/insects"])
def test_kaggle_sets_are_found_by_their_name(tmp_path: Path, name: str) -> None:
    source = {"kind": "kaggle", "dataset": "someone/insects/versions/2", "path": "photos"}
    place = make_images(tmp_path / name / "photos", "red", "blue")
    assert sources.locate(source, [tmp_path], classes=["red", "blue"]) == place


def test_fastai_sets_are_found_by_their_archive(tmp_path: Path) -> None:
    source = {"kind": "fastai", "name": "IMAGENETTE_160", "parts": {"train": "train", "test": "val"}}
    place = make_images(tmp_path / "imagenette2-160", "train/n01", "val/n01")
    assert sources.locate(source, [tmp_path]) == place
    with pytest.raises(ExperimentError, match="did you mean 'IMAGENETTE_160'"):
        sources.locate({**source, "name": "IMAGENETE_160"}, [tmp_path])


def test_scikit_learn_needs_no_place() -> None:
    assert sources.locate({"kind": "sklearn", "name": "digits"}, []) is None


# Keras' layout --------------------------------------------------------------------------------------

TOYS = {"kind": "keras", "name": "toys"}


def arrays(shape: tuple[int, ...] = (6, 5)) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (8, *shape), dtype=np.uint8),
        "y_train": np.arange(8, dtype=np.uint8) % 2,
        "x_test": rng.integers(0, 256, (4, *shape), dtype=np.uint8),
        "y_test": np.arange(4, dtype=np.int32)[:, None] % 2,  # a column, as CIFAR has it
    }


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)])
def test_npz_files_are_read_with_test_images_last(tmp_path: Path, shape: tuple[int, ...]) -> None:
    content = arrays(shape)
    np.savez(tmp_path / "toys.npz", **content)
    place = sources.locate(TOYS, [tmp_path])
    assert place == tmp_path / "toys.npz" == sources.locate(TOYS, [place])
    found = sources.read(TOYS, place)
    assert found.images is not None
    assert found.images.shape == (12, 6, 5, 1 if len(shape) == 2 else 3)
    assert found.images.dtype == np.uint8
    assert found.listing["part"].tolist() == ["train"] * 8 + ["test"] * 4
    assert found.listing["label"].tolist() == [0, 1] * 6
    np.testing.assert_array_equal(found.images[8:].reshape(content["x_test"].shape), content["x_test"])


def test_copies_among_arrays_have_one_hash(tmp_path: Path) -> None:
    content = arrays()
    content["x_test"][1] = content["x_train"][3]
    np.savez(tmp_path / "toys.npz", **content)
    hashes = sources.read(TOYS, tmp_path / "toys.npz").listing["sha256"]
    assert hashes[9] == hashes[3]
    assert hashes.nunique() == 11


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_test": None}, "no array x_test; it has x_train, y_train, y_test"),
        ({"x_train": np.zeros((8, 6, 5))}, r"x_train is float64 \(8, 6, 5\).*expected uint8"),
        ({"y_train": np.zeros(3, np.uint8)}, "with 3 labels"),
        ({"x_test": np.zeros((4, 5, 5), np.uint8)}, "not of one size"),
        ({"y_test": np.array([None] * 4)}, "cannot be read"),  # pickled objects are not loaded
    ],
)
def test_npz_files_of_another_layout_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    content = {name: array for name, array in (arrays() | change).items() if array is not None}
    np.savez(tmp_path / "toys.npz", **content)
    with pytest.raises(ExperimentError, match=message):
        sources.read(TOYS, tmp_path / "toys.npz")


@pytest.mark.parametrize("keep", [0, 50, 300])
def test_a_damaged_npz_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "toys.npz"
    np.savez(path, **arrays())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ExperimentError, match=r"toys\.npz: cannot be read .*fetch it again"):
        sources.read(TOYS, path)


def test_a_keras_set_without_a_known_address_says_how_to_make_the_file(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"put cifar10\.npz .* keras\.datasets\.cifar10\.load_data\(\)"):
        sources.locate({"kind": "keras", "name": "cifar10"}, [tmp_path], cache=ISOLATED)
