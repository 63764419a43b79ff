"""Experiments from Python: the same words as on the command line."""

import doctest
import shutil
from pathlib import Path

import pytest

from moocmap.diagnostics import DiagnosticsError
from moocmap.experiments import api
from moocmap.experiments.running import workers
from moocmap.experiments.running.places import Places
from moocmap.experiments.running.runner import Event
from moocmap.experiments.running.workers import WorkerFacts
from moocmap.experiments.settings.model import Experiment
from moocmap.experiments.spec import ExperimentError

from .samples import make_experiment, write_fake_record

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    (tmp_path / "experiments").mkdir()
    shutil.copy(REPOSITORY / "experiments" / "digits.yml", tmp_path / "experiments")
    return tmp_path


def test_the_examples_are_true(guide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(guide)
    found = doctest.testmod(api)
    assert found.attempted >= 10
    assert found.failed == 0


def test_every_word_is_explained_with_an_example() -> None:
    for name in api.__all__:
        assert ">>>" in (getattr(api, name).__doc__ or ""), name


def test_mistakes_in_a_file_are_told_with_their_place(guide: Path) -> None:
    file = guide / "experiments" / "digits.yml"
    file.write_text(file.read_text().replace("models: [small-cnn]", "models: [small-cn]"))
    with pytest.raises(DiagnosticsError, match=r"experiments/digits.yml:\d+:\d+: error"):
        api.load(guide)


def test_records_become_tables(experiment: Experiment, tmp_path: Path) -> None:
    home = tmp_path / "results" / "small"
    home.mkdir(parents=True)
    for run in experiment.runs():
        share = 0.9 if run.library == "keras" else 0.8
        write_fake_record(run, tmp_path / "work" / run.id, share).rename(home / run.id)
    records = api.records(experiment, tmp_path / "results")
    assert [record.facts.run for record in records] == sorted(run.id for run in experiment.runs())
    table = api.summary(records).set_index("library")
    assert table.loc["keras", "accuracy"] == pytest.approx(0.9, abs=0.01)
    (row,) = api.difference(records, "macro_f1").to_dict("records")
    assert (row["a"], row["b"], row["n"], row["metric"]) == ("fastai", "keras", 2, "macro_f1")
    assert row["mean"] < 0
    (home / records[0].facts.run / "epochs.csv").unlink()
    with pytest.raises(DiagnosticsError, match="damaged-record"):
        api.records(experiment, tmp_path / "results")


def test_run_trains_what_is_not_recorded(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = experiment.runs()[:2]
    for run in runs:
        write_fake_record(run, tmp_path / "w" / run.id).rename(tmp_path / run.id)
    monkeypatch.setattr(
        workers, "WORKERS", dict.fromkeys(("keras", "fastai"), WorkerFacts("stub_worker", ("json",)))
    )
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("STUB_RECORDS", str(tmp_path))
    events: list[Event] = []
    summary = api.run(experiment, tmp_path / "results", root=tmp_path, runs=runs[:1], on_event=events.append)
    assert summary.recorded == [runs[0].id]
    left = [event.run_seconds_left for event in events if event.kind == "epoch"]
    assert left[-1] == 0
    assert all(seconds is not None and seconds >= 0 for seconds in left)
    again = api.run(experiment, tmp_path / "results", root=tmp_path, runs=runs)
    assert (again.skipped, again.recorded) == ([runs[0].id], [runs[1].id])


def test_images_are_looked_at_before_anything_is_trained(tmp_path: Path) -> None:
    data = {
        "source": {"kind": "folder", "path": "images"},
        "classes": ["a", "b"],
        "split": {"validation": 0.2, "test": 0.2},
        "image_size": 16,
    }
    experiment = make_experiment(data=data, pretrain=None)
    for name in ("a", "c"):
        (tmp_path / "data" / "images" / name).mkdir(parents=True)
        (tmp_path / "data" / "images" / name / "1.png").write_bytes(b"no image")
    events: list[Event] = []
    with pytest.raises(ExperimentError, match=r"classes \['b'\] are not in the data"):
        api.run(experiment, tmp_path / "results", root=tmp_path, on_event=events.append)
    assert events == []
    assert not (tmp_path / "results").exists()
    with pytest.raises(ExperimentError, match="no data"):
        api.run(experiment, tmp_path / "results", root=tmp_path, places=Places([], [], tmp_path / "cache"))
