"""Commands on a disk that is full from one of their writes on; benchmarks/faults.py tries more of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import full_disk, small_disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="open files are named by /proc")
TESTED = ("fmt", "new topic", "export bibtex", "init my-guide", "experiment report")
CASES = [case for case in full_disk.commands() if case.name in TESTED]


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.name, marks=[] if c.name == "fmt" else pytest.mark.slow) for c in CASES],
)
def test_a_command_says_that_the_disk_is_full_and_leaves_files_whole(
    case: full_disk.Case, tmp_path: Path
) -> None:
    found = full_disk.examine(case, tmp_path, 2)
    assert found.tried == 2
    assert found.sentences


@pytest.mark.slow
def test_a_training_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    found = full_disk.examine(full_disk.training(), tmp_path, 2, seed=3)
    assert all("make room on the disk" in said for said in found.sentences)
    assert found.tried == 2


@pytest.mark.slow
def test_a_build_keeps_the_last_good_site(tmp_path: Path) -> None:
    found = full_disk.examine(full_disk.building(tmp_path), tmp_path, 4)
    assert all("make room on the disk" in said for said in found.sentences)
    assert found.tried == 4


@pytest.mark.slow
@pytest.mark.skipif(not small_disk.is_possible(), reason="this machine mounts nothing for us")
def test_a_training_on_a_file_system_that_is_full(tmp_path: Path) -> None:
    assert small_disk.examine(full_disk.training(), tmp_path, 3) == 3
