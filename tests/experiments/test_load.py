from pathlib import Path

import pytest

from moocmap.experiments.settings.load import load_experiments

YAML = """\
title: Small
summary: {en: A small one.}
data:
  source: {kind: sklearn, name: digits}
  pixel_range: [0, 16]
  classes: [5, 6, 7]
  split: {validation: 0.1, test: 0.2}
models: [small-cnn]
libraries: [keras, fastai]
seeds: [0]
recipes:
  matched:
    phases:
      - {train: head, epochs: 1, lr: 0.01}
    schedule: one-cycle
    weight_decay: 0.01
    batch_size: 16
    frozen_batchnorm: inference
"""


def load(root: Path, text: str, name: str = "small.yml") -> list[str]:
    folder = root / "experiments"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return [str(found) for found in load_experiments(root)[1]]


def test_a_good_file_loads(tmp_path: Path) -> None:
    assert load(tmp_path, YAML) == []
    experiments, _ = load_experiments(tmp_path)
    assert [(e.id, len(e.runs())) for e in experiments] == [("small", 2)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "models: [small-cnn]",
            "models: [smal-cnn]",
            "8:10: error[wrong-value]: expected 'small-cnn' or 'dense-10' or 'vgg16' or 'vgg19' or "
            "'resnet50' or 'resnet101' or 'densenet121' or 'densenet169' or 'mobilenet' or "
            "'mobilenet-0.75' or 'mobilenet-0.5' or 'mobilenet-0.25', got 'smal-cnn'; "
            "did you mean 'small-cnn'?",
        ),
        (
            "[keras, fastai]",
            "[keras, fastia]",
            "9:20: error[wrong-value]: expected 'keras', 'keras-jax', 'keras-torch' or 'fastai', "
            "got 'fastia'; did you mean 'fastai'?",
        ),
        (
            "schedule: one-cycle",
            "schedule: one-cycel",
            "15:15: error[wrong-value]: expected 'constant' or 'one-cycle' or 'cosine', got 'one-cycel'; "
            "did you mean 'one-cycle'?",
        ),
        (
            "  pixel_range:",
            "  pixelrange:",
            "5:3: error[unknown-key]: unknown key 'pixelrange'; did you mean 'pixel_range'?",
        ),
        (
            "epochs: 1,",
            "epochs: 0,",
            "14:31: error[wrong-value]: input should be greater than or equal to 1, got 0",
        ),
        (
            "seeds: [0]",
            "seeds: [0, 0]",
            "10:8: error[wrong-value]: expected each value once, got a list of 2",
        ),
    ],
)
def test_mistakes_are_named_by_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in YAML
    assert f"experiments/small.yml:{expected}" in load(tmp_path, YAML.replace(old, new))


def test_all_mistakes_of_all_files_are_found_at_once(tmp_path: Path) -> None:
    load(tmp_path, YAML.replace("[keras", "[kears").replace("one-cycle", "onecycle"), "first.yml")
    found = load(tmp_path, YAML.replace("title: Small\n", ""), "second.yml")
    assert [line.split(": ")[0] for line in found] == [
        "experiments/first.yml:9:13",
        "experiments/first.yml:15:15",
        "experiments/second.yml:1:1",
    ]


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    load(tmp_path, YAML, "small.yaml")
    assert load(tmp_path, YAML, "small.yml") == [
        "experiments/small.yml:1:1: error[duplicate-id]: experiment 'small' is already in small.yaml; "
        "rename one of the files"
    ]


def test_a_file_name_must_be_an_id(tmp_path: Path) -> None:
    assert load(tmp_path, YAML, "My Digits.yml") == [
        "experiments/My Digits.yml:1:1: error[wrong-id]: expected a file name in kebab-case, "
        "got 'My Digits.yml'; the name is the experiment's id; rename the file"
    ]


def test_a_recipe_by_library_fits_the_libraries(tmp_path: Path) -> None:
    head, recipe = YAML.split("  matched:\n")
    nested = "".join(f"  {line}\n" for line in recipe.splitlines())
    text = f"{head}  own:\n    fastai:\n{nested}"
    assert load(tmp_path, text) == [
        "experiments/small.yml:12:3: error[missing-recipe]: recipe 'own' has nothing for library 'keras'; "
        "add it, or drop the library"
    ]
    assert load(tmp_path, text.replace("[keras, fastai]", "[keras]"))[0].startswith(
        "experiments/small.yml:12:3: error[missing-recipe]"
    )
    assert load(tmp_path, text.replace("[keras, fastai]", "[keras]"))[1] == (
        "experiments/small.yml:13:5: error[unused-recipe]: recipe 'own' is for library 'fastai', "
        "which the experiment does not run; add it to libraries"
    )


def test_no_folder_means_no_experiments(tmp_path: Path) -> None:
    assert load_experiments(tmp_path) == ([], [])
