import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from moocmap.experiments.results.calibration import calibration
from moocmap.experiments.results.compare import summary
from moocmap.experiments.results.plots import LABELS, PALETTES, in_the_dark, reliability_plot, training_plot
from moocmap.experiments.results.record import Record
from moocmap.experiments.results.report import with_interval, write_report
from moocmap.experiments.results.significance import sign_tests
from moocmap.experiments.settings.model import Experiment

from .made_up import made_up, phase

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_plot_is_svg_with_its_wording_as_text(records: list[Record]) -> None:
    words = texts(training_plot(records, dark=False, labels={"accuracy": "exactitud", "keras": "Keras"}))
    assert {"loss", "exactitud", "training", "validation", "head", "all", "Keras", "fastai"} <= set(words)
    assert "accuracy" not in words
    assert "keras" not in words


@pytest.mark.parametrize("dark", [False, True])
def test_plot_has_the_lines_and_colours_of_its_palette(records: list[Record], dark: bool) -> None:
    svg = training_plot(records, dark)
    for colour in PALETTES[dark]["lines"][:2]:
        assert svg.count(f"stroke: {colour}") == 4 * (2 + 1) + 1  # panels × (seeds + mean) + legend
        assert colour not in training_plot(records, not dark)


def test_plot_is_the_same_each_time_and_transparent(records: list[Record]) -> None:
    svg = training_plot(records, dark=False)
    assert svg == training_plot(records, dark=False)
    assert "<dc:date>" not in svg
    figure = next(node for node in ET.fromstring(svg).iter(f"{SVG}g") if node.get("id") == "patch_1")
    style = figure[0].get("style") or ""
    assert "opacity: 0" in style or "fill: none" in style


def same(svg: str) -> str:
    """Return a drawing without the ids that Matplotlib makes of what it draws, colours included."""
    return re.sub(r"\b[mpC]\d?_?\w*[0-9a-f]{10}\b", "id", svg)


def test_dark_is_light_in_other_colours(records: list[Record]) -> None:
    light = training_plot(records, dark=False)
    assert same(in_the_dark(light)) == same(training_plot(records, dark=True))
    found = reliability_plot({"keras": calibration(records[:1])}, dark=False)
    dark = reliability_plot({"keras": calibration(records[:1])}, dark=True)
    assert same(in_the_dark(found)) == same(dark)


def xs(svg: str, colour: str, width: str) -> list[list[float]]:
    """Return the places along x of the lines of one colour and width."""
    lines = re.findall(r'<path d="([^"]+)"[^>]*style="([^"]+)"', svg)
    wanted = [path for path, style in lines if colour in style and f"stroke-width: {width}" in style]
    return [[float(x) for x in re.findall(r"[ML] ([\d.]+) ", path)] for path in wanted]


def test_a_phase_cut_short_leaves_a_gap_and_ends_the_mean() -> None:
    plan = {"phases": [phase("head", 4), phase("all", 3)]}
    full = [("head", n, 0.5, 1.0) for n in (1, 2, 3, 4)]
    after = [("all", n, 0.6, 1.0) for n in (1, 2, 3)]
    runs = [
        made_up(seed=0, rows=[*full, *after], **plan),
        made_up(seed=1, rows=[*full[:2], *after], **plan),
    ]
    svg = training_plot(runs, dark=False, validation_only=True)
    colour = PALETTES[False]["lines"][0]
    (whole, short, *_), (mean, *_) = xs(svg, colour, "0.8"), xs(svg, colour, "2.2")
    assert (len(whole), len(short)) == (7, 5)
    assert mean == short, "the mean is over both seeds wherever it is drawn"
    assert set(short) <= set(whole), "an epoch of one seed lies above the same epoch of the other"
    assert texts(svg).count("validation") == 1
    assert "training" not in texts(svg)


def test_libraries_with_other_phases_have_boundaries_of_their_own() -> None:
    long = made_up("keras", phases=[phase("head", 5), phase("all", 10)])
    short = made_up("fastai", phases=[phase("head", 2), phase("all", 4)])
    alike = made_up("fastai", phases=[phase("head", 5), phase("all", 10)])
    assert "head" in texts(training_plot([long, alike], dark=False))
    apart = training_plot([long, short], dark=False)
    assert "head" not in texts(apart)
    assert LABELS["phase_starts"] in texts(apart)
    for colour in PALETTES[False]["lines"][:2]:
        assert len(xs(apart, colour, "0.8")) == 4 + 4, "in each of four panels a run and a boundary"


def test_a_penalty_in_one_loss_does_not_flatten_the_other() -> None:
    near, far = made_up("keras"), made_up("fastai")
    assert LABELS["loss_log"] not in texts(training_plot([near, far], dark=False))
    near.epochs[["train_loss", "validation_loss"]] *= 20
    assert LABELS["loss_log"] in texts(training_plot([near, far], dark=False))


def test_four_libraries_are_told_apart() -> None:
    names = ("fastai", "keras", "keras-jax", "keras-torch")
    svg = training_plot([made_up(name) for name in names], dark=False)
    assert set(names) <= set(texts(svg))
    assert all(colour in svg for colour in PALETTES[False]["lines"])


def test_reliability_is_drawn_for_each_library() -> None:
    found = {name: calibration([made_up(name, seed) for seed in (0, 1)]) for name in ("keras", "fastai")}
    words = {"confidence": "confianza", "decimal": ","}
    svg = reliability_plot(found, dark=False, labels=words)
    assert {"confianza", "0,2", "keras", "fastai", "as sure as right"} <= set(texts(svg))
    assert svg == reliability_plot(found, dark=False, labels=words)
    with pytest.raises(ValueError, match="at least one library"):
        reliability_plot({}, dark=False)


def test_plot_wants_one_model_and_recipe() -> None:
    with pytest.raises(ValueError, match="one model and one recipe"):
        training_plot([], dark=False)


def test_report_writes_what_it_names(experiment: Experiment, records: list[Record], tmp_path: Path) -> None:
    written = write_report(experiment, records, tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in tmp_path.iterdir())
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# Small\n")
    row = summary(records).set_index("library").loc["keras"]
    accuracy = with_interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"])
    assert f"| keras | small-cnn | matched | 2 | {accuracy} |" in text
    assert "![curves](curves-small-cnn-matched.svg)" in text
    assert "![reliability](reliability-small-cnn-matched.svg)" in text
    [test] = sign_tests(records)
    assert f"fastai on {test.better_a}, keras on {test.better_b} of {test.images}" in text
    [fastai, keras] = pd.read_csv(tmp_path / "calibration.csv").to_dict("records")
    expected = calibration([one for one in records if one.library == "keras"])
    assert (keras["library"], keras["error"]) == ("keras", pytest.approx(expected.error.mean))
    assert fastai["n"] == 2
    with pytest.raises(ValueError, match="'small' has no records yet"):
        write_report(experiment, [], tmp_path)


def test_intervals_are_written_where_there_are_any() -> None:
    assert with_interval(0.5, 0.4, 0.6) == "0.500 (0.400 to 0.600)"
    assert with_interval(0.01, float("nan"), float("nan"), sign="+") == "+0.010"
