import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from moocmap.experiments.compare import summary
from moocmap.experiments.model import Experiment
from moocmap.experiments.plots import PALETTES, training_plot
from moocmap.experiments.record import Record
from moocmap.experiments.report import with_interval, write_report

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
    assert "![training curves](curves-small-cnn-matched.svg)" in text
    with pytest.raises(ValueError, match="'small' has no records yet"):
        write_report(experiment, [], tmp_path)


def test_intervals_are_written_where_there_are_any() -> None:
    assert with_interval(0.5, 0.4, 0.6) == "0.500 (0.400 to 0.600)"
    assert with_interval(0.01, float("nan"), float("nan"), sign="+") == "+0.010"
