"""`moocmap experiment data`, as a process, on images that are drawn here and on the data of the thesis."""

import csv
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import yaml
from PIL import Image

REPOSITORY = Path(__file__).parent.parent.parent
CLASSES = ["ant", "bee"]


def draw(path, red, green):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (40, 30), (red, green, 0))
    image.paste((255 - red, 0, green), (0, 0, 5 + green % 30, 15))
    image.save(path)


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


@pytest.fixture
def images(tmp_path):
    """Two classes of twelve and a small one; copies across classes, and a file that is cut short."""
    place = tmp_path / "data" / "pets"
    for number, name in enumerate(CLASSES):
        for image in range(12):
            draw(place / "Train" / name / f"{image}.png", 100 * number, 20 * image)
        for image in range(3):
            draw(place / "Test" / name / f"t{image}.png", 100 * number + 50, 20 * image)
    draw(place / "Train" / "cow" / "only.png", 30, 30)
    copy(place / "Train" / "ant" / "0.png", place / "Train" / "bee" / "as-ant-0.png")
    cut = place / "Train" / "bee" / "cut.png"
    draw(cut, 1, 1)
    cut.write_bytes(cut.read_bytes()[:60])
    return place


@pytest.fixture
def project(tmp_path):
    """A project with one experiment; `project(key=value)` writes it with other data settings."""
    root = tmp_path / "project"
    shutil.copytree(REPOSITORY / "curriculum", root / "curriculum")
    (root / "experiments").mkdir()
    settings = yaml.safe_load((REPOSITORY / "experiments" / "digits.yml").read_text(encoding="utf-8"))
    base = {
        "source": {"kind": "folder", "path": "pets", "parts": {"train": "Train", "test": "Test"}},
        "clean": [
            {"drop": "unreadable"},
            {"drop": "cross-class-duplicates"},
            {"drop": "small-classes", "fewer_than": 5},
        ],
        "classes": CLASSES,
        "split": {"validation": 0.25, "test": "given", "stratified": False},
        "image_size": 16,
    }

    def write(**changes):
        kept = {key: settings[key] for key in ("title", "summary", "models", "libraries", "seeds", "recipes")}
        content = kept | {"data": base | changes}
        (root / "experiments" / "pets.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return root

    return write


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_steps_parts_and_files_tell_what_became_of_every_image(moocmap, project, images):
    root = project()
    done = moocmap("experiment", "data", "pets", "--root", images.parent, "--format", "json", root=root)
    assert done.returncode == 0, done.stderr
    found = [(row["step"], row["dropped"], row["different"], row["left"]) for row in json.loads(done.stdout)]
    assert found == [
        ("found", 0, 0, 33),
        ("unreadable", 1, 1, 32),
        ("cross-class-duplicates", 2, 1, 30),
        ("small-classes (fewer_than 5)", 1, 1, 29),
        ("train", 0, 0, 18),
        ("validation", 0, 0, 5),
        ("test", 0, 0, 6),
    ]
    out = root / "build" / "data" / "pets"
    manifest, dropped = rows(out / "manifest.csv"), rows(out / "dropped.csv")
    listed = [row["path"] for row in manifest + dropped]
    there = [path.relative_to(images).as_posix() for path in images.rglob("*.png")]
    assert sorted(listed) == sorted(there)
    for row in manifest:
        assert row["sha256"] == hashlib.sha256((images / row["path"]).read_bytes()).hexdigest()
        assert row["path"].split("/")[1] == row["class"]
        assert (row["part"] == "test") == row["path"].startswith("Test/")
    assert {(row["path"], row["step"], row["reason"]) for row in dropped if "cut" not in row["path"]} == {
        ("Train/ant/0.png", "cross-class-duplicates", "same bytes as Train/bee/as-ant-0.png"),
        ("Train/bee/as-ant-0.png", "cross-class-duplicates", "same bytes as Train/ant/0.png"),
        ("Train/cow/only.png", "small-classes", "its class has 1 images, fewer than 5"),
    }
    assert {row["class"]: int(row["found"]) for row in rows(out / "distribution.csv")} == {
        "ant": 15,
        "bee": 17,
        "cow": 1,
    }
    for name in ("distribution.svg", "distribution-dark.svg"):
        assert "<svg" in (out / name).read_text(encoding="utf-8")


def test_the_table_names_unreadable_files_and_says_where_all_lies(moocmap, project, images, tmp_path):
    done = moocmap(
        "experiment", "data", "pets", "--root", images, "--out", tmp_path / "out", "--near", root=project()
    )
    assert done.returncode == 0, done.stderr
    assert "1 file cannot be read:\n  Train/bee/cut.png: " in done.stdout
    assert f"data: {images}" in done.stdout
    assert "6 files in" in done.stdout
    assert "reading images …" in done.stderr
    pairs = rows(tmp_path / "out" / "near-duplicates.csv")
    assert list(pairs[0]) == ["first", "second", "bits", "same_class", "first_part", "second_part"]
    assert f"{len(pairs)} pairs of images look alike" in done.stdout


def test_a_broken_image_stops_it_where_no_step_sets_it_aside(moocmap, project, images):
    root = project(clean=[])
    done = moocmap("experiment", "data", "pets", root=root, MOOCMAP_DATA=str(images.parent))
    assert done.returncode == 1
    assert "error: 1 file cannot be used, such as Train/bee/cut.png" in done.stderr
    assert "- drop: unreadable" in done.stderr
    assert not (root / "build" / "data").exists()


def test_a_missing_part_is_named_without_a_traceback(moocmap, project, images):
    source = {"kind": "folder", "path": "pets", "parts": {"train": "Train", "test": "Tset"}}
    done = moocmap("experiment", "data", "pets", "--root", images.parent, root=project(source=source))
    assert done.returncode == 1
    assert "Tset: no such folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_data_is_asked_for(moocmap, project, tmp_path):
    done = moocmap("experiment", "data", "pets", root=project(), MOOCMAP_DATA=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert f"no data 'pets': put its folder at {tmp_path / 'nowhere' / 'pets'}" in done.stderr
    assert "Train/ant/… and Test/ant/…" in done.stderr
    done = moocmap("experiment", "data", "pets", "--root", tmp_path / "typo", root=project())
    assert done.returncode == 1
    assert "--root: no folder" in done.stderr


def test_scikit_learns_digits_need_no_folder(moocmap, tmp_path):
    done = moocmap("experiment", "data", "digits", "--out", tmp_path, "--format", "csv")
    assert done.returncode == 0, done.stderr
    by_step = {row["step"]: int(row["left"]) for row in csv.DictReader(done.stdout.splitlines())}
    assert (by_step["found"], by_step["train"], by_step["test"]) == (1797, 89, 537)
    assert len(rows(tmp_path / "manifest.csv")) == 895
    assert len(rows(tmp_path / "dropped.csv")) == 1797 - 895
    source = moocmap("experiment", "data", "digits", "--task", "source", "--out", tmp_path)
    assert source.returncode == 0, source.stderr
    assert {row["class"] for row in rows(tmp_path / "manifest.csv")} == set("01234")


def test_the_figures_of_the_thesis(moocmap, project):
    data = os.environ.get("MOOCMAP_DATA")
    if not data or not (Path(data) / "isic").is_dir():
        pytest.skip("MOOCMAP_DATA names no folder with isic/")
    kept = (
        "basal cell carcinoma, dermatofibroma, melanoma, nevus, pigmented benign keratosis, "
        "squamous cell carcinoma, vascular lesion"
    )
    root = project(
        source={"kind": "folder", "path": "isic", "parts": {"train": "Train", "test": "Test"}},
        clean=[{"drop": "cross-class-duplicates"}, {"drop": "small-classes", "fewer_than": 100}],
        classes=kept.split(", "),
        split={"validation": 0.2, "test": "given", "stratified": False},
    )
    done = moocmap("experiment", "data", "pets", "--root", Path(data) / "isic", "--format", "csv", root=root)
    assert done.stdout.splitlines()[1:] == [
        "found,0,0,2357,9",
        "cross-class-duplicates,310,155,2047,9",
        "small-classes (fewer_than 100),55,55,1992,7",
        "train,0,0,1515,7",
        "validation,0,0,378,7",
        "test,0,0,99,7",
    ]
