import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from moocmap.experiments.data import sources
from moocmap.experiments.data import tasks as data
from moocmap.experiments.settings.data_settings import DataSettings
from moocmap.experiments.spec import ExperimentError

DIGITS: dict[str, Any] = {
    "source": {"kind": "sklearn", "name": "digits"},
    "pixel_range": [0, 16],
    "classes": [5, 6, 7],
    "split": {"train": 0.16, "validation": 0.1, "test": 0.2},
}


def spec(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return DataSettings.model_validate({**base, **changes}).as_spec()


# Splits ---------------------------------------------------------------------------------------------

shares = st.sampled_from([0.1, 0.2, 0.25, 0.3])
seeds = st.integers(0, 2**32 - 1)


@given(
    counts=st.lists(st.integers(20, 60), min_size=2, max_size=5),
    train=st.none() | shares,
    validation=shares,
    test=shares,
    seed=seeds,
)
def test_parts_are_disjoint_and_stratified(
    counts: list[int], train: float | None, validation: float, test: float, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    wanted = {"train": train, "validation": validation, "test": test, "seed": seed}
    parts = data.split(labels, wanted)
    taken = np.concatenate(list(parts.values()))
    assert len(set(taken.tolist())) == len(taken)
    for name, share in (("validation", validation), ("test", test), ("train", train)):
        found = np.bincount(labels[parts[name]], minlength=len(counts))
        if share is not None:
            assert found.tolist() == [round(share * count) for count in counts]
    if train is None:
        assert len(taken) == len(labels)


@given(
    labels=st.lists(st.integers(0, 1), min_size=60, max_size=120).map(np.array),
    train=st.none() | shares,
    validation=shares,
    test=shares,
    seed=seeds,
)
def test_without_strata_a_part_has_its_share_of_all_rounded_down(
    labels: np.ndarray, train: float | None, validation: float, test: float, seed: int
) -> None:
    wanted = {"train": train, "validation": validation, "test": test, "seed": seed, "stratified": False}
    try:
        parts = data.split(labels, wanted)
    except ExperimentError:  # by chance a part got none of a class
        assume(False)
    for name, share in (("validation", validation), ("test", test), ("train", train)):
        if share is not None:
            assert len(parts[name]) == int(share * len(labels) + 1e-9)
    taken = np.concatenate(list(parts.values()))
    assert len(set(taken.tolist())) == len(taken)
    assert (len(taken) == len(labels)) == (train is None or train + validation + test == 1)


@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=50, max_size=90),
    stratified=st.booleans(),
    seed=seeds,
)
def test_given_test_images_are_the_test_and_nothing_else(
    rows: list[tuple[int, bool]], stratified: bool, seed: int
) -> None:
    labels, is_test = (np.array(column) for column in zip(*rows, strict=True))
    wanted = {"train": None, "validation": 0.25, "test": "given", "seed": seed, "stratified": stratified}
    try:
        parts = data.split(labels, wanted, is_test)
    except ExperimentError:
        assume(False)
    assert parts["test"].tolist() == np.flatnonzero(is_test).tolist()
    assert sorted([*parts["train"], *parts["validation"]]) == np.flatnonzero(~is_test).tolist()
    sizes = np.bincount(labels[~is_test], minlength=2)
    if stratified:
        assert np.bincount(labels[parts["validation"]], minlength=2).tolist() == [
            round(0.25 * size) for size in sizes
        ]
    else:
        assert len(parts["validation"]) == sizes.sum() // 4


def test_split_depends_on_its_seed_alone() -> None:
    labels = np.repeat(np.arange(3), 40)
    wanted = {"train": None, "validation": 0.2, "test": 0.2, "seed": 1}
    for way in ({"stratified": True}, {"stratified": False}):
        first, again = data.split(labels, wanted | way), data.split(labels, wanted | way)
        other = data.split(labels, {**wanted, **way, "seed": 2})
        assert all((first[name] == again[name]).all() for name in data.PARTS)
        assert not (first["test"] == other["test"]).all()


