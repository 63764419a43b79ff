import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moocmap.experiments.data.tasks import Part, Task
from moocmap.experiments.results.inspection import PREDICTION_COLUMNS
from moocmap.experiments.results.record import Record, check_records, read_records
from moocmap.experiments.settings.model import Experiment
from moocmap.experiments.spec import hash_of
from moocmap.experiments.training.writer import EVERY_CLASS_UP_TO, predictions
from moocmap.experiments.training.writer import test_metrics as metrics_of

from .samples import make_experiment, write_fake_record


@pytest.fixture
def shelf(experiment: Experiment, tmp_path: Path) -> Path:
    """A results folder with one record of the experiment."""
    run = experiment.runs()[0]
    home = tmp_path / "results" / "small"
    home.mkdir(parents=True)
    write_fake_record(run, tmp_path / "work").rename(home / run.id)
    return tmp_path / "results"


def place(shelf: Path) -> Path:
    return next((shelf / "small").iterdir())


def test_a_record_reads_back(shelf: Path, experiment: Experiment) -> None:
    [record], found = read_records(shelf, "small")
    assert found == []
    run = experiment.runs()[0]
    assert (record.library, record.model, record.recipe, record.seed) == ("keras", "small-cnn", "matched", 0)
    assert record.facts.spec == json.loads(json.dumps(run.spec))
    assert record.facts.spec_hash == run.spec_hash
    assert list(record.transfer_epochs["phase"]) == ["head", "head", "all", "all"]
    assert record.facts.seconds == {"pretrain": 1.0, "head": 1.0, "all": 1.0, "total": 3.0}
    test = record.facts.metrics.test
    assert test.n == len(record.predictions) == 108
    right = record.predictions["label"] == record.predictions["prediction"]
    assert test.accuracy == pytest.approx(right.mean())


def test_a_record_names_no_machine(shelf: Path) -> None:
    import getpass
    import socket

    text = (place(shelf) / "run.json").read_text()
    assert str(Path.home()) not in text
    assert str(shelf.parent) not in text
    assert f'"{socket.gethostname()}"' not in text
    assert f'"{getpass.getuser()}"' not in text


def edit_json(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "run.json"
        facts = json.loads(path.read_text())
        change(facts)
        path.write_text(json.dumps(facts))

    return edit


def edit_table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        change(pd.read_csv(folder / name)).to_csv(folder / name, index=False)

    return edit


def other_lr(facts: dict[str, object]) -> None:
    facts["spec"]["phases"][0]["lr"] = 0.5  # type: ignore[index]


def without_classes(facts: dict[str, Any]) -> None:
    del facts["spec"]["tasks"]["target"]["classes"]
    facts["spec_hash"] = hash_of(facts["spec"])


@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        (lambda f: (f / "epochs.csv").unlink(), "epochs.csv", "lacks epochs.csv"),
        (lambda f: (f / "run.json").write_text("{"), "run.json", "expected JSON"),
        (lambda f: (f / "run.json").write_bytes(b"\xff\xfe"), "run.json", "expected JSON"),
        (lambda f: (f / "epochs.csv").write_text(""), "epochs.csv", "expected a table"),
        (lambda f: (f / "epochs.csv").write_text('"a\n'), "epochs.csv", "expected a table: unexpected end"),
        (
            lambda f: (f / "epochs.csv").write_text("a\n1,2,3\n1\n"),
            "epochs.csv",
            "in the first (1), got 3",
        ),
        (
            lambda f: (f / "epochs.csv").write_text("a\n1\n"),
            "epochs.csv",
            "the columns phase, epoch",
        ),
        (
            edit_table("epochs.csv", lambda t: t.assign(seconds="soon")),
            "epochs.csv",
            "expected numbers in the column seconds",
        ),
        (edit_table("epochs.csv", lambda t: t.assign(seconds=math.inf)), "epochs.csv", "expected numbers"),
        (edit_json(without_classes), "run.json", "spec: not a run's (KeyError('classes'))"),
        (edit_json(lambda facts: facts.pop("metrics")), "run.json", "metrics: field required"),
        (edit_json(lambda facts: facts.update(note="x")), "run.json", "note: extra inputs"),
        (edit_json(lambda facts: facts.update(format=1)), "run.json", "format: input should be 2"),
        (edit_json(other_lr), "run.json", "the specification is not the one that its hash was taken of"),
        (
            edit_json(lambda facts: facts.update(run="other")),
            "run.json",
            "run 'other' stands in a folder named",
        ),
        (edit_table("epochs.csv", lambda t: t[:-1]), "epochs.csv", "expected a row for each of 6 epochs"),
        (edit_table("predictions.csv", lambda t: t[:-1]), "predictions.csv", "expected 108 rows, got 107"),
        (
            edit_table("predictions.csv", lambda t: t.assign(prediction=t["label"])),
            "predictions.csv",
            "its accuracy is 1.0000, but run.json says 0.8981",
        ),
        (
            edit_table("predictions.csv", lambda t: t.drop(columns="p_7")),
            "predictions.csv",
            "expected the columns id, label, prediction, of_label, of_prediction, perhaps then p_5",
        ),
    ],
)
def test_damage_is_a_diagnostic(shelf: Path, damage: Callable[[Path], None], file: str, message: str) -> None:
    folder = place(shelf)
    damage(folder)
    records, [found] = read_records(shelf, "small", shelf.parent)
    assert records == []
    assert found.file == f"results/small/{folder.name}/{file}"
    assert (found.severity, found.rule) == ("error", "damaged-record")
    assert message in found.message
    assert found.hint == f"restore it, or remove the folder '{folder.name}' and run the experiment again"


