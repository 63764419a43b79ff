import csv
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moocmap.experiments.training.lock import locked

REPOSITORY = Path(__file__).parent.parent.parent
RUNS = len(list((REPOSITORY / "experiments" / "results" / "digits").iterdir()))
"""The runs of the published experiment, all of them recorded."""


@pytest.fixture
def project(tmp_path):
    """A project that has our experiments and nothing measured of its own."""
    root = tmp_path / "project"
    for folder in ("curriculum", "experiments"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    return root


def test_list_tells_how_many_runs_are_recorded(moocmap, project):
    done = moocmap("experiment", "list", "--format", "json", root=project)
    digits = next(row for row in json.loads(done.stdout) if row["id"] == "digits")
    assert (digits["runs"], digits["recorded"], digits["records"]) == (RUNS, RUNS, "experiments/results")


def test_show_has_a_line_for_each_run(moocmap, project):
    shutil.rmtree(project / "experiments" / "results" / "digits" / "keras-small-cnn-matched-seed1")
    done = moocmap("experiment", "show", "digits", "--format", "csv", root=project)
    rows = {row["run"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert len(rows) == RUNS
    assert rows["keras-small-cnn-matched-seed1"]["recorded"] == "no"
    assert 0.5 < float(rows["keras-small-cnn-matched-seed0"]["test accuracy"]) < 1


def test_report_derives_table_and_plots_from_the_records(moocmap, project):
    done = moocmap("experiment", "report", "digits", "--format", "json", root=project)
    by_library = {row["library"]: row for row in json.loads(done.stdout)}
    for library, row in by_library.items():
        records = (project / "experiments" / "results" / "digits").glob(f"{library}-*/run.json")
        accuracies = [json.loads(path.read_text())["metrics"]["test"]["accuracy"] for path in records]
        assert row["n"] == len(accuracies) == RUNS / 2
        assert row["accuracy"] == pytest.approx(sum(accuracies) / len(accuracies))
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    folder = project / "build" / "reports" / "digits"
    assert {"report.md", "summary.csv", "differences.csv"} <= {path.name for path in folder.iterdir()}
    assert "<svg" in (folder / "curves-small-cnn-matched.svg").read_text(encoding="utf-8")


def test_a_recorded_experiment_is_not_trained_again(moocmap, project):
    done = moocmap("experiment", "run", "digits", root=project)
    assert done.returncode == 0
    assert f"0 recorded, {RUNS} already there" in done.stdout
    assert "--results build/results" in done.stdout


def test_results_are_seen_from_the_guide_and_titles_are_no_markup(moocmap, project):
    file = project / "experiments" / "digits.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('en: "Handwritten', 'en: "[/red] :100: Handwritten')
    )
    done = moocmap(
        "experiment", "show", "digits", "--results", "experiments/results", root=project / "curriculum"
    )
    assert done.returncode == 0, done.stderr
    assert "[/red] :100: Handwritten" in done.stdout
    assert done.stdout.count(" yes ") == RUNS


def test_a_record_of_other_settings_is_refused_with_what_differs(moocmap, project):
    file = project / "experiments" / "digits.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("batch_size: 16", "batch_size: 32"), encoding="utf-8"
    )
    done = moocmap("experiment", "run", "digits", root=project)
    assert done.returncode == 1
    assert "batch_size" in done.stderr
    assert "not overwritten" in done.stderr


def test_a_damaged_record_is_reported_by_check(moocmap, project):
    file = project / "experiments" / "results" / "digits" / "fastai-small-cnn-matched-seed0" / "run.json"
    file.write_text(file.read_text(encoding="utf-8")[:500], encoding="utf-8")
    done = moocmap("check", root=project)
    assert done.returncode == 1
    assert "experiments/results/digits/fastai-small-cnn-matched-seed0/run.json:1:1: error" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "digit"], "no experiment 'digit'; did you mean 'digits'?"),
        (["run", "digits", "--library", "keas"], "did you mean 'keras'?"),
        (["show", "digits", "--results", "nowhere"], "--results: no folder"),
        (["run", "digits", "--seed", "7"], "no seed in this experiment '7'"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(moocmap, project, arguments, message):
    done = moocmap("experiment", *arguments, root=project)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_new_experiment_leaves_the_guide_without_findings(moocmap, guide, photos):
    before = moocmap("check", "--strict", root=guide).returncode
    done = moocmap("experiment", "new", "loaves", "--folder", photos, root=guide)
    assert done.returncode == 0, done.stderr
    checked = moocmap("check", "--strict", root=guide)
    assert checked.returncode == before, checked.stdout
    assert "loaves" not in checked.stdout
    listed = json.loads(moocmap("experiment", "list", "--format", "json", root=guide).stdout)
    assert [(row["id"], row["runs"], row["recorded"]) for row in listed if row["id"] == "loaves"] == [
        ("loaves", 6, 0)
    ]


RUN = "fastai-small-cnn-matched-seed0"


def table_of(record):
    """Return what a run came to, without its timings."""
    epochs = [line.rsplit(",", 2)[0] for line in (record / "epochs.csv").read_text().splitlines()]
    return epochs, (record / "predictions.csv").read_text()


def started(project, *run):
    """Start a run, and return its process once it has a checkpoint, with the worker's folder."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moocmap", *run], cwd=project, stderr=subprocess.DEVNULL
    )
    folder = project / "build" / "runs" / "digits" / RUN
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return process, folder


@pytest.mark.slow
def test_terminated_the_command_stops_its_worker(project):
    run = ["experiment", "run", "digits", "--library", "fastai", "--seed", "0", "--results", "build/results"]
    process, folder = started(project, *run)
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    with locked(folder):
        assert not (project / "build" / "results" / "digits" / RUN).exists()


@pytest.mark.slow
def test_killed_in_the_middle_the_command_goes_on_and_ends_with_the_same_table(moocmap, project):
    run = ["experiment", "run", "digits", "--library", "fastai", "--seed", "0", "--results"]
    killed, whole = (project / "build" / folder for folder in ("killed", "whole"))
    process, _ = started(project, *run, killed)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "digits" / RUN).exists(), "the run ended before it was killed"

    done = moocmap(*run, killed, root=project)
    assert done.returncode == 0, done.stderr
    assert json.loads((killed / "digits" / RUN / "run.json").read_text())["resumed"] == 1
    assert moocmap(*run, whole, root=project).returncode == 0
    assert table_of(killed / "digits" / RUN) == table_of(whole / "digits" / RUN)
