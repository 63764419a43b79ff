"""What goes wrong is told in a sentence with what to do: no traceback, no partial record, exit code not 0."""

import json
import sys
from pathlib import Path

import pytest

TINY = """
title: Tiny
summary: A tiny experiment.
data:
  source: {{kind: folder, path: photos}}
  classes: {classes}
  split: {{validation: 0.2, test: 0.2}}
  image_size: {size}
weights: {weights}
models: [{model}]
libraries: [fastai]
seeds: [0]
threads: 1
recipes:
  matched:
    phases: [{{train: all, epochs: 2, lr: 1.0e-3}}]
    {schedule}: constant
    batch_size: {batch}
    frozen_batchnorm: inference
"""


@pytest.fixture
def tiny(photos):
    """Return a function that writes an experiment on the photos, with something changed."""
    root = photos.parent / "mine"

    def write(**changes):
        settings = {
            "classes": "[daisy, rose, tulip]",
            "size": 16,
            "weights": "random",
            "model": "small-cnn",
            "schedule": "schedule",
            "batch": 8,
        }
        (root / "experiments").mkdir(exist_ok=True)
        (root / "experiments" / "tiny.yml").write_text(TINY.format(**settings | changes))
        return root

    return write


@pytest.fixture
def refused(moocmap):
    """Return a function that asks a command to fail as it should, and gives what it said."""

    def check(root, *arguments, code=1, **environment):
        done = moocmap("experiment", "run", "tiny", "--root", "..", *arguments, root=root, **environment)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        home = root / "experiments" / "results" / "tiny"
        assert [path for path in home.rglob("*") if path.is_file()] == []
        assert [path.name for path in home.glob("*")] == []
        return said

    return check


def test_a_wrong_model_name(tiny, refused):
    said = refused(tiny(model="smal-cnn"))
    assert "experiments/tiny.yml:10:10: error" in said
    assert "'small-cnn'" in said


def test_a_wrong_recipe_key(tiny, refused):
    said = refused(tiny(schedule="shedule"))
    assert "experiments/tiny.yml:" in said
    assert "did you mean 'schedule'?" in said


def test_a_class_without_a_folder(tiny, refused):
    said = refused(tiny(classes="[daisy, rose, tulips]"))
    assert "classes ['tulips'] are not in the data" in said
    assert "did you mean 'tulip'?" in said


def test_images_that_are_nowhere(tiny, moocmap):
    root = tiny()
    done = moocmap("experiment", "run", "tiny", root=root, MOOCMAP_DATA="")
    assert done.returncode == 1
    assert f"{root / 'data' / 'photos'}" in done.stderr
    assert "--root" in done.stderr
    done = moocmap("experiment", "run", "tiny", "--root", "nowhere", root=root)
    assert (done.returncode, "--root: no folder 'nowhere'" in done.stderr) == (2, True)


def test_a_corrupted_image_is_named(tiny, refused, photos):
    image = photos / "rose" / "3.png"
    image.write_bytes(image.read_bytes()[:200])
    said = refused(tiny())
    assert "rose/3.png" in said
    assert "drop: unreadable" in said


def test_a_file_of_weights_that_is_not_there(tiny, refused):
    said = refused(tiny(weights="{kind: file, file: mine.safetensors, format: ours}"))
    assert "there is no file 'mine.safetensors'" in said
    assert "--weights" in said


@pytest.mark.slow
def test_a_file_of_weights_that_is_damaged(tiny, refused):
    root = tiny(weights="{kind: file, file: mine.safetensors, format: ours}")
    (root / "weights").mkdir()
    (root / "weights" / "mine.safetensors").write_bytes(b"no weights at all")
    said = refused(root)
    assert "mine.safetensors" in said
    assert "log:" in said


def test_no_network(tiny, refused):
    unreachable = "http://127.0.0.1:9"
    said = refused(
        tiny(model="mobilenet-0.25", weights="{kind: imagenet, publisher: keras}", size=32),
        HTTPS_PROXY=unreachable,
        https_proxy=unreachable,
        MOOCMAP_WEIGHTS="",
    )
    assert "on a machine with a network" in said
    assert "mobilenet_2_5_224_tf_no_top.h5" in said


LIMITED = """
import resource, runpy, sys
kind, size = sys.argv[1], int(sys.argv[2])
resource.setrlimit(getattr(resource, kind), (size, size))
sys.argv = ["moocmap", *sys.argv[3:]]
runpy.run_module("moocmap", run_name="__main__")
"""


@pytest.fixture
def limited(tiny):
    """Return a function that runs an experiment with less than it needs, and gives what it said."""
    import os
    import subprocess

    def run(root, kind, size):
        command = [
            sys.executable,
            "-c",
            LIMITED,
            kind,
            str(size),
            "experiment",
            "run",
            "tiny",
            "--root",
            "..",
        ]
        environment = os.environ | {"NO_COLOR": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert list((root / "experiments" / "results" / "tiny").glob("*")) == []
        return done.stderr

    return run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits what a process may write as Linux does")
def test_a_full_disk_and_then_room_again(tiny, limited, moocmap):
    root = tiny(model="mobilenet-0.25", size=32)
    said = limited(root, "RLIMIT_FSIZE", 2_000_000)  # a checkpoint has more, and no compiled Python file has
    assert "File too large" in said
    assert "make room on the disk" in said
    status = moocmap("experiment", "status", "tiny", "--format", "json", root=root)
    (row,) = json.loads(status.stdout)
    assert (row["state"], "File too large" in row["message"]) == ("failed", True)
    done = moocmap("experiment", "resume", "tiny", "--root", "..", root=root)
    assert done.returncode == 0, done.stderr
    assert "1 recorded" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_too_little_memory(tiny, limited):
    said = limited(tiny(size=1024, batch=18), "RLIMIT_AS", 8_000_000_000)
    assert "not enough memory" in said
    assert "batch_size" in said


@pytest.mark.slow
def test_what_nobody_expected_is_one_line_and_the_log_keeps_the_rest(tiny, refused, tmp_path):
    root = tiny()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'fastai_worker' in ' '.join(sys.orig_argv):\n"
        "    from moocmap.experiments.data import tasks\n"
        "    def load(*_):\n"
        "        raise KeyError('nobody thought of this')\n"
        "    tasks.load = load\n"
    )
    said = refused(root, PYTHONPATH=str(tmp_path / "broken"))
    assert "KeyError: 'nobody thought of this'" in said
    log = Path(root / "build" / "runs" / "tiny" / "fastai-small-cnn-matched-seed0" / "worker.log")
    assert str(log) in said
    assert "Traceback" in log.read_text()