def test_damage_to_one_leaves_the_others(shelf: Path, experiment: Experiment) -> None:
    run = experiment.runs()[1]
    write_fake_record(run, shelf.parent / "more").rename(shelf / "small" / run.id)
    (shelf / "small" / run.id / "run.json").unlink()
    records, found = read_records(shelf, "small")
    assert ([record.library for record in records], len(found)) == (["keras"], 1)


def test_what_is_being_written_is_no_record(shelf: Path) -> None:
    folder = place(shelf)
    shutil.copytree(folder, shelf / "small" / f".{folder.name}.incoming" / folder.name)
    records, found = read_records(shelf, "small")
    assert (len(records), found) == (1, [])
    assert read_records(shelf, "nothing") == ([], [])


def test_stale_records_are_named(experiment: Experiment, records: list[Record]) -> None:
    assert check_records(experiment, records) == []
    [found] = check_records(make_experiment(threads=2), records[:1])
    assert str(found) == (
        f"experiments/results/small/{records[0].facts.run}/run.json:1:1: warning[stale-record]: "
        "recorded with other settings: threads: 1 -> 2; undo the change, or remove the record and run again"
    )
    [found] = check_records(make_experiment(seeds=[1]), records[:1])
    assert "the experiment has no such run" in found.message


def test_the_figures_of_predictions_are_scikit_learns() -> None:
    from sklearn.metrics import brier_score_loss

    rng = np.random.default_rng(0)
    chances = rng.dirichlet([1, 1, 1], 50)
    labels = rng.integers(0, 3, 50)
    found = metrics_of(Part(np.zeros((50, 1, 1, 1), np.float32), labels, np.arange(50)), chances)
    expected = sum(brier_score_loss(labels == number, chances[:, number]) for number in range(3))
    assert found["brier"] == pytest.approx(expected)
    own = chances[np.arange(50), labels]
    assert found["loss"] == pytest.approx(-np.log(own).mean())


def test_many_test_images_have_two_probabilities_each() -> None:
    labels = np.arange(EVERY_CLASS_UP_TO + 1) % 3
    part = Part(np.zeros((len(labels), 1, 1, 1), np.float32), labels, np.arange(len(labels)))
    chances = np.tile([0.2, 0.5, 0.3], (len(labels), 1))
    table = predictions(Task(["a", "b", "c"], part, part, part), chances)
    assert list(table.columns) == list(PREDICTION_COLUMNS)
    assert table.iloc[0].tolist() == [0, "a", "b", 0.2, 0.5]


def test_the_hash_in_a_record_is_of_its_specification(records: list[Record]) -> None:
    assert all(hash_of(record.facts.spec) == record.facts.spec_hash for record in records)
