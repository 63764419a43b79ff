"""A new experiment on somebody's own folder: what is taken from it, and that the file is valid as it is."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from moocmap.cli import main
from moocmap.experiments.models import published_weights
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.settings.model import ExperimentSettings
from moocmap.experiments.settings.new import Body, Folder, choose_body, experiment_file, look_at
from moocmap.experiments.spec import ExperimentError

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a folder of images: `make({"a/x": 3})` puts three into a/x."""

    def write(folders: dict[str, int], size: tuple[int, int] = (50, 70)) -> Path:
        home = tmp_path / "shoes"
        rng = np.random.default_rng(len(folders))
        for name, count in folders.items():
            (home / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(home / name / f"{number}.JPG", "JPEG")
        return home

    return write


def test_classes_are_the_folders_with_enough_images(make: Make) -> None:
    folder = make({"boot": 5, "clog": 4, "slipper": 2, "nothing": 0, ".hidden": 9, "boot/old": 1})
    (folder / "boot" / "notes.txt").write_text("no image")
    found = look_at(folder)
    assert found.classes == {"boot": 6, "clog": 4}
    assert found.left_out == ["slipper"]
    assert (found.parts, found.other, found.images) == (None, [], 10)


@pytest.mark.parametrize(
    ("train", "test"), [("Train", "Test"), ("train", "val"), ("training", "testing"), ("TRAIN", "valid")]
)
def test_parts_are_known_by_their_names(make: Make, train: str, test: str) -> None:
    folder = make({f"{train}/boot": 4, f"{train}/clog": 3, f"{test}/boot": 1, f"{test}/clog": 2})
    found = look_at(folder)
    assert found.parts == {"train": train, "test": test}
    assert found.classes == {"boot": 5, "clog": 5}


def test_the_test_comes_before_the_validation(make: Make) -> None:
    parts = ("train", "val", "test")
    found = look_at(make({f"{part}/{name}": 4 for part in parts for name in ("boot", "clog")}))
    assert found.parts == {"train": "train", "test": "test"}
    assert found.other == ["val"]


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ({}, "no folder"),
        ({"boot": 9}, "of 1 folders with images only 1"),
        ({"boot": 9, "clog": 2}, "of 2 folders with images only 1"),
        ({"train/boot": 9, "train/clog": 9, "test/boot": 1}, "one for the test"),
    ],
)
def test_too_few_classes_are_refused(make: Make, folders: dict[str, int], message: str) -> None:
    folder = make(folders)
    with pytest.raises(ExperimentError, match=message):
        look_at(folder if folder.exists() else folder.parent / "nowhere")


@pytest.mark.parametrize(("size", "side"), [((20, 20), 32), ((70, 50), 32), ((64, 90), 64), ((600, 900), 96)])
def test_images_are_trained_on_near_their_size(make: Make, size: tuple[int, int], side: int) -> None:
    assert look_at(make({"boot": 3, "clog": 3}, size)).size == side


def test_weights_that_are_here_decide_the_model(tmp_path: Path) -> None:
    assert choose_body(None, [tmp_path]) == Body("small-cnn")
    assert choose_body("resnet50", [tmp_path]) == Body("resnet50")
    for publisher, model in (("torchvision", "resnet50"), ("keras", "mobilenet-0.5")):
        (tmp_path / published_weights.published(publisher, model).file).touch()
    assert choose_body(None, [tmp_path / "nowhere", tmp_path]) == Body("mobilenet-0.5", "keras")
    assert choose_body("resnet50", [tmp_path]) == Body("resnet50", "torchvision")
    with pytest.raises(ExperimentError, match="did you mean 'resnet50'"):
        choose_body("resnet5", [tmp_path])
    with pytest.raises(ExperimentError, match="grey images"):
        choose_body("dense-10", [tmp_path])


NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1).filter(
    lambda text: text == text.strip() and "/" not in text
)


