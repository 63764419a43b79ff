"""Where runs stand, read from records and from what workers leave."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from moocmap.cli import main
from moocmap.experiments.running.runner import prepare_folder
from moocmap.experiments.running.status import WORK, begun, is_at_work, standings
from moocmap.experiments.running.workers import LOG
from moocmap.experiments.settings.model import Experiment
from moocmap.experiments.spec import hash_of
from moocmap.experiments.training.checkpoint import Checkpoint
from moocmap.experiments.training.lock import locked

from .samples import SETTINGS, make_experiment, write_fake_record


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A guide with the small experiment and nothing trained."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "small.yml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    return tmp_path


def states(root: Path, experiment: Experiment) -> list[str]:
    return [one.state for one in standings(root, experiment)]


def checkpoint(run: Any, folder: Path, epochs: int) -> None:
    state = Checkpoint(hash_of(run.spec), "2020-01-01T00:00:00+00:00", "0", {"a/kernel": np.zeros(2)})
    state.rows = [{"epoch": number} for number in range(epochs)]
    state.phase = 1
    state.save(folder)


def test_each_state_is_told(root: Path, experiment: Experiment) -> None:
    a, b, c, d = experiment.runs()
    home = root / WORK / "small"
    assert states(root, experiment) == ["waiting"] * 4
    assert begun(root, experiment, experiment.runs()) == []

    results = root / "build" / "results" / "small"
    write_fake_record(a, root / "fake").rename(results.mkdir(parents=True) or results / a.id)
    for run, epochs in ((b, 3), (c, 1)):
        checkpoint(run, prepare_folder(home / run.id, run), epochs)
    (home / c.id / LOG).write_text("a library says something\nerror: the loss is no number\n")
    found = standings(root, experiment)
    assert [one.state for one in found] == ["recorded", "begun", "failed", "waiting"]
    assert found[0].place == "build/results"
    assert (found[1].phase, found[1].epoch) == ("head", 3)
    assert found[2].message == "the loss is no number"
    assert begun(root, experiment, experiment.runs()) == [b, c]
    assert begun(root, experiment, [b, d]) == [b]

    with locked(home / b.id):
        assert standings(root, experiment)[1].state == "training"
        assert is_at_work(home / b.id)
    assert not is_at_work(home / b.id)
    assert not is_at_work(home / "nowhere")


def test_a_killed_worker_has_not_failed_and_a_crashed_one_has(root: Path, experiment: Experiment) -> None:
    run = experiment.runs()[0]
    folder = prepare_folder(root / WORK / "small" / run.id, run)
    assert states(root, experiment)[0] == "begun"
    (folder / LOG).write_text("W0000 a library warns\n")
    assert states(root, experiment)[0] == "begun"
    (folder / LOG).write_text("Traceback (most recent call last):\n  File\nKeyError: 'x'\n")
    one = standings(root, experiment)[0]
    assert (one.state, one.message, one.epoch) == ("failed", "KeyError: 'x'", 0)


def test_what_was_begun_with_other_settings_is_waiting(root: Path, experiment: Experiment) -> None:
    run = experiment.runs()[0]
    prepare_folder(root / WORK / "small" / run.id, run)
    changed = make_experiment(recipes__matched__batch_size=8)
    assert states(root, changed)[0] == "waiting"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs `moocmap experiment` in this process: exit code, output and errors."""

    def run(root: Path, *words: str) -> Done:
        monkeypatch.chdir(root)
        monkeypatch.setattr(sys, "argv", ["moocmap", "experiment", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Done(int(end.value.code or 0), said.out, said.err)

    return run


def test_the_commands_tell_it(root: Path, experiment: Experiment, command: Command) -> None:
    done = command(root, "resume", "small")
    assert done.returncode == 0, done.stderr
    assert "nothing to resume" in done.stdout
    run = experiment.runs()[1]
    folder = prepare_folder(root / WORK / "small" / run.id, run)
    (folder / LOG).write_text("error: the loss is no number\n")
    table = command(root, "status", "small").stdout
    assert "1 failed" in table
    assert "3 waiting" in table
    assert f"{run.id} failed: the loss is no number" in table
    assert "moocmap experiment resume small" in table
    with locked(root / WORK / "small"):
        assert "a process is at work" in command(root, "status", "small").stdout
        busy = command(root, "resume", "small")
    assert busy.returncode == 1
    assert "another process is at work" in busy.stderr
    rows = json.loads(command(root, "status", "small", "--format", "json").stdout)
    assert [row["state"] for row in rows] == ["waiting", "failed", "waiting", "waiting"]


def test_a_dry_run_trains_nothing_and_leaves_nothing(root: Path, command: Command) -> None:
    done = command(root, "run", "small", "--library", "fastai", "--seed", "1", "--dry-run", "-f", "json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["run"] == "fastai-small-cnn-matched-seed1"
    assert (row["epochs"], row["basis"]) == (6, "rule")
    assert 0 < row["parameters"] < 20_000
    assert row["images"] == 249
    assert row["seconds"] > 1
    assert row["memory"] > 1e8
    assert [path.name for path in root.iterdir()] == ["experiments"]
    shown = command(root, "run", "small", "--dry-run").stdout
    assert "4 runs to train, 0 already recorded" in shown
    assert "multiply-adds" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "smal-cnn"], "no model in this experiment 'smal-cnn'; did you mean 'small-cnn'?"),
        (["--recipe", "matchd"], "no recipe in this experiment 'matchd'; did you mean 'matched'?"),
        (["--library", "fastia"], "no library in this experiment 'fastia'; did you mean 'fastai'?"),
        (["--seed", "7"], "no seed in this experiment '7'; known: 0, 1"),
    ],
)
def test_a_subset_names_what_exists(root: Path, command: Command, words: list[str], message: str) -> None:
    done = command(root, "run", "small", "--dry-run", *words)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_compare_subtracts_as_it_is_asked(root: Path, experiment: Experiment, command: Command) -> None:
    results = root / "experiments" / "results" / "small"
    results.mkdir(parents=True)
    shares = {("keras", 0): 0.8, ("keras", 1): 0.9, ("fastai", 0): 0.85, ("fastai", 1): 0.9}
    for run in experiment.runs():
        write_fake_record(run, root / "fake" / run.id, shares[run.library, run.seed]).rename(results / run.id)

    def compare(*words: str) -> dict[str, Any]:
        done = command(root, "compare", "small", "-f", "json", *words)
        assert done.returncode == 0, done.stderr
        (row,) = json.loads(done.stdout)
        return dict(row)

    one, other = compare("-a", "keras", "-b", "fastai"), compare("-a", "fastai", "-b", "keras")
    assert (one["n"], one["metric"]) == (2, "accuracy")
    assert one["mean"] == pytest.approx(-0.025, abs=0.01)
    assert (other["mean"], other["low"]) == (-one["mean"], -one["high"])
    assert compare("--metric", "macro_f1")["metric"] == "macro_f1"
    wrong = command(root, "compare", "small", "--metric", "accurcy")
    assert (wrong.returncode, "did you mean 'accuracy'?" in wrong.stderr) == (2, True)
    same = command(root, "compare", "small", "-a", "keras", "-b", "keras")
    assert same.returncode == 1
    assert "no two records" in same.stderr
    assert one["images"] >= one["better_a"] + one["better_b"] > 0
    assert (one["better_a"], one["better_b"]) == (other["better_b"], other["better_a"])
    assert 0 <= one["p"] == other["p"] <= 1
    assert "chance?" in command(root, "compare", "small").stdout
