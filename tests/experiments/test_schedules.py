import pytest
from hypothesis import given
from hypothesis import strategies as st

from moocmap.experiments.training.schedules import constant, one_cycle, rates


@given(steps=st.integers(2, 500), lr=st.floats(1e-6, 10), warmup=st.floats(0.01, 0.99))
def test_one_cycle_stays_between_its_ends_and_its_peak(steps: int, lr: float, warmup: float) -> None:
    found = [one_cycle(step, steps, lr, warmup=warmup) for step in range(steps)]
    assert found[0].learning_rate == pytest.approx(lr / 25)
    assert all(lr / 1e5 <= now.learning_rate <= lr * (1 + 1e-12) for now in found)
    assert all(0.85 - 1e-12 <= now.momentum <= 0.95 + 1e-12 for now in found)
    rising = [now.learning_rate for step, now in enumerate(found) if step / steps <= warmup]
    falling = [now.learning_rate for step, now in enumerate(found) if step / steps > warmup]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)


@pytest.mark.parametrize("step", [-1, 10])
def test_one_cycle_has_no_other_steps(step: int) -> None:
    with pytest.raises(ValueError, match=f"expected a step from 0 to 9, got {step}"):
        one_cycle(step, 10, 0.1)


def test_rates_reads_a_specification() -> None:
    assert rates({"kind": "constant", "momentum": 0.8}, 0.1, 3, 10) == constant(3, 10, 0.1, momentum=0.8)
    spec = {"kind": "one-cycle", "warmup": 0.5, "momentum": [0.9, 0.8, 0.9]}
    assert rates(spec, 0.1, 5, 10) == pytest.approx((0.1, 0.8))
