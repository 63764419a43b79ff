"""Records that were found good are not read again, and what changed is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from moocmap.experiments.results import examined
from moocmap.experiments.results.examined import MEMORY, examine_records
from moocmap.experiments.settings.model import Experiment

from .samples import make_experiment, write_fake_record

RESULTS = Path("experiments", "results")
Read = Callable[[], list[str]]


@pytest.fixture
def root(tmp_path: Path, experiment: Experiment) -> Path:
    home = tmp_path / RESULTS / experiment.id
    home.mkdir(parents=True)
    for run in experiment.runs():
        write_fake_record(run, tmp_path / "work" / run.id).rename(home / run.id)
    return tmp_path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Tell which records were read since the last time."""
    names: list[str] = []
    whole = examined.inspect
    monkeypatch.setattr(examined, "inspect", lambda place: (names.append(place.name), whole(place))[1])

    def told() -> list[str]:
        found = [*names]
        names.clear()
        return found

    return told


def messages(root: Path, experiment: Experiment) -> list[str]:
    return [
        f"{problem.severity}: {problem.message}" for problem in examine_records(root, RESULTS, [experiment])
    ]


def test_good_records_are_read_once(root: Path, experiment: Experiment, read: Read) -> None:
    every = sorted(run.id for run in experiment.runs())
    assert messages(root, experiment) == []
    assert read() == every
    assert messages(root, experiment) == []
    assert read() == []
    (root / MEMORY).write_text("{not JSON", encoding="utf-8")
    assert messages(root, experiment) == []
    assert read() == every, "a damaged memory is no memory"


def test_a_changed_record_is_read_again(root: Path, experiment: Experiment, read: Read) -> None:
    messages(root, experiment)
    read()
    place = root / RESULTS / experiment.id / experiment.runs()[0].id
    file = place / "predictions.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n", encoding="utf-8")
    [message] = messages(root, experiment)
    assert message.startswith("error: expected ")
    assert read() == [place.name]
    assert messages(root, experiment) == [message], "it is not remembered as good"
    (place / "epochs.csv").unlink()
    assert messages(root, experiment) == [f"error: the record '{place.name}' lacks epochs.csv"]


def test_a_record_of_other_settings_is_told_every_time(root: Path, experiment: Experiment) -> None:
    messages(root, experiment)
    other = make_experiment(recipes__matched__weight_decay=0.5)
    for _ in range(2):
        found = messages(root, other)
        assert len(found) == len(experiment.runs())
        assert all("recorded with other settings: phases.0.weight_decay" in message for message in found)


def test_where_nothing_can_be_written_everything_is_read(
    root: Path, experiment: Experiment, read: Read
) -> None:
    (root / "build").write_text("a file where a folder should be", encoding="utf-8")
    for _ in range(2):
        assert messages(root, experiment) == []
        assert len(read()) == len(experiment.runs())


def test_the_memory_holds_sizes_and_times_only(root: Path, experiment: Experiment) -> None:
    messages(root, experiment)
    run = experiment.runs()[0]
    file = root / RESULTS / experiment.id / run.id / "run.json"
    looks, spec_hash = json.loads((root / MEMORY).read_text())[f"{RESULTS.as_posix()}/small/{run.id}"]
    assert looks[0] == [file.stat().st_size, file.stat().st_mtime_ns]
    assert spec_hash == run.spec_hash
