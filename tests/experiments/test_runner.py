import os
import shutil
import time
from pathlib import Path

import pytest

from moocmap.experiments.results.inspection import FILES
from moocmap.experiments.results.record import read_records
from moocmap.experiments.running import runner, workers
from moocmap.experiments.running.clock import seconds_left
from moocmap.experiments.running.runner import Event, Summary, run_experiment
from moocmap.experiments.running.workers import WorkerFacts
from moocmap.experiments.settings.model import Experiment
from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training.lock import LockedError, locked

from .samples import make_experiment, write_fake_record

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def stub_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stub")
    for run in make_experiment().runs():
        write_fake_record(run, home / "work" / run.id).rename(home / run.id)
    return home


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, stub_records: Path) -> pytest.MonkeyPatch:
    """Let both libraries be the stub; set `STUB_DOES` with what is returned."""
    stubs = dict.fromkeys(("keras", "fastai"), WorkerFacts("stub_worker", ("json",)))
    monkeypatch.setattr(workers, "WORKERS", stubs)
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("STUB_RECORDS", str(stub_records))
    return monkeypatch


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.usefixtures("stub")
def test_every_run_is_recorded_once(experiment: Experiment, tmp_path: Path) -> None:
    events: list[Event] = []
    results, work = tmp_path / "results", tmp_path / "work"
    ids = [run.id for run in experiment.runs()]
    assert run_experiment(experiment, results, work, events.append) == Summary(recorded=ids)
    assert names(results / "small") == sorted(ids)
    assert all(names(results / "small" / run) == sorted(FILES) for run in ids)
    assert names(work / "small") == []
    assert len(read_records(results, "small")[0]) == 4
    assert [e.kind for e in events if e.run.id == ids[0]] == ["started", *["epoch"] * 6, "finished"]

    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    events.clear()
    assert run_experiment(experiment, results, work, events.append) == Summary(skipped=ids)
    assert [e.kind for e in events] == ["skipped"] * 4
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*")} == before


@pytest.mark.usefixtures("stub")
def test_events_tell_the_progress(experiment: Experiment, tmp_path: Path) -> None:
    events: list[Event] = []
    run_experiment(experiment, tmp_path / "r", tmp_path / "w", events.append, experiment.runs()[:2])
    assert [(e.number, e.total) for e in events if e.kind == "finished"] == [(1, 2), (2, 2)]
    assert events[0].seconds_left is None
    third = events[3]
    assert (third.kind, third.phase, third.epoch, third.epochs) == ("epoch", "head", 3, 6)
    assert third.metrics == {"train_loss": pytest.approx(1 / 3)}
    assert third.seconds_left is not None
    assert third.seconds_left > 0
    assert events[-1].seconds_left == 0


def test_time_left_counts_each_library_by_its_own_pace() -> None:
    slow, fast = ("keras", "small-cnn", "head"), ("fastai", "small-cnn", "head")
    assert seconds_left([slow], {}) is None
    assert seconds_left([slow, slow, fast], {slow: [2.0, 9.0, 2.0], fast: [0.5]}) == 4.5
    assert seconds_left([fast], {slow: [2.0]}) == 2.0


def test_time_left_of_a_phase_that_is_still_to_come_is_that_of_its_model() -> None:
    other_phase, other_model = ("keras", "vgg16", "head"), ("keras", "small-cnn", "head")
    spent = {other_phase: [8.0], other_model: [1.0]}
    assert seconds_left([("keras", "vgg16", "all")], spent) == 8.0


@pytest.mark.usefixtures("stub")
def test_a_record_with_other_settings_is_refused(experiment: Experiment, tmp_path: Path) -> None:
    results, first = tmp_path / "results", experiment.runs()[0]
    run_experiment(experiment, results, tmp_path / "work", runs=[first])
    place = results / "small" / first.id
    before = (place / "run.json").read_bytes()
    changed = make_experiment(recipes__matched__weight_decay=0.5)
    with pytest.raises(ExperimentError) as error:
        run_experiment(changed, results, tmp_path / "work")
    assert f"{place} was recorded with other settings:\n  phases.0.weight_decay: 0.01 -> 0.5" in str(
        error.value
    )
    assert "give the changed recipe or experiment another name, or remove that folder" in str(error.value)
    assert (place / "run.json").read_bytes() == before
    assert names(results / "small") == [first.id]


