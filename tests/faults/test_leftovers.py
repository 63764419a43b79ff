"""What killed runners and workers leave behind, and that the next start removes it and nothing else."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from moocmap import files
from moocmap.experiments.running import runner, workers
from moocmap.experiments.training import checkpoint
from moocmap.experiments.training.lock import locked
from moocmap.files import remove_unfinished, write_atomically

from .loading import loaded
from .test_swap import holder

samples = loaded("experiments/samples.py")
make_experiment, write_fake_record = samples.make_experiment, samples.write_fake_record


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_killed_writers_left_goes_after_an_hour(tmp_path: Path) -> None:
    young, old = (tmp_path / f".a.txt.{name}.unfinished" for name in ("young", "old"))
    others = [tmp_path / name for name in (".b.txt.old.unfinished", ".a.txt.original", "a.txt.unfinished")]
    for path in (young, old, *others):
        path.write_text("half")
    for path in (old, *others):
        long_ago = time.time() - files.STALE - 1
        os.utime(path, (long_ago, long_ago))
    write_atomically(tmp_path / "a.txt", "whole")
    assert set(names(tmp_path)) == {"a.txt", young.name, *(path.name for path in others)}
    remove_unfinished(tmp_path / "a.txt")
    assert young.name not in names(tmp_path)


def test_an_error_names_the_file_that_was_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", refuse)
    with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: '.*/a\.txt'$"):
        write_atomically(tmp_path / "a.txt", "new")
    assert names(tmp_path) == []


def test_half_checkpoints_go_when_a_worker_starts(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.npz.abcdefgh.unfinished").write_bytes(b"half")
    assert checkpoint.load(tmp_path, "hash") is None
    assert names(tmp_path) == []


def test_a_runner_clears_up_after_a_killed_one(tmp_path: Path) -> None:
    first, second = make_experiment().runs()[:2]
    home, place = tmp_path / "results", tmp_path / "work"
    for run in (first, second):
        (place / run.id).mkdir(parents=True)
        write_fake_record(run, tmp_path / run.id).rename(place / run.id / runner.RECORD)
    home.mkdir()
    for folder in (home / f".{first.id}.incoming" / first.id, place / f".{second.id}.gone"):
        folder.mkdir(parents=True)
    shutil.copytree(place / first.id / runner.RECORD, home / first.id)
    shutil.copytree(place / second.id / runner.RECORD, home / second.id)
    with (place / second.id / runner.RECORD / "epochs.csv").open("a") as file:
        file.write("\n")  # a record meant for other results
    runner.clear_up(home, place, [first.id, second.id])
    assert names(home) == sorted([first.id, second.id])
    assert names(place) == [second.id]


def test_a_runner_waits_for_the_worker_of_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_experiment().runs()[0]
    folder = runner.prepare_folder(tmp_path / "work", run)
    with holder(folder, 0.3) as process:
        runner.prepare_folder(folder, run)
        assert process.wait(10) == 0
    monkeypatch.setattr(runner, "LAST_WORKER", 0.1)
    with locked(folder), pytest.raises(workers.WorkerError, match="another process is at work in"):
        runner.prepare_folder(folder, run)


def test_a_disk_too_full_for_a_log_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers._why(1, tmp_path).startswith("the worker ended with status 1; mend it and run again")

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workers.tempfile, "TemporaryFile", full)
    why = workers._why(1, tmp_path)
    assert why.startswith("No space left on device; make room on the disk and run again")
