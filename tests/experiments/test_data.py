import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.experiments import data
from moocmap.experiments.model import Experiment
from moocmap.experiments.spec import ExperimentError

from .samples import make_experiment

shares = st.sampled_from([0.1, 0.2, 0.25, 0.3])


@given(
    counts=st.lists(st.integers(20, 60), min_size=2, max_size=5),
    train=st.none() | shares,
    validation=shares,
    test=shares,
    seed=st.integers(0, 2**32 - 1),
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


def test_split_depends_on_its_seed_alone() -> None:
    labels = np.repeat(np.arange(3), 40)
    wanted = {"train": None, "validation": 0.2, "test": 0.2, "seed": 1}
    first, again = data.split(labels, wanted), data.split(labels, wanted)
    other = data.split(labels, {**wanted, "seed": 2})
    assert all((first[name] == again[name]).all() for name in data.PARTS)
    assert not (first["test"] == other["test"]).all()


def test_too_few_images_are_an_error() -> None:
    with pytest.raises(ExperimentError, match=r"class number 1 has 3 images, too few"):
        data.split(np.array([0] * 50 + [1] * 3), {"train": 0.1, "validation": 0.1, "test": 0.1, "seed": 0})


def test_images_are_scaled_and_classes_counted_from_zero(experiment: Experiment) -> None:
    task = data.load(experiment.runs()[0].spec["tasks"]["target"])
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


def test_manifest_names_the_arrays_by_hash(experiment: Experiment) -> None:
    target = experiment.runs()[0].spec["tasks"]["target"]
    manifest = data.manifest(data.load(target))
    assert manifest == data.manifest(data.load(target))
    assert manifest["parts"]["test"]["per_class"] == {"5": 36, "6": 36, "7": 36}
    assert manifest["parts"]["test"]["n"] == 108
    other = make_experiment(data__pixel_range=[0, 17]).runs()[0].spec["tasks"]["target"]
    assert data.manifest(data.load(other))["sha256"] != manifest["sha256"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data__classes": [5, 12]}, r"classes \[12\] are not in the data; it has \[0, 1, 2, 3"),
        ({"data__pixel_range": [0, 8]}, "pixels lie from 0 to 16, outside the pixel_range 0 to 8"),
        ({"data__source__name": "digit"}, "no data set 'digit'; did you mean 'digits'?"),
        ({"data__source__name": "iris"}, "'iris' has no images with classes"),
    ],
)
def test_unusable_data_is_explained(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        data.load(make_experiment(**changes).runs()[0].spec["tasks"]["target"])
