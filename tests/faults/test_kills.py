"""Trainings, builds and servers killed at random moments; benchmarks/faults.py kills them more often."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import trainings
from .builds import Builds, Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_record(tmp_path: Path) -> None:
    root = trainings.make_guide(tmp_path / "guide", "keras")
    tally = trainings.Trainings(root, program=trainings.NUMPY, seed=1).under_fire(4)
    assert sum(tally.kills.values()) == 4
    assert tally.recorded >= 1


@pytest.mark.slow
@pytest.mark.parametrize("library", ["keras", "fastai"])
def test_so_does_one_of_each_library(library: str, tmp_path: Path) -> None:
    tally = trainings.Trainings(trainings.make_guide(tmp_path / "guide", library), seed=2).under_fire(2)
    assert sum(tally.kills.values()) == 2
    assert tally.recorded >= 1


@pytest.mark.slow
def test_a_killed_build_leaves_a_whole_site(tmp_path: Path) -> None:
    tally = Builds(tmp_path / "guide").under_fire(4)
    assert sum(tally.sites.values()) == 4
    assert tally.ended >= 1


@pytest.mark.slow
def test_a_killed_server_leaves_the_built_site_and_the_next_one_shows_the_edit(tmp_path: Path) -> None:
    tally = Servers(tmp_path / "guide").under_fire(3)
    assert sum(tally.kills.values()) == 3
    assert tally.ended >= 2
