import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moocmap.experiments.results import compare
from moocmap.experiments.results.record import Record

from .made_up import made_up

values = st.lists(st.floats(-1, 1), min_size=2, max_size=10).filter(lambda found: np.std(found) > 1e-6)


@given(values=values, level=st.sampled_from([0.9, 0.95, 0.99]))
def test_interval_is_scipys(values: list[float], level: float) -> None:
    found = compare.interval(values, level)
    low, high = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert found == pytest.approx((np.mean(values), low, high, len(values)), rel=1e-9, abs=1e-12)


def test_interval_of_one_value_and_of_equal_values() -> None:
    one = compare.interval([0.5])
    assert (one.mean, one.n) == (0.5, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert compare.interval([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5, 3)
    with pytest.raises(ValueError, match="at least one value"):
        compare.interval([])


def test_summary_has_a_row_for_each_library(records: list[Record]) -> None:
    table = compare.summary(records).set_index("library")
    assert list(table.index) == ["fastai", "keras"]
    accuracies = [r.facts.metrics.test.accuracy for r in records if r.library == "keras"]
    low, high = stats.t.interval(0.95, 1, loc=np.mean(accuracies), scale=stats.sem(accuracies))
    keras = table.loc["keras"]
    assert keras["n"] == 2
    assert keras["accuracy"] == pytest.approx(np.mean(accuracies))
    assert keras["accuracy"] == pytest.approx(0.85, abs=0.01)
    assert high > 1, "this case shows that an interval ends where accuracies do"
    assert (keras["accuracy_low"], keras["accuracy_high"]) == pytest.approx((low, 1))
    losses = [r.facts.metrics.test.loss for r in records if r.library == "keras"]
    low, high = stats.t.interval(0.95, 1, loc=np.mean(losses), scale=stats.sem(losses))
    assert (keras["loss_low"], keras["loss_high"]) == pytest.approx((max(low, 0), high))
    assert keras["seconds_per_epoch"] == pytest.approx(0.5)
    assert keras["parameters"] == 14419  # 14,128 in the body, 291 in the head
    assert keras["versions"] == "keras 1.0 on numpy-like 2.0"
    assert keras["hardware"].endswith("no accelerator")


def test_the_validation_loss_is_summed_up_too() -> None:
    [row] = compare.summary([made_up(seed=0), made_up(seed=1)]).to_dict("records")
    assert row["validation_loss"] == pytest.approx(0.95)
    assert row["versions"] == "keras 1 on b 2"


def test_a_backend_in_the_name_is_no_package() -> None:
    record = made_up("keras-jax")
    record.facts.software.update({"keras": "3.15", "backend": "jax", "jax": "0.8"})
    assert compare.versions(record) == "keras 3.15 on jax 0.8"


def test_difference_is_paired_on_seeds(records: list[Record]) -> None:
    by_seed = {(r.library, r.seed): r.facts.metrics.test.accuracy for r in records}
    gaps = [by_seed["fastai", seed] - by_seed["keras", seed] for seed in (0, 1)]
    low, high = stats.t.interval(0.95, 1, loc=np.mean(gaps), scale=stats.sem(gaps))
    [row] = compare.paired_difference(records).to_dict("records")
    assert (row["a"], row["b"], row["n"], row["metric"]) == ("fastai", "keras", 2, "accuracy")
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((np.mean(gaps), low, high))


def test_difference_uses_common_seeds_only(records: list[Record]) -> None:
    some = [r for r in records if (r.library, r.seed) != ("keras", 1)]
    [row] = compare.paired_difference(some, "loss").to_dict("records")
    assert row["n"] == 1
    assert math.isnan(row["low"])
    assert compare.paired_difference([r for r in records if r.library == "keras"]).empty