def test_too_few_images_are_an_error() -> None:
    with pytest.raises(ExperimentError, match=r"class number 1 has 3 images, too few"):
        data.split(np.array([0] * 50 + [1] * 3), {"train": 0.1, "validation": 0.1, "test": 0.1, "seed": 0})
    with pytest.raises(ExperimentError, match=r"class 'rare' has 2 .* gets none; .* split stratified"):
        data.split(
            np.array([0] * 50 + [1] * 2),
            {"train": None, "validation": 0.5, "test": 0.02, "seed": 0, "stratified": False},
            names=["often", "rare"],
        )


# Arrays ---------------------------------------------------------------------------------------------


def test_images_are_scaled_and_classes_counted_from_zero() -> None:
    task = data.load(spec(DIGITS))
    part = task.train
    assert part.images.shape[1:] == (8, 8, 1)
    assert part.images.dtype == np.float32
    assert part.images.min() == 0.0
    assert part.images.max() == 1.0
    assert set(part.labels.tolist()) == {0, 1, 2}
    from sklearn.datasets import load_digits

    digits = load_digits()
    assert (digits.target[part.ids] == part.labels + 5).all()
    np.testing.assert_allclose(part.images[..., 0] * 16, digits.images[part.ids])
    assert data.as_floats(part.images) is part.images


