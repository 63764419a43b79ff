import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.experiments.results.mistakes import top_losses

from .made_up import made_up


def test_the_image_that_all_runs_miss_comes_first() -> None:
    runs = [
        made_up(
            seed=0, labels=["dog", "cat", "dog"], dog=[0.1, 0.4, 0.45], ids=["a/1.png", "a/2.png", "b/3.png"]
        ),
        made_up(
            seed=1, labels=["dog", "cat", "dog"], dog=[0.2, 0.4, 0.55], ids=["a/1.png", "a/2.png", "b/3.png"]
        ),
    ]
    first, second, third = top_losses(runs)
    assert (first.id, first.label, first.prediction, first.times, first.n) == ("a/1.png", "dog", "cat", 2, 2)
    assert first.loss == pytest.approx(-(math.log(0.1) + math.log(0.2)) / 2)
    assert first.chance == pytest.approx(0.15)
    assert first.sure == pytest.approx(0.85)
    assert (second.id, second.times, second.prediction) == ("b/3.png", 1, "cat")
    assert third.is_right


@given(dog=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=30), at_most=st.integers(1, 10))
def test_losses_are_the_largest_cross_entropies(dog: list[float], at_most: int) -> None:
    found = top_losses([made_up(labels=["dog"] * len(dog), dog=dog)], at_most)
    expected = sorted(-np.log(dog), reverse=True)[:at_most]
    assert [one.loss for one in found] == pytest.approx(expected)


def test_a_probability_of_zero_has_a_finite_loss() -> None:
    [one] = top_losses([made_up(labels=["dog"], dog=[0.0])])
    assert math.isfinite(one.loss)
    with pytest.raises(ValueError, match="at least one"):
        top_losses([])
