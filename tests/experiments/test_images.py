from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from moocmap.experiments.data import images
from moocmap.experiments.data.cleaning import STEPS, clean, near_duplicates
from moocmap.experiments.data.images import COLUMNS, decode, decoded_once, list_images, manifest_of
from moocmap.experiments.spec import ExperimentError


def draw(path: Path, seed: int, size: tuple[int, int] = (120, 90)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes in two parts: a copy across classes, one within a class and one across parts."""
    for number, name in enumerate(
        ("Train/ant/1.png", "Train/ant/2.png", "Train/bee/1.png", "Train/bee/2.png", "Test/ant/9.png")
    ):
        draw(tmp_path / name, number)
    for copy, original in (
        ("Train/bee/copy-of-ant-1.png", "Train/ant/1.png"),
        ("Train/bee/copy-of-bee-1.png", "Train/bee/1.png"),
        ("Train/ant/copy-of-test-9.png", "Test/ant/9.png"),
    ):
        (tmp_path / copy).write_bytes((tmp_path / original).read_bytes())
    draw(tmp_path / "Train" / "cow" / "only.png", 20)
    (tmp_path / "Train" / "cow" / "notes.txt").write_text("no image")
    (tmp_path / "Train" / "cow" / ".hidden.png").write_text("no image")
    return tmp_path


PARTS = {"train": "Train", "test": "Test"}


def test_every_image_is_listed_with_class_part_and_hash(folder: Path) -> None:
    images = list_images(folder, PARTS)
    assert tuple(images.columns) == COLUMNS
    assert len(images) == 9
    assert images["path"].is_monotonic_increasing
    test = images[images["part"] == "test"]
    assert test[["path", "label"]].to_numpy().tolist() == [["Test/ant/9.png", "ant"]]
    assert set(list_images(folder / "Train")["part"]) == {"all"}


def test_broken_files_are_set_aside_with_the_reason(folder: Path) -> None:
    whole = (folder / "Train" / "ant" / "1.png").read_bytes()
    (folder / "Train" / "ant" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "Train" / "ant" / "text.jpg").write_text("hello")
    (folder / "Train" / "ant" / "empty.gif").write_bytes(b"")
    images = list_images(folder, PARTS)
    broken = images[images["broken"] != ""]
    assert [Path(path).name for path in broken["path"]] == ["cut.png", "empty.gif", "text.jpg"]
    kept, (step,) = clean(images, [{"drop": "unreadable"}])
    assert step.dropped["path"].tolist() == broken["path"].tolist()
    decode(folder, kept["path"], 8)
    with pytest.raises(ExperimentError, match=r"cut\.png: .*drop: unreadable"):
        decode(folder, images["path"], 8)


@pytest.mark.parametrize("missing", ["Train", "Test"])
def test_a_missing_folder_is_named(folder: Path, missing: str) -> None:
    (folder / missing).rename(folder / "elsewhere")
    with pytest.raises(ExperimentError, match=f"{missing}: no such folder"):
        list_images(folder, PARTS)


def test_a_folder_without_images_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="folders named like the classes"):
        list_images(tmp_path)


def test_cleaning_goes_step_by_step(folder: Path) -> None:
    kept, done = clean(
        list_images(folder, PARTS),
        [
            {"drop": "cross-class-duplicates"},
            {"drop": "duplicates"},
            {"drop": "small-classes", "fewer_than": 2},
        ],
    )
    assert [(step.groups, step.left) for step in done] == [(1, 7), (2, 5), (1, 4)]
    assert [set(step.dropped["path"]) for step in done] == [
        {"Train/ant/1.png", "Train/bee/copy-of-ant-1.png"},
        {"Train/ant/copy-of-test-9.png", "Train/bee/copy-of-bee-1.png"},  # the test's copy stays
        {"Train/cow/only.png"},
    ]
    assert set(kept["label"]) == {"ant", "bee"}


rows = st.tuples(st.sampled_from("abc"), st.sampled_from(["train", "test"]), st.sampled_from("0123"))
listings = st.lists(rows, max_size=30).map(
    lambda found: pd.DataFrame([(f"{n:02}", *row, "") for n, row in enumerate(found)], columns=COLUMNS)
)


@given(listings, st.integers(1, 5))
def test_what_each_step_leaves_has_nothing_for_it_to_drop(images: pd.DataFrame, least: int) -> None:
    options = {"small-classes": {"fewer_than": least}}
    for name in STEPS:
        step = {"drop": name, **options.get(name, {})}
        kept, (done,) = clean(images, [step])
        assert len(kept) + len(done.dropped) == len(images)
        assert not set(kept["path"]) & set(done.dropped["path"])
        again, _ = clean(kept, [step])
        assert again["path"].tolist() == kept["path"].tolist()


@given(listings)
def test_no_image_stands_twice_or_in_two_classes_after_both_steps(images: pd.DataFrame) -> None:
    kept, _ = clean(images, [{"drop": "cross-class-duplicates"}, {"drop": "duplicates"}])
    assert kept["sha256"].is_unique
    alone = images.groupby("sha256")["label"].nunique() == 1
    assert set(kept["sha256"]) == set(alone.index[alone])


def test_images_that_look_alike_are_found(folder: Path) -> None:
    with Image.open(folder / "Train" / "ant" / "2.png") as image:
        image.resize((160, 120)).save(folder / "Train" / "bee" / "larger.jpg", quality=80)
    found = near_duplicates(folder, list_images(folder, PARTS))
    pairs = [{row.first, row.second} for row in found.itertuples()]
    assert pairs == [{"Train/ant/2.png", "Train/bee/larger.jpg"}]
    assert not found["same_class"].any()


def test_images_are_decoded_once_and_again_when_the_content_changes(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    images = list_images(folder, PARTS)
    pixels = decoded_once(folder, images, 16, cache)
    assert pixels.shape == (9, 16, 16, 3)
    assert np.array_equal(pixels, decode(folder, images["path"], 16))
    (first,) = cache.iterdir()
    written = first.stat().st_mtime_ns
    decoded_once(folder, images, 16, cache)
    assert first.stat().st_mtime_ns == written
    draw(folder / "Train" / "ant" / "1.png", 99)
    changed = list_images(folder, PARTS)
    assert manifest_of(changed) != manifest_of(images)
    decoded_once(folder, changed, 16, cache)
    assert len(list(cache.iterdir())) == 2


def test_what_was_listed_is_not_read_again_until_it_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = list_images(folder, PARTS, cache=cache)
    examined: list[str] = []
    examine = images._examine
    monkeypatch.setattr(images, "_examine", lambda path: examined.append(path.name) or examine(path))
    pd.testing.assert_frame_equal(list_images(folder, PARTS, cache=cache), first)
    assert examined == []
    draw(folder / "Train" / "ant" / "1.png", 99)
    (folder / "Train" / "ant" / "new.png").write_bytes(b"")
    (folder / "Test" / "ant" / "9.png").unlink()
    draw(folder / "Test" / "ant" / "10.png", 5)
    changed = list_images(folder, PARTS, cache=cache)
    assert sorted(examined) == ["1.png", "10.png", "new.png"]
    pd.testing.assert_frame_equal(changed, list_images(folder, PARTS))
    (listing,) = cache.iterdir()
    for damage in ("", "[1", '{"Train/ant/1.png": 3}', "[]"):
        listing.write_text(damage)
        pd.testing.assert_frame_equal(list_images(folder, PARTS, cache=cache), changed)


def test_a_damaged_file_of_decoded_images_is_written_again(folder: Path, tmp_path: Path) -> None:
    listing = list_images(folder, PARTS)
    wanted = decoded_once(folder, listing, 16, tmp_path / "cache").copy()
    (file,) = (tmp_path / "cache").iterdir()
    for keep in (0, 60, 2000):
        file.write_bytes(file.read_bytes()[:keep])
        assert np.array_equal(decoded_once(folder, listing, 16, tmp_path / "cache"), wanted)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [file.name]


def test_many_images_are_decoded_in_chunks(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "CHUNK", 4)
    listing = list_images(folder, PARTS)
    pixels = decoded_once(folder, listing, 16, tmp_path / "cache")
    assert np.array_equal(pixels, decode(folder, listing["path"], 16))
    assert not pixels.flags.writeable


def test_a_cache_that_cannot_be_written_is_named_with_the_room_it_needs(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    listing = list_images(folder, PARTS, cache=tmp_path / "cache")
    with pytest.raises(ExperimentError, match=r"cache.*decoded images need 1 MB there"):
        decoded_once(folder, listing, 200, tmp_path / "cache")


def test_files_that_cannot_be_read_at_all_are_no_copies_of_each_other() -> None:
    rows = [(f"{label}/1.png", label, "all", "", "cannot be read: no permission") for label in "ab"]
    kept, steps = clean(
        pd.DataFrame(rows, columns=list(COLUMNS)),
        [{"drop": "cross-class-duplicates"}, {"drop": "duplicates"}],
    )
    assert len(kept) == 2
    assert [step.groups for step in steps] == [0, 0]


def test_an_image_of_absurd_size_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for size in (9, 12, 20):  # fine, more than the limit, more than twice the limit
        draw(tmp_path / "a" / f"{size}.png", 1, (size, size))
    found = list_images(tmp_path)
    assert (found.set_index("path")["broken"] == "").to_dict() == {
        "a/12.png": False,
        "a/20.png": False,
        "a/9.png": True,
    }


def test_grey_transparent_and_rotated_files_become_colour_squares(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("L", (5, 9), 100).save(tmp_path / "a" / "grey.png")
    Image.new("RGBA", (9, 5), (10, 20, 30, 40)).save(tmp_path / "a" / "clear.png")
    Image.new("P", (9, 5), 3).save(tmp_path / "a" / "palette.gif")
    images = list_images(tmp_path)
    assert (images["broken"] == "").all()
    assert decode(tmp_path, images["path"], 4).shape == (3, 4, 4, 3)
