from typing import Any

from moocmap.experiments.results.settings_table import columns, settings_table

from .made_up import phase, spec

KERAS = spec(
    "keras",
    phases=[phase("head", 50, l2=0.01, lr=3e-3), phase("all", 100, l2=0.01, lr=3e-5)],
    architecture="keras",
    weights={"kind": "imagenet", "publisher": "keras", "file": "vgg16.h5", "checksum": "md5:1"},
    tasks={"target": {"source": {"kind": "folder"}, "classes": ["cat", "dog"], "image_size": 256}},
)
CYCLE = {"kind": "one-cycle", "momentum": [0.95, 0.85, 0.95]}
FASTAI = spec(
    "fastai",
    phases=[
        phase("head", 15, schedule=CYCLE, lr=3e-3, weight_decay=0.01, mixup=0.4, augment={"transforms": []}),
        phase(
            "all",
            40,
            schedule=CYCLE,
            lr=[5e-6, 5e-4],
            weight_decay=0.01,
            mixup=0.4,
            augment={"transforms": []},
        ),
    ],
    architecture="torch",
    weights={"kind": "imagenet", "publisher": "torchvision", "file": "vgg16.pth", "checksum": "sha256:2"},
)


def table(*specs: dict[str, Any]) -> dict[tuple[str, str], list[Any]]:
    return {(row.key, row.phase): list(row.cells) for row in settings_table(columns(specs))}


def test_the_settings_of_two_libraries_side_by_side() -> None:
    found = table(KERAS, FASTAI)
    assert found["image_size", ""] == [[256], []]
    assert found["batch_size", ""] == [[32], [32]]
    assert found["one_cycle", ""] == [[False], [True]]
    assert found["discriminative", ""] == [[False], [True]]
    assert found["lr", "head"] == [[3e-3], [3e-3]]
    assert found["lr", "all"] == [[3e-5], [[5e-6, 5e-4]]]
    assert (found["epochs", "head"], found["epochs", "all"]) == ([[50], [15]], [[100], [40]])
    assert found["optimizer", ""][1][0]["momentum"] == [0.95, 0.85, 0.95]
    assert found["weights", ""] == [
        [{"kind": "imagenet", "source": "keras"}],
        [{"kind": "imagenet", "source": "torchvision"}],
    ]
    assert found["augment", ""] == [[], [[]]], "not known, and known to be none"
    assert found["mixup", ""] == [[], [0.4]]


def test_rows_that_differ_are_marked() -> None:
    rows = {(row.key, row.phase): row.differs for row in settings_table(columns([KERAS, FASTAI]))}
    assert rows["lr", "all"]
    assert not rows["lr", "head"]
    assert not rows["seed", ""]


def test_runs_of_one_library_share_a_column() -> None:
    specs = [{**KERAS, "seed": seed, "model": model} for model in ("vgg16", "vgg19") for seed in (0, 1)]
    [column] = columns(specs)
    assert (column.library, column.recipe, len(column.specs)) == ("keras", "matched", 4)
    assert table(*specs)["seed", ""] == [[0, 1]]


def test_what_is_switched_off_or_unknown_everywhere_is_left_out() -> None:
    off = spec(phases=[phase("all", 1, mixup=0.0, precision="float32", clip_norm=None, class_weights="none")])
    found = table(off)
    assert not {"mixup", "precision", "clip_norm", "class_weights", "l2", "image_size", "architecture"} & {
        key for key, _ in found
    }
    on = spec(
        phases=[phase("all", 1, clip_norm=1.0, early_stopping={"monitor": "validation_loss", "patience": 3})]
    )
    assert table(on)["clip_norm", ""] == [[1.0]]
    assert table(on)["early_stopping", ""] == [[{"monitor": "validation_loss", "patience": 3}]]


def test_transforms_are_named_once() -> None:
    augment = {"transforms": [{"kind": "flip", "chance": 0.5}, {"kind": "rotate"}], "fill": "reflect"}
    found = table(spec(phases=[phase("head", 1, augment=augment), phase("all", 1, augment=augment)]))
    assert found["augment", ""] == [[["flip", "rotate"]]]


def test_a_setting_that_phases_do_not_share_lists_all() -> None:
    found = table(spec(phases=[phase("head", 1, batch_size=64), phase("all", 1, batch_size=16)]))
    assert found["batch_size", ""] == [[[64, 16]]]