@pytest.mark.usefixtures("stub")
def test_a_damaged_record_is_refused(experiment: Experiment, tmp_path: Path) -> None:
    results, first = tmp_path / "results", experiment.runs()[0]
    run_experiment(experiment, results, tmp_path / "work", runs=[first])
    (results / "small" / first.id / "epochs.csv").unlink()
    with pytest.raises(ExperimentError, match=r"is damaged \(the record '.*' lacks epochs.csv\); restore it"):
        run_experiment(experiment, results, tmp_path / "work")


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("fail", "classes [12] are not in the data; mend it and run again to go on from the last epoch"),
        ("crash", "RuntimeError: the loss exploded; mend it and run again"),
        (
            "die",
            "the worker was killed by signal 9, perhaps because memory ran out; "
            "run again to go on from the last epoch",
        ),
        ("omit", "the worker left no complete record"),
    ],
)
def test_a_failure_leaves_no_record_and_the_others_go_on(
    stub: pytest.MonkeyPatch, experiment: Experiment, tmp_path: Path, does: str, message: str
) -> None:
    def fail_first(event: Event) -> None:
        stub.setenv("STUB_DOES", does if event.number == 1 and event.kind != "failed" else "")

    stub.setenv("STUB_DOES", does)
    chosen = experiment.runs()[:2]
    summary = run_experiment(experiment, tmp_path / "results", tmp_path / "work", fail_first, chosen)
    assert summary.recorded == [chosen[1].id]
    assert message in summary.failed[chosen[0].id]
    assert names(tmp_path / "results" / "small") == [chosen[1].id]


def test_ctrl_c_stops_the_worker(stub: pytest.MonkeyPatch, experiment: Experiment, tmp_path: Path) -> None:
    stub.setenv("STUB_DOES", "hang")
    pid = tmp_path / "work" / "small" / experiment.runs()[0].id / "pid"

    def interrupt(event: Event) -> None:
        if event.kind == "epoch":
            while not (pid.exists() and pid.read_text()):
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, tmp_path / "results", tmp_path / "work", interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert names(tmp_path / "results" / "small") == []
    stub.setenv("STUB_DOES", "")
    assert len(run_experiment(experiment, tmp_path / "results", tmp_path / "work").recorded) == 4


@pytest.mark.usefixtures("stub")
@pytest.mark.parametrize("shared", ["results", "work"])
def test_two_runners_share_neither_results_nor_checkpoints(
    experiment: Experiment, tmp_path: Path, shared: str
) -> None:
    home = tmp_path / shared / "small"
    home.mkdir(parents=True)
    with locked(home), pytest.raises(LockedError, match="another process is at work in"):
        run_experiment(experiment, tmp_path / "results", tmp_path / "work")
    assert len(run_experiment(experiment, tmp_path / "results", tmp_path / "work").recorded) == 4


@pytest.mark.usefixtures("stub")
def test_what_another_specification_left_is_removed(experiment: Experiment, tmp_path: Path) -> None:
    old, new = make_experiment(threads=2).runs()[0], experiment.runs()[0]
    folder = runner.prepare_folder(tmp_path / "work", old)
    (folder / "checkpoint.npz").touch()
    assert names(runner.prepare_folder(folder, old)) == ["checkpoint.npz", "machine.json", "spec.json"]
    assert names(runner.prepare_folder(folder, new)) == ["machine.json", "spec.json"]


def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, experiment: Experiment, tmp_path: Path
) -> None:
    monkeypatch.setitem(workers.WORKERS, "fastai", WorkerFacts("nothing", ("no_such_library",)))
    with pytest.raises(
        ExperimentError, match=r"no_such_library is not installed.*pip install -e '\.\[experiments\]'"
    ):
        run_experiment(experiment, tmp_path / "results", tmp_path / "work")
    assert names(tmp_path / "work" / experiment.id) == []


def test_publishing_is_all_or_nothing(stub_records: Path, experiment: Experiment, tmp_path: Path) -> None:
    name = experiment.runs()[0].id
    record = shutil.copytree(stub_records / name, tmp_path / "record")
    place = tmp_path / "results" / name
    (record / "epochs.csv").write_text("phase,epoch\n")
    with pytest.raises(workers.WorkerError, match="expected the columns phase, epoch, learning_rate"):
        runner.publish(record, place)
    assert names(tmp_path / "results") == []
    shutil.copyfile(stub_records / name / "epochs.csv", record / "epochs.csv")
    runner.publish(record, place)
    assert names(tmp_path / "results") == [name]