@given(
    st.lists(NAMES, min_size=2, max_size=5, unique=True),
    st.sampled_from([None, {"train": "Train", "test": "Test"}]),
    st.sampled_from([Body("small-cnn"), Body("mobilenet-0.25", "keras"), Body("resnet50", "torchvision")]),
    st.sampled_from([["keras"], ["keras", "fastai"], ["keras-jax", "keras-torch", "fastai"]]),
)
def test_whatever_folders_are_called_the_file_is_valid_and_names_them(
    names: list[str], parts: dict[str, str] | None, body: Body, libraries: list[str]
) -> None:
    folder = Folder(Path("shoes"), dict.fromkeys(names, 20), parts=parts)
    text = experiment_file("my-shoes", folder, "shoes", body, libraries)
    settings = ExperimentSettings.model_validate(yaml.safe_load(text))
    assert settings.data.classes == names
    assert settings.libraries == libraries
    assert settings.data.split.test == ("given" if parts else 0.2)
    assert max(map(len, text.splitlines())) <= 120 or max(map(len, names)) > 40


def test_the_file_has_all_words_in_both_languages(make: Make, tmp_path: Path) -> None:
    text = experiment_file(
        "my-shoes", look_at(make({"boot": 9, "clog": 9})), "shoes", Body("small-cnn"), ["keras", "fastai"]
    )
    assert "TODO" not in text
    settings = ExperimentSettings.model_validate(yaml.safe_load(text))
    for words in (settings.title, settings.summary):
        assert isinstance(words, dict)
        assert set(words) == {"en", "es"}
    with pytest.raises(ExperimentError, match="rename it"):
        experiment_file("x", look_at(tmp_path / "shoes"), "a:b", Body("small-cnn"), ["keras"])


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs `moocmap experiment new` in this process; it gives all that was said."""

    def run(root: Path, code: int, *words: str) -> str:
        monkeypatch.chdir(root)
        monkeypatch.delenv("MOOCMAP_WEIGHTS", raising=False)
        monkeypatch.setattr(sys, "argv", ["moocmap", "experiment", "new", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert (end.value.code or 0) == code, said.err
        return said.out + said.err

    return run


def test_the_command_writes_once_and_says_what_comes_next(
    make: Make, command: Callable[..., str], tmp_path: Path
) -> None:
    folder, root = make({"boot": 4, "clog": 4, "sock": 1}), tmp_path / "guide"
    root.mkdir()
    said = command(root, 0, "my-shoes", "--folder", str(folder))
    assert "wrote experiments/my-shoes.yml: 8 images of 2 classes" in said
    assert "left out, with too few images: sock" in said
    assert f"moocmap experiment run my-shoes --root {tmp_path} --dry-run" in said
    (experiment,), problems = load_experiments(root)
    assert problems == []
    assert len(experiment.runs()) == 6
    before = (root / "experiments" / "my-shoes.yml").read_bytes()
    said = command(root, 2, "my-shoes", "--folder", str(folder), "--model", "vgg16")
    assert "'experiments/my-shoes.yml' exists" in said
    assert (root / "experiments" / "my-shoes.yml").read_bytes() == before


def test_a_folder_in_the_guides_own_data_needs_no_option(
    make: Make, command: Callable[..., str], tmp_path: Path
) -> None:
    root = tmp_path / "guide"
    (root / "data").mkdir(parents=True)
    make({"boot": 4, "clog": 4}).rename(root / "data" / "shoes")
    said = command(root, 0, "my-shoes", "--folder", "data/shoes", "--library", "fastai")
    assert "--root" not in said
    (experiment,), _ = load_experiments(root)
    assert experiment.settings.data.where()["path"] == "shoes"
    assert experiment.settings.libraries == ["fastai"]


@pytest.mark.parametrize(
    "case",
    [
        (["My Shoes"], 2, "for example 'my-shoes'"),
        (["x", "--library", "kears"], 2, "did you mean 'keras'?"),
        (["x", "--model", "smal-cnn"], 1, "did you mean 'small-cnn'?"),
        (["x", "--folder", "nowhere"], 1, "no folder 'nowhere'"),
    ],
)
def test_a_wrong_word_writes_nothing(
    make: Make, command: Callable[..., str], tmp_path: Path, case: tuple[list[str], int, str]
) -> None:
    words, code, message = case
    folder, root = make({"boot": 4, "clog": 4}), tmp_path / "guide"
    root.mkdir()
    given_folder = [] if "--folder" in words else ["--folder", str(folder)]
    assert message in command(root, code, *words, *given_folder)
    assert list(root.iterdir()) == []
