import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moocmap.experiments.results.calibration import calibration, expected_calibration_error
from moocmap.experiments.results.mistakes import top_losses
from moocmap.experiments.results.record import Record

from .made_up import made_up

chances = st.lists(st.floats(0, 1), min_size=1, max_size=60)


def drawn(dog: list[float], seed: int = 0) -> Record:
    labels = np.where(np.random.default_rng(seed).random(len(dog)) < dog, "dog", "cat")
    return made_up(seed=seed, labels=list(labels), dog=dog)


def test_the_error_of_two_bins_by_hand() -> None:
    # Sure to 0.9 and right 3 of 4 times: off by 0.15. Sure to 0.6 and never right: off by 0.6.
    record = made_up(labels=["dog", "dog", "dog", "cat", "cat", "cat"], dog=[0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    assert expected_calibration_error(record) == pytest.approx((4 * 0.15 + 2 * 0.6) / 6)
    found = calibration([record])
    assert [(part.low, part.high, part.images) for part in found.bins] == [(0.5, 0.6, 2), (0.8, 0.9, 4)]
    assert [part.accuracy.mean for part in found.bins] == [0.0, 0.75]
    assert found.gap.mean == pytest.approx((4 * 0.9 + 2 * 0.6) / 6 - 0.5)
    assert found.brier.mean == pytest.approx((3 * 2 * 0.1**2 + 2 * 0.9**2 + 2 * 2 * 0.6**2) / 6)
    assert math.isnan(found.error.low), "one run has no interval"


def test_many_images_keep_only_the_probabilities_that_are_needed() -> None:
    whole = made_up(labels=["dog", "dog", "cat"], dog=[0.9, 0.3, 0.6])
    slim = replace(whole, predictions=whole.predictions.drop(columns=["p_cat", "p_dog"]))
    assert calibration([slim]).error == pytest.approx(calibration([whole]).error, nan_ok=True)
    assert calibration([slim]).brier.mean == pytest.approx((2 * 0.1**2 + 2 * 0.7**2 + 2 * 0.6**2) / 3)
    assert top_losses([slim]) == top_losses([whole])


def test_who_is_as_sure_as_right_has_no_error() -> None:
    record = made_up(labels=["dog"] * 4 + ["cat"], dog=[0.8] * 5)
    assert expected_calibration_error(record) == pytest.approx(0)
    assert calibration([record]).gap.mean == pytest.approx(0)


@given(dog=chances, bins=st.integers(1, 20))
def test_bins_are_scikit_learns(dog: list[float], bins: int) -> None:
    from sklearn.calibration import calibration_curve

    record = drawn(dog)
    sure = np.maximum(dog, 1 - np.asarray(dog))
    right = (record.predictions["label"] == record.predictions["prediction"]).to_numpy()
    accuracies, confidences = calibration_curve(right, sure, n_bins=bins, strategy="uniform")
    found = calibration([record], bins)
    assert [part.accuracy.mean for part in found.bins] == pytest.approx(accuracies)
    assert [part.confidence for part in found.bins] == pytest.approx(confidences)
    shares = np.array([part.images for part in found.bins]) / len(dog)
    assert found.error.mean == pytest.approx(float(np.sum(shares * np.abs(accuracies - confidences))))


@given(dog=chances)
def test_the_error_is_between_the_gap_and_one(dog: list[float]) -> None:
    found = calibration([drawn(dog)])
    assert abs(found.gap.mean) - 1e-9 <= found.error.mean <= 1 + 1e-9
    assert sum(part.images for part in found.bins) == pytest.approx(len(dog))


def test_runs_are_not_poured_into_one() -> None:
    # One run too sure, one not sure enough: poured together they would look well calibrated.
    runs = [
        made_up(seed=0, labels=["dog", "cat"], dog=[0.75, 0.75]),
        made_up(seed=1, labels=["dog", "dog"], dog=[0.75, 0.75]),
    ]
    found = calibration(runs)
    assert found.error.mean == pytest.approx(0.25)
    assert found.gap.mean == pytest.approx(0.0)
    low, high = stats.t.interval(0.95, 1, 0.0, stats.sem([0.25, -0.25]))
    assert (found.gap.low, found.gap.high) == pytest.approx((max(low, -1), min(high, 1)))
    [part] = found.bins
    assert (part.images, part.runs, part.accuracy.mean) == (2, 2, 0.75)


def test_a_bin_counts_only_the_runs_that_have_images_in_it() -> None:
    runs = [made_up(seed=0, labels=["dog"], dog=[0.95]), made_up(seed=1, labels=["dog"], dog=[0.55])]
    assert [(part.low, part.runs, part.images) for part in calibration(runs).bins] == [
        (0.5, 1, 0.5),
        (0.9, 1, 0.5),
    ]
    with pytest.raises(ValueError, match="expected records"):
        calibration([])
