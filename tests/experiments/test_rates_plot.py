import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from moocmap.experiments.results.rates_plot import rates_plot
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.training import schedules

ROOT = Path(__file__).parent.parent.parent
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", ["constant", "one-cycle", "cosine"])
def test_a_simulation_is_the_schedule_step_by_step(kind: str) -> None:
    table = schedules.simulate({"kind": kind}, 0.01, 50)
    expected = [schedules.rates({"kind": kind}, 0.01, step, 50) for step in range(50)]
    np.testing.assert_array_equal(table, expected)
    assert table[:, 0].max() == pytest.approx(0.01, rel=0.01)


def test_the_thesiss_recipes_are_drawn_side_by_side() -> None:
    [experiment] = [one for one in load_experiments(ROOT)[0] if one.id == "skin-cancer"]
    runs = {run.library: run.spec for run in experiment.runs_of("published") if run.seed == 0}
    drawing = rates_plot(runs, 1515, dark=False, labels={"keras": "Keras", "momentum": "inercia"})
    texts = [text.text for text in ET.fromstring(drawing).iter(f"{SVG}text")]
    assert {"Keras", "fastai", "inercia", "learning rate"} <= set(texts)
    assert drawing == rates_plot(runs, 1515, dark=False, labels={"keras": "Keras", "momentum": "inercia"})


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="at least one recipe"):
        rates_plot({}, 10, dark=True)


@pytest.mark.parametrize(
    ("lr", "groups", "expected"),
    [(0.1, 3, [0.1, 0.1, 0.1]), ([1e-4, 1e-2], 3, [1e-4, 1e-3, 1e-2]), ([1e-4, 1e-2], 1, [1e-2])],
)
def test_rates_are_spread_over_groups(lr: float | list[float], groups: int, expected: list[float]) -> None:
    assert schedules.spread(lr, groups) == pytest.approx(expected)
