from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moocmap.diagnostics import DiagnosticsError
from moocmap.experiments.settings.load import load_experiments
from moocmap.files import CACHE
from moocmap.site import drawings as drawings_module
from moocmap.site.by_model import duration, duration_interval
from moocmap.site.drawings import drawings
from moocmap.site.figures import Curves, Span
from moocmap.site.findings import checks
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured, measure
from moocmap.site.measured_data import exported
from moocmap.site.wording import Wording

from ..experiments.made_up import made_up, phase

Texts = dict[str, Strings]
Write = Callable[..., None]
Edit = Callable[[Path, str, str], None]


def measured(root: Path, experiment_id: str = "tiny") -> Measured:
    return measure(root, next(one for one in load_experiments(root)[0] if one.id == experiment_id))


def test_results_and_differences_are_derived(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny")
    found = measured(bare_root)
    assert [(r.library, r.n, round(r.accuracy.mean, 3)) for r in found.results] == [
        ("fastai", 3, 0.9),
        ("keras", 3, 0.75),
    ]
    accuracy = found.differences[0]
    assert (accuracy.a, accuracy.b, accuracy.metric, accuracy.n) == ("fastai", "keras", "accuracy", 3)
    assert accuracy.span.mean == pytest.approx(0.15)
    assert accuracy.verdict == "a"
    assert found.differences[-1].verdict == "none"
    assert 0 <= accuracy.span.percent(0) < accuracy.span.percent(accuracy.span.mean) <= 100
    assert [len(curves.table) for curves in found.curves] == [10]
    assert (found.runs_done, found.runs_planned, found.stale, found.is_own) == (6, 6, 0, False)


def test_one_seed_has_no_interval(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny", seeds=(1,))
    found = measured(bare_root)
    assert [d.verdict for d in found.differences] == ["single"] * 4
    assert not found.results[0].accuracy.has_interval
    assert json.loads(json.dumps(exported(found), allow_nan=False))["results"][0]["accuracy_low"] is None


def test_nothing_measured_yet(bare_root: Path, strings: Texts) -> None:
    found = measured(bare_root)
    assert (found.results, found.differences, found.curves, found.environments) == ([], [], [], [])
    assert drawings(found, strings["en"]) == {}
    assert found.command == "moocmap experiment run tiny --results build/results"


def test_records_of_other_settings_are_left_out(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny")
    path = bare_root / "experiments" / "tiny.yml"
    path.write_text(path.read_text().replace("batch_size: 16", "batch_size: 32"))
    found = measured(bare_root)
    assert (found.runs_done, found.stale) == (0, 6)


def test_a_damaged_record_is_an_error(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny")
    (bare_root / "experiments" / "results" / "tiny" / "keras-small-cnn-matched-seed0" / "epochs.csv").unlink()
    with pytest.raises(DiagnosticsError, match="damaged-record"):
        measured(bare_root)


def test_curves_are_drawn_for_light_and_dark_pages(
    bare_root: Path, write_records: Write, strings: Texts
) -> None:
    write_records(bare_root, "tiny")
    files = drawings(measured(bare_root), strings["es"])
    assert sorted(files) == [
        f"{kind}-small-cnn-matched-{look}.svg"
        for kind in ("curves", "reliability")
        for look in ("dark", "light")
    ]
    assert "Curvas de entrenamiento" in files["curves-small-cnn-matched-dark.svg"]
    assert files == drawings(measured(bare_root), strings["es"])
    assert ">0,4<" in files["curves-small-cnn-matched-light.svg"]
    assert ">0.4<" in drawings(measured(bare_root), strings["en"])["curves-small-cnn-matched-light.svg"]


def test_drawings_are_kept_until_what_they_show_changes(
    bare_root: Path, write_records: Write, strings: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    draw = drawings_module.draw

    def counted(one: Measured, texts: Strings) -> dict[str, str]:
        drawn.append(texts.locale)
        return draw(one, texts)

    monkeypatch.setattr(drawings_module, "draw", counted)
    write_records(bare_root, "tiny")
    first = drawings(measured(bare_root), strings["en"])
    assert drawings(measured(bare_root), strings["en"]) == first
    assert drawings(measured(bare_root), strings["es"]) != first
    assert drawn == ["en", "es"]
    other_words = Strings("en", {**strings["en"].texts, "plot.epoch": "round"})
    assert ">round<" in "".join(drawings(measured(bare_root), other_words).values())
    shutil.rmtree(bare_root / "experiments" / "results" / "tiny" / "keras-small-cnn-matched-seed1")
    assert ">round<" in "".join(drawings(measured(bare_root), other_words).values())
    assert drawn == ["en", "es", "en", "en"]
    for memory in (bare_root / CACHE).glob("drawings-*.json"):
        memory.write_text('{"drawings": ')
    assert drawings(measured(bare_root), strings["es"]).keys() == first.keys()
    assert len(drawn) == 5


def explain(place: Path, **changes: np.ndarray) -> None:
    """Put what a model looks at beside a record."""
    arrays = {
        "ids": np.array([3, 0]),
        "labels": np.array(["1", "0"]),
        "predictions": np.array(["1", "1"]),
        "heatmaps": np.full((2, 4, 4), 0.5, np.float16),
        "activation0": np.zeros((4, 4, 2), np.uint8),
        "layers": np.array(["conv1"]),
        **changes,
    }
    np.savez_compressed(place / "explanations.npz", **arrays)


def test_what_models_look_at_is_drawn_from_the_first_record_that_tells(
    bare_root: Path, write_records: Write, strings: Texts
) -> None:
    write_records(bare_root, "tiny")
    home = bare_root / "experiments" / "results" / "tiny"
    for seed in (1, 2):
        explain(home / f"keras-small-cnn-matched-seed{seed}")
    found = measured(bare_root)
    assert [(one.library, one.seed, one.drawings) for one in found.worst] == [
        ("fastai", None, []),
        ("keras", 1, ["heatmaps", "activations"]),
    ]
    files = drawings(found, strings["es"])
    drawing = files["heatmaps-keras-small-cnn-matched-light.svg"]
    assert "tomada por uno" in drawing
    assert drawing.index("tomada por uno") < drawing.index("uno: acierto"), "the highest loss comes first"
    assert "activations-keras-small-cnn-matched-dark.svg" in files
    assert "keras-small-cnn-matched-seed1/explanations.npz" in found.record_files


def test_damaged_explanations_are_named(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny")
    place = bare_root / "experiments" / "results" / "tiny" / "keras-small-cnn-matched-seed0"
    explain(place, labels=np.array(["1"]))
    with pytest.raises(
        DiagnosticsError, match=r"matched-seed0/explanations.npz:1:1: error\[damaged-record\]"
    ):
        measured(bare_root)


def test_results_follow_the_order_of_the_experiment(
    bare_root: Path, write_records: Write, edit: Edit
) -> None:
    edit(bare_root / "experiments" / "tiny.yml", "models: [small-cnn]", "models: [vgg16, small-cnn]")
    write_records(bare_root, "tiny")
    found = measured(bare_root)
    wanted = ["vgg16", "vgg16", "small-cnn", "small-cnn"]
    for listed in (found.results, found.confusions, found.worst, found.arrivals):
        assert [one.model for one in listed] == wanted
    assert [one.model for one in found.calibrations] == ["vgg16", "small-cnn"]
    assert [test.model for test in found.sign_tests] == ["vgg16", "small-cnn"]
    assert [model for model, _ in found.fits[0].rows] == ["vgg16", "small-cnn"]


def test_a_verdict_goes_by_the_corrected_p(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny")
    found = measured(bare_root)
    (test,) = found.sign_tests
    assert (test.a, test.better_a, test.better_b) == ("fastai", 5, 0)
    assert test.p == pytest.approx(2 / 2**5)
    assert found.verdict_of(test) == "none"
    assert found.verdict_of(replace(test, adjusted=0.04)) == "a"
    assert found.verdict_of(replace(test, adjusted=0.04, better_b=9)) == "b"


def test_times_are_written_as_people_read_them(strings: Texts) -> None:
    assert [duration(seconds, strings["es"]) for seconds in (0.26, 99.94, 101, 4057, 36000)] == [
        "0,3 s",
        "99,9 s",
        "0:01:41",
        "1:07:37",
        "10:00:00",
    ]
    assert duration_interval(1.0, 2.5, strings["es"]) == "(1,0 a 2,5)"
    assert duration_interval(99.0, 160.0, strings["en"]) == "(99.0 s to 0:02:40)"


def test_phases_cut_short_have_means_over_the_seeds_that_trained() -> None:
    plan = {"phases": [phase("head", 3), phase("all", 1)]}
    long = [("head", 1, 0.2, 1.0), ("head", 2, 0.4, 1.0), ("all", 1, 0.9, 1.0)]
    curves = Curves(
        "small-cnn",
        "matched",
        [made_up(seed=0, rows=[long[0], long[2]], **plan), made_up(seed=1, rows=long, **plan)],
    )
    assert [(row["phase"], row["epoch"], row["n"]) for row in curves.table] == [
        ("head", 1, 2),
        ("head", 2, 1),
        ("all", 1, 2),
    ]
    assert curves.is_ragged
    assert not Curves("small-cnn", "matched", [made_up(seed=0), made_up(seed=1)]).is_ragged


def test_environment_and_settings_in_words(bare_root: Path, write_records: Write, strings: Texts) -> None:
    write_records(bare_root, "tiny")
    found, say = measured(bare_root), Wording(strings["es"])
    assert [say.environment(where) for where in found.environments] == [
        "fastai 1.2.3 sobre PyTorch 4.5.6; Python 3.11.1; A Processor, 1 hilo en 2 núcleos, sin acelerador",
        "Keras 1.2.3 sobre TensorFlow 4.5.6; Python 3.11.1; A Processor, 1 hilo en 2 núcleos, sin acelerador",
    ]
    ((name, libraries, phases),) = found.recipes
    assert (name, libraries, [say.phase(phase["name"]) for phase in phases]) == (
        "matched",
        ["keras", "fastai"],
        ["cabeza", "red completa"],
    )
    assert [say.rate(phase["lr"]) for phase in phases] == ["0,01", "3e−5"]
    assert say.phase("all-2") == "red completa 2"
    assert found.data_parts == {"target": {"train": 60, "validation": 20, "test": 20}}


def test_a_span_stands_on_its_axis() -> None:
    span = Span(0.5, 0.25, 0.75, (0.0, 2.0))
    assert [span.percent(value) for value in (span.low, span.mean, span.high)] == [12.5, 25.0, 37.5]


def test_names_are_for_readers_and_leave_records_valid(
    bare_root: Path, write_records: Write, edit: Edit
) -> None:
    write_records(bare_root, "tiny")
    path = bare_root / "experiments" / "tiny.yml"
    edit(path, "the same for both", "one for both")
    found = measured(bare_root)
    assert (found.runs_done, found.stale) == (6, 0)
    assert found.named("recipes", "matched").title == {"en": "one for both", "es": "lo mismo para ambas"}
    assert found.named("models", "small-cnn").title == "small-cnn"
    edit(path, 'classes: {"0":', 'classes: {"7":')
    (problem,) = load_experiments(bare_root)[1]
    assert "names a class '7' that is not in the experiment" in problem.message


def test_a_class_never_predicted_has_no_precision(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny", seeds=(0,))
    for place in (bare_root / "experiments" / "results" / "tiny").iterdir():
        table = pd.read_csv(place / "predictions.csv").assign(prediction=0)
        table.to_csv(place / "predictions.csv", index=False)
        facts = json.loads((place / "run.json").read_text())
        facts["metrics"]["test"]["accuracy"] = 0.5
        (place / "run.json").write_text(json.dumps(facts))
    one = measured(bare_root).confusions[0]
    assert [(f.label, f.precision.mean, f.recall.mean) for f in one.figures] == [
        ("0", 0.5, 1.0),
        ("1", 0.0, 0.0),
    ]
    assert one.mistakes == [("1", "0", 10)]
    assert [[cell.shade for cell in cells] for _, cells in one.total.rows] == [[5, 0], [5, 0]]


def test_what_differs_between_runs_is_said(bare_root: Path, write_records: Write) -> None:
    write_records(bare_root, "tiny")
    assert {check.id: check.holds for check in measured(bare_root).checks} == dict.fromkeys(
        ("data", "weights", "recipe", "versions", "machine"), True
    )
    path = bare_root / "experiments" / "results" / "tiny" / "keras-small-cnn-matched-seed0" / "run.json"
    facts = json.loads(path.read_text())
    facts["weights"]["initial_sha256"], facts["hardware"]["cores"], facts["software"]["keras"] = "2", 64, "9"
    path.write_text(json.dumps(facts))
    assert [check.id for check in measured(bare_root).checks if not check.holds] == [
        "weights",
        "versions",
        "machine",
    ]


def test_another_head_is_another_recipe() -> None:
    head = {"target": [{"layer": "dense", "units": 2}]}
    other = {"target": [{"layer": "batchnorm", "keep": 0.99, "epsilon": 1e-3}, *head["target"]]}
    same = {check.id: check.holds for check in checks([made_up("keras"), made_up("fastai", heads=head)])}
    apart = {check.id: check.holds for check in checks([made_up("keras"), made_up("fastai", heads=other)])}
    assert (same["recipe"], apart["recipe"]) == (True, False)