def test_manifest_names_the_arrays_by_hash() -> None:
    target = spec(DIGITS)
    manifest = data.manifest(data.load(target))
    assert manifest == data.manifest(data.load(target))
    assert manifest["parts"]["test"]["per_class"] == {"5": 36, "6": 36, "7": 36}
    assert manifest["parts"]["test"]["n"] == 108
    other = data.load(spec(DIGITS, pixel_range=[0, 17]))
    assert data.manifest(other)["sha256"] != manifest["sha256"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": [5, 12]}, r"classes \[12\] are not in the data; it has \[0, 1, 2, 3"),
        ({"pixel_range": [0, 8]}, "pixels lie from 0 to 16, outside the pixel_range 0 to 8"),
        ({"source": {"kind": "sklearn", "name": "digit"}}, "no data set 'digit'; did you mean 'digits'?"),
        ({"source": {"kind": "sklearn", "name": "iris"}}, "'iris' has no images with classes"),
    ],
)
def test_unusable_data_is_explained(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        data.load(spec(DIGITS, **changes))


def test_a_specification_says_only_what_decides_the_images() -> None:
    base = {
        "source": {"kind": "folder", "path": "bees", "parts": {"train": "a", "test": "b"}},
        "classes": ["x", "y"],
        "split": {"validation": 0.2, "test": "given"},
        "image_size": 32,
    }
    elsewhere = {**base["source"], "url": "https://example.org/bees.zip", "sha256": "0" * 64, "kaggle": "a/b"}
    assert spec(base) == spec(base, source=elsewhere) == spec(base, clean=[])
    assert "stratified" not in spec(base)["split"]
    unstratified = {"validation": 0.2, "test": "given", "stratified": False}
    assert spec(base, split=unstratified)["split"]["stratified"] is False
    assert spec(DIGITS) == {**DIGITS, "split": {**DIGITS["split"], "seed": 0}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ["a", "b"]}, "whole numbers for a source of kind 'sklearn'"),
        ({"classes": [5, True]}, "expected a class: a number"),
        ({"image_size": 32}, "expected no image_size"),
        ({"pixel_range": None}, "expected pixel_range"),
        ({"split": {"validation": 0.1, "test": "given"}}, "does not come with parts"),
        ({"split": {"validation": 0.1, "test": "gven"}}, "between 0 and 1, or given"),
        ({"source": {"kind": "folders", "path": "x"}}, "no kind 'folders'; did you mean 'folder'?"),
        ({"source": {"kind": "folder", "path": "../x"}}, r"without '\.\.'"),
        ({"clean": [{"drop": "unreadible"}]}, "no drop 'unreadible'; did you mean 'unreadable'?"),
    ],
)
def test_wrong_settings_say_what_is_expected(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spec(DIGITS, **changes)


# Files ----------------------------------------------------------------------------------------------

CLASSES = ("ant", "bee", "cow")
FILES: dict[str, Any] = {
    "source": {"kind": "folder", "path": "pets", "parts": {"train": "Train", "test": "Test"}},
    "classes": list(CLASSES),
    "split": {"validation": 0.2, "test": "given"},
    "image_size": 16,
}


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Ten images of each of three classes for training and three for the test, each of one colour."""
    place = tmp_path / "pets"
    for part, count in (("Train", 10), ("Test", 3)):
        for number, name in enumerate(CLASSES):
            folder = place / part / name
            folder.mkdir(parents=True)
            for image in range(count):
                colour = (80 * number, 20 * image, 200 if part == "Test" else 100)
                Image.new("RGB", (20, 30), colour).save(folder / f"{image}.png")
    return place


def test_images_of_files_are_bytes_that_their_ids_name(pets: Path, tmp_path: Path) -> None:
    task = data.load(spec(FILES), pets, tmp_path / "cache")
    assert [len(part) for part in task.parts().values()] == [24, 6, 9]
    for part in task.parts().values():
        assert part.images.dtype == np.uint8
        assert part.images.shape[1:] == (16, 16, 3)
        for image, label, path in zip(part.images, part.labels, part.ids, strict=True):
            assert path.split("/")[1] == CLASSES[label]
            with Image.open(pets / path) as opened:
                assert tuple(image[3, 4]) == opened.getpixel((3, 4))
    floats = data.as_floats(task.train.images)
    assert floats.dtype == np.float32
    np.testing.assert_array_equal(floats, task.train.images.astype(np.float32) / 255)
    assert floats.max() <= 1


def test_the_manifest_of_files_is_of_their_content(pets: Path, tmp_path: Path) -> None:
    first = data.manifest(data.load(spec(FILES), pets, tmp_path / "cache"))
    assert first == data.manifest(data.load(spec(FILES, image_size=8), pets, tmp_path / "cache"))
    Image.new("RGB", (20, 30), (1, 2, 3)).save(pets / "Test" / "ant" / "0.png")
    changed = data.manifest(data.load(spec(FILES), pets, tmp_path / "cache"))
    assert changed["parts"]["train"] == first["parts"]["train"]
    assert changed["parts"]["test"]["sha256"] != first["parts"]["test"]["sha256"]


def test_a_share_for_the_test_pools_the_given_parts(pets: Path, tmp_path: Path) -> None:
    task = data.load(spec(FILES, split={"validation": 0.2, "test": 0.2, "seed": 3}), pets, tmp_path / "cache")
    assert [len(part) for part in task.parts().values()] == [21, 9, 9]
    assert {path.split("/")[0] for path in task.train.ids} == {"Train", "Test"}


def test_cleaning_decides_classes_and_the_experiment_must_know(pets: Path, tmp_path: Path) -> None:
    for image in range(3, 10):
        (pets / "Train" / "cow" / f"{image}.png").unlink()
    small = [{"drop": "small-classes", "fewer_than": 10}]
    with pytest.raises(ExperimentError, match=r"cleaning drops all images of \['cow'\]; take them out"):
        data.load(spec(FILES, clean=small), pets, tmp_path)
    with pytest.raises(ExperimentError, match=r"cleaning leaves \['bee'\], which data.classes does not name"):
        data.load(
            spec(FILES, clean=[{"drop": "small-classes", "fewer_than": 3}], classes=["ant", "cow"]),
            pets,
            tmp_path,
        )
    task = data.load(spec(FILES, clean=small, classes=["bee", "ant"]), pets, tmp_path)
    assert task.classes == ["bee", "ant"]
    assert {path.split("/")[1] for path in task.test.ids[task.test.labels == 0]} == {"bee"}
    without = data.load(spec(FILES, classes=["ant", "bee"]), pets, tmp_path)  # a choice among three
    assert len(without.train) == 16


def test_damaged_images_are_named_with_what_to_do(pets: Path, tmp_path: Path) -> None:
    file = pets / "Train" / "bee" / "4.png"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(
        ExperimentError, match=r"1 file cannot be used, such as Train/bee/4\.png .*unreadable"
    ):
        data.load(spec(FILES), pets, tmp_path)
    task = data.load(spec(FILES, clean=[{"drop": "unreadable"}]), pets, tmp_path)
    assert len(task.train) + len(task.validation) == 29
    assert "Train/bee/4.png" not in {*task.train.ids, *task.validation.ids}


def test_a_wrong_class_gets_a_hint(pets: Path, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"classes \['bees'\] are not in the data.*mean 'bee'"):
        data.load(spec(FILES, classes=["ant", "bees"]), pets, tmp_path)


def test_a_folder_that_is_gone_is_named(pets: Path, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"nowhere: no such folder"):
        data.load(spec(FILES), tmp_path / "nowhere", tmp_path)
    with pytest.raises(ExperimentError, match=r"'pets' was not located"):
        data.load(spec(FILES), None, tmp_path)


rows = st.tuples(st.sampled_from("ab"), st.sampled_from(["train", "test"]), st.integers(0, 200))
listings = st.lists(rows, min_size=60, max_size=120).map(
    lambda found: pd.DataFrame(
        [(f"{n:03}", label, part, str(content), "") for n, (label, part, content) in enumerate(found)],
        columns=["path", "label", "part", "sha256", "broken"],
    )
)


@given(listings, st.sampled_from([{"test": 0.2}, {"test": "given"}]), st.booleans(), seeds)
def test_after_cleaning_no_image_is_in_two_parts(
    listing: pd.DataFrame, test: dict[str, object], stratified: bool, seed: int
) -> None:
    wanted = {
        "clean": [{"drop": "cross-class-duplicates"}, {"drop": "duplicates"}],
        "classes": ["a", "b"],
        "split": {"train": None, "validation": 0.3, "seed": seed, "stratified": stratified, **test},
    }
    try:
        used = data.arrange(wanted, listing).used
    except ExperimentError:  # a class is gone, or too small
        assume(False)
    assert (used.groupby("sha256")["use"].nunique() == 1).all()
    assert used["path"].is_unique
    assert set(used["use"]) == set(data.PARTS)


# Real data ------------------------------------------------------------------------------------------

THESIS: dict[str, Any] = {
    "source": {"kind": "folder", "path": "isic", "parts": {"train": "Train", "test": "Test"}},
    "clean": [{"drop": "cross-class-duplicates"}, {"drop": "small-classes", "fewer_than": 100}],
    "classes": [
        "basal cell carcinoma",
        "dermatofibroma",
        "melanoma",
        "nevus",
        "pigmented benign keratosis",
        "squamous cell carcinoma",
        "vascular lesion",
    ],
    "split": {"validation": 0.2, "test": "given", "stratified": False, "seed": 0},
    "image_size": 32,
}


def real(settings: DataSettings, name: str) -> Path:
    """Return where real data lies, or skip."""
    root = os.environ.get(sources.VARIABLE)
    if not root or not (Path(root) / name).exists():
        pytest.skip(f"{sources.VARIABLE} names no folder with {name}")
    place = sources.locate(settings.where(), [Path(root)], classes=settings.classes)
    assert place is not None
    return place


def test_the_figures_of_the_thesis_come_out(tmp_path: Path) -> None:
    settings = DataSettings.model_validate(THESIS)
    place = real(settings, "isic")
    found = data.arrange(settings.as_spec(), sources.read(settings.where(), place, tmp_path).listing)
    assert len(found.listing) == 2357
    assert [(step.groups, len(step.dropped), step.left) for step in found.steps] == [
        (155, 310, 2047),
        (55, 55, 1992),
    ]
    assert found.used["label"].nunique() == 7
    assert found.used["use"].value_counts().to_dict() == {"train": 1515, "validation": 378, "test": 99}
    task = data.load(settings.as_spec(), place, tmp_path)
    assert task.train.images.shape == (1515, 32, 32, 3)
    assert task.train.images.std() > 10


def test_mnist_is_read_whole() -> None:
    settings = DataSettings.model_validate(
        {
            "source": {"kind": "keras", "name": "mnist"},
            "classes": list(range(10)),
            "split": {"train": 0.1, "validation": 0.1, "test": "given"},
        }
    )
    task = data.load(settings.as_spec(), real(settings, "mnist.npz"))
    assert len(task.test) == 10_000
    assert task.test.images.shape == (10_000, 28, 28, 1)
    assert task.test.images.dtype == np.uint8
    assert task.test.ids[0] == 60_000  # the test's numbers come after those for training
    assert task.test.labels[:5].tolist() == [7, 2, 1, 0, 4]  # as every tutorial shows them
    assert sum(data.manifest(task)["parts"]["train"]["per_class"].values()) == len(task.train)
