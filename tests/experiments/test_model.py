import copy

import pytest
from pydantic import ValidationError

from moocmap.experiments.settings.model import Experiment, ExperimentSettings
from moocmap.experiments.spec import differences, hash_of

from .samples import SETTINGS, make_experiment


def test_runs_are_library_by_model_by_recipe_by_seed(experiment: Experiment) -> None:
    assert [run.id for run in experiment.runs()] == [
        "keras-small-cnn-matched-seed0",
        "fastai-small-cnn-matched-seed0",
        "keras-small-cnn-matched-seed1",
        "fastai-small-cnn-matched-seed1",
    ]


def test_spec_writes_out_every_default(experiment: Experiment) -> None:
    spec = experiment.runs()[0].spec
    assert [phase["name"] for phase in spec["phases"]] == ["pretrain", "head", "all"]
    assert spec["phases"][1]["schedule"] == {
        "kind": "one-cycle",
        "warmup": 0.25,
        "start_div": 25.0,
        "final_div": 1e5,
        "momentum": [0.95, 0.85, 0.95],
    }
    assert spec["phases"][1]["optimizer"] == {"kind": "adamw", "beta2": 0.99, "epsilon": 1e-7}
    assert spec["tasks"]["source"]["classes"] == [0, 1, 2]
    assert spec["tasks"]["source"]["pixel_range"] == [0, 16]
    assert spec["heads"]["target"][-1] == {"layer": "dense", "name": "head-logits", "units": 3}


def test_without_pretraining_there_is_one_task() -> None:
    spec = make_experiment(pretrain=None).runs()[0].spec
    assert list(spec["tasks"]) == list(spec["heads"]) == ["target"]
    assert [phase["name"] for phase in spec["phases"]] == ["head", "all"]


def test_phases_of_one_kind_get_numbers() -> None:
    phases = [{"train": "all", "epochs": 1, "lr": 0.1}, {"train": "all", "epochs": 1, "lr": 0.01}]
    spec = make_experiment(pretrain=None, recipes__matched__phases=phases).runs()[0].spec
    assert [phase["name"] for phase in spec["phases"]] == ["all", "all-2"]


def test_recipe_by_library() -> None:
    shared = SETTINGS["recipes"]["matched"]
    slow = {**shared, "weight_decay": 0.5}
    experiment = make_experiment(recipes={"own": {"keras": shared, "fastai": slow}})
    decays = {run.library: run.spec["phases"][0]["weight_decay"] for run in experiment.runs()}
    assert decays == {"keras": 0.01, "fastai": 0.5}


def test_only_what_trains_changes_the_hash() -> None:
    first = make_experiment().runs()[0]
    assert make_experiment(title="Other", summary="Other", seeds=[0]).runs()[0].spec_hash == first.spec_hash
    for change in ({"data__pixel_range": [0, 17]}, {"recipes__matched__batch_size": 8}, {"threads": None}):
        assert make_experiment(**change).runs()[0].spec_hash != first.spec_hash


def test_hash_is_the_same_on_every_machine() -> None:
    value = {"b": [1, 0.1, None, True], "a": {"é": "x"}}
    assert hash_of(value) == hash_of(dict(reversed(value.items())))
    assert hash_of(value) == "b2944d013e0cf6fb3f9c13d868d078539ad8ca46248052b808fde3d70ddf279e"


def test_differences_name_the_path_and_both_values() -> None:
    old = make_experiment().runs()[0].spec
    new = make_experiment(recipes__matched__weight_decay=0.2, pretrain__epochs=3).runs()[0].spec
    assert differences(old, new) == [
        "phases.0.epochs: 2 -> 3",
        "phases.0.weight_decay: 0.01 -> 0.2",
        "phases.1.weight_decay: 0.01 -> 0.2",
        "phases.2.weight_decay: 0.01 -> 0.2",
    ]
    assert differences({"a": [1]}, {"a": []}) == ["a.0: 1 -> nothing", "a: nothing -> []"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("seeds", [0, 0], "each value once"),
        ("seeds", [], "at least 1 item"),
        ("data__pixel_range", [16, 0], "lowest pixel value"),
        ("data__split", {"validation": 0.5, "test": 0.6}, "sum to 1 at most"),
        ("data__classes", [5], "at least 2 items"),
        ("recipes__matched__schedule", {"kind": "one-cycle", "warmup": 1.0}, "less than 1"),
        ("recipes__matched__phases", [], "at least 1 item"),
    ],
)
def test_nonsense_is_refused(path: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_experiment(**{path: value})


def test_settings_are_closed() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ExperimentSettings.model_validate({**copy.deepcopy(SETTINGS), "epochs": 3})


def test_recipes_by_library_are_written_out_without_complaint(recwarn: pytest.WarningsRecorder) -> None:
    shared = SETTINGS["recipes"]["matched"]
    settings = make_experiment(recipes={"own": {"keras": shared, "fastai": shared}}).settings
    dumped = settings.model_dump(mode="json")
    assert dumped["recipes"]["own"].keys() == {"keras", "fastai"}
    assert ExperimentSettings.model_validate(dumped) == settings
    assert not recwarn.list
