import json
import subprocess
import sys
from pathlib import Path

import pytest

from moocmap.experiments.running.runner import Event
from moocmap.experiments.running.tensorboard import EventFiles
from moocmap.experiments.settings.model import Experiment

READ = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1])
found.Reload()
scalars = {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
print(json.dumps(scalars))
"""


def write(experiment: Experiment, folder: Path, epochs: range) -> None:
    run = experiment.runs()[0]
    with EventFiles(folder) as files:
        files(Event("started", run, 1, 1))
        for epoch in epochs:
            metrics = {"train_loss": 1 / epoch, "validation_accuracy": epoch / 10, "seconds": 1.0}
            files(Event("epoch", run, 1, 1, epoch=epoch, metrics=metrics))
        files(Event("finished", run, 1, 1))


@pytest.mark.slow
def test_tensorboard_reads_what_was_written_also_of_a_run_that_went_on(
    experiment: Experiment, tmp_path: Path
) -> None:
    write(experiment, tmp_path, range(1, 3))
    write(experiment, tmp_path, range(3, 5))
    place = tmp_path / experiment.runs()[0].id
    done = subprocess.run(
        [sys.executable, "-c", READ, str(place)], capture_output=True, text=True, check=True, timeout=200
    )

    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == {"loss/train", "accuracy/validation"}
    assert [step for step, _ in found["loss/train"]] == [1, 2, 3, 4]
    assert [value for _, value in found["accuracy/validation"]] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_no_run_has_no_file_and_tensorflow_stays_out(experiment: Experiment, tmp_path: Path) -> None:
    with EventFiles(tmp_path / "logs") as files:
        files(Event("skipped", experiment.runs()[0], 1, 1))
    assert not (tmp_path / "logs").exists()
    before = "tensorflow" in sys.modules
    write(experiment, tmp_path, range(1, 2))
    assert ("tensorflow" in sys.modules) == before
