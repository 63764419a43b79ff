import math
from types import SimpleNamespace

import pytest

from moocmap.experiments.results.costs import arrivals, costs, performance, phase_seconds, threshold, time_to
from moocmap.experiments.results.record import Record

from .made_up import made_up, phase

Row = tuple[str, int, float, float]


def rows(*accuracies: float, seconds: float = 2.0) -> list[Row]:
    return [("all", number + 1, accuracy, seconds) for number, accuracy in enumerate(accuracies)]


def test_the_first_epoch_at_the_level_counts_even_if_accuracy_falls_again() -> None:
    record = made_up(rows=rows(0.1, 0.6, 0.3, 0.7))
    assert time_to(record, 0.6) == (2, 4.0)
    assert time_to(record, 0.65) == (4, 8.0)
    assert time_to(record, 0.71) is None


def test_pre_training_does_not_count() -> None:
    plan = [phase("pretrain", 1), phase("all", 2)]
    record = made_up(
        phases=plan, rows=[("pretrain", 1, 0.9, 100.0), ("all", 1, 0.2, 3.0), ("all", 2, 0.9, 3.0)]
    )
    assert time_to(record, 0.9) == (2, 6.0)
    assert phase_seconds(record) == {"pretrain": 100.0, "all": 6.0}


def test_the_level_is_that_of_the_worse_library() -> None:
    keras = [made_up("keras", 0, rows=rows(0.5, 0.8)), made_up("keras", 1, rows=rows(0.5, 0.9))]
    fastai = [made_up("fastai", 0, rows=rows(0.6, 0.7)), made_up("fastai", 1, rows=rows(0.6, 0.8))]
    assert threshold([keras, fastai]) == pytest.approx(0.95 * 0.75)
    found = {one.library: one for one in arrivals([*keras, *fastai])}
    assert (found["keras"].reached, found["keras"].n) == (2, 2)
    assert found["keras"].epochs is not None
    assert found["keras"].epochs.mean == 2
    # 0.7 is below 0.7125: one run of fastai never gets there, and the mean is the other's alone.
    assert (found["fastai"].reached, found["fastai"].n) == (1, 2)
    assert found["fastai"].seconds is not None
    assert (found["fastai"].seconds.mean, found["fastai"].seconds.n) == (4.0, 1)


def test_a_level_that_nobody_reaches_has_no_time() -> None:
    records = [made_up("keras", 0, rows=rows(0.9, 0.5)), made_up("keras", 1, rows=rows(0.1, 0.1))]
    [one] = arrivals(records, share=4.0)
    assert (one.reached, one.epochs, one.seconds) == (0, None, None)


def measured(seed: int, **figures: object) -> Record:
    return made_up(seed=seed, performance={"images_per_second": {"all": 100.0 + seed}, **figures})


def test_costs_are_means_over_runs_and_peaks_are_the_highest() -> None:
    found = costs(
        [
            measured(0, peak_memory_bytes=10, energy_joules=5.0),
            measured(2, peak_memory_bytes=30, energy_joules=7.0),
        ]
    )
    assert found.images_per_second["all"].mean == 101.0
    assert found.memory == 30
    assert found.energy is not None
    assert found.energy.mean == 6.0
    assert found.gpu_memory is None
    assert {name: span.mean for name, span in found.phases.items()} == {"head": 2.0, "all": 3.0}
    assert found.seconds.mean == 5.0


def test_what_one_run_does_not_tell_is_left_out() -> None:
    found = costs([measured(0, energy_joules=5.0), made_up(seed=1)])
    assert (found.energy, found.memory, found.images_per_second) == (None, None, {})
    assert math.isnan(costs([made_up()]).seconds.low)
    with pytest.raises(ValueError, match="at least one"):
        costs([])


def test_performance_may_be_a_model_or_a_mapping() -> None:
    as_model = SimpleNamespace(model_dump=lambda: {"energy_joules": 1.0})
    assert performance(made_up(performance=as_model)) == {"energy_joules": 1.0}
    assert performance(made_up()) == {}
