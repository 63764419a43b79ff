from moocmap.experiments.running.clock import START, Clock, seconds_left
from moocmap.experiments.settings.model import Experiment

SLOW, FAST = ("keras", "vgg16", "all"), ("fastai", "vgg16", "all")


def test_starts_count_apart_from_epochs() -> None:
    start = ("keras", "vgg16", START)
    assert seconds_left([SLOW], {start: [9.0]}) is None
    assert seconds_left([start, SLOW], {start: [9.0], SLOW: [1.0]}) == 10.0
    assert seconds_left([FAST], {start: [9.0], SLOW: [1.0, 1.0, 1.0]}) == 1.0
    assert seconds_left([("fastai", "vgg16", START)], {start: [9.0], SLOW: [1.0]}) == 9.0
    assert seconds_left([start], {SLOW: [1.0]}) == 0.0


def test_a_clock_knows_of_runs_that_are_still_to_start(experiment: Experiment) -> None:
    runs = experiment.runs()
    clock = Clock(runs)
    clock.begin()
    clock.start(runs[0], 0)
    assert clock.seconds_left() is None
    clock.epoch(runs[0], "pretrain")
    left = clock.seconds_left()
    assert left is not None
    assert sum(kind[2] == START for kinds in clock.left.values() for kind in kinds) == len(runs) - 1
    clock.start(runs[1], 4)
    assert len(clock.left[runs[1].id]) == runs[1].epochs - 4
    for run in runs:
        clock.drop(run)
    assert clock.seconds_left() == 0
