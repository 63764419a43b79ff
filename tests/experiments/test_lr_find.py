"""Searching learning rates: what is suggested, what is drawn, and that nothing else changes."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moocmap.experiments import api
from moocmap.experiments.running.lr_find import FoundRates, phase_number, write_search
from moocmap.experiments.running.places import Places
from moocmap.experiments.settings.model import Experiment
from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training.lr_finder import Request, Suggestions, suggest

from .samples import make_experiment

N = 60


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(st.floats(0, 10, width=32), min_size=N, max_size=N))
def test_suggestions_are_those_of_fastai(losses: list[float]) -> None:
    schedule = pytest.importorskip("fastai.callback.schedule")
    torch = pytest.importorskip("torch")
    rates = [1e-7 * 10 ** (8 * step / (N - 1)) for step in range(N)]
    found = suggest(rates, losses)
    seen = [torch.tensor(values[N // 10 : -5], dtype=torch.float64) for values in (rates, losses)]
    assert found.valley == schedule.valley(*seen, N)[0]
    logs = seen[0].log()
    slopes = (seen[1][1:] - seen[1][:-1]) / (logs[1:] - logs[:-1])
    theirs = seen[0].tolist().index(schedule.steep(*seen, N)[0])
    ours = seen[0].tolist().index(found.steepest)
    # Equal slopes may come out in another order, by the last digit of a logarithm.
    assert float(slopes[ours]) == pytest.approx(float(slopes[theirs]), abs=1e-9)


def test_a_curve_that_ends_at_once_suggests_nothing() -> None:
    with pytest.raises(ValueError, match="begin with a lower rate"):
        suggest([0.1] * 8, [1.0] * 8)


def test_a_phase_is_named_by_name_or_number(experiment: Experiment) -> None:
    run = experiment.runs()[0]
    assert [phase["name"] for phase in run.spec["phases"]] == ["pretrain", "head", "all"]
    assert phase_number(run, None) == 1
    assert phase_number(run, "all") == phase_number(run, "3") == 2
    for wrong in ("4", "0", "hed"):
        with pytest.raises(ExperimentError, match=f"no phase '{wrong}'.*2 head"):
            phase_number(run, wrong)


def found_rates(experiment: Experiment) -> list[FoundRates]:
    rates = [10.0**power for power in range(-6, 2)]
    losses = [2.0, 2.0, 1.8, 1.2, 0.7, 0.6, 1.0, 9.0]
    return [FoundRates(run, "all", rates, losses, Suggestions(1e-3, 1e-2)) for run in experiment.runs()[:2]]


def test_curves_of_libraries_are_drawn_in_one_plot(experiment: Experiment, tmp_path: Path) -> None:
    searches = found_rates(experiment)
    written = write_search(searches, tmp_path)
    assert sorted(path.name for path in written) == ["lr-find-dark.svg", "lr-find.csv", "lr-find.svg"]
    table = (tmp_path / "lr-find.csv").read_text().splitlines()
    assert len(table) == 1 + 2 * 8
    assert table[1] == f"{searches[0].run.id},keras,all,1,1e-06,2.0"
    drawing = (tmp_path / "lr-find.svg").read_text()
    for word in ("keras", "fastai", "valley: 0.001", "learning rate"):
        assert word in drawing
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_search(searches, tmp_path)] == first


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_a_search_leaves_records_checkpoints_and_weights_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("fastai")
    experiment = make_experiment(libraries=["fastai"], pretrain=None, seeds=[0])
    run = experiment.runs()[0]
    for name in (
        "build/results/small/x/run.json",
        f"build/runs/small/{run.id}/checkpoint.npz",
        "weights/a.npz",
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(name.encode())
    before = hashes(tmp_path)
    steps: list[tuple[int, int]] = []
    found = api.find_lr(
        experiment,
        run,
        phase="all",
        root=tmp_path,
        places=Places([], [], tmp_path / "build" / "cache"),
        request=Request(start=1e-5, end=1.0, steps=30),
        on_step=lambda done, total: steps.append((done, total)),
    )
    left = {name: digest for name, digest in hashes(tmp_path).items() if "pycache" not in name}
    assert left == before
    assert found.phase == "all"
    assert steps == [(number, 30) for number in range(1, len(found.rates) + 1)]
    assert found.rates == sorted(found.rates)
    assert found.rates[0] == pytest.approx(1e-5)
    assert found.rates[9] == pytest.approx(1e-5 * 10 ** (5 * 9 / 29), rel=1e-6)
    assert found.suggestions.valley in found.rates
