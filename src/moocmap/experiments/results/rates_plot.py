"""The rates of a recipe, drawn without training: what `schedules` says for each step of each phase."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from moocmap.experiments.results.plots import LABELS, STYLES, as_svg
from moocmap.experiments.spec import Spec
from moocmap.experiments.training.schedules import simulate

WORDS = {
    **LABELS,
    "rates": "Learning rate and momentum",
    "learning_rate": "learning rate",
    "momentum": "momentum",
}
"""The English wording."""
POINTS = 400
"""So many steps of a phase are drawn at most."""


def rates_plot(
    recipes: Mapping[str, Spec], images: int, dark: bool, labels: Mapping[str, str] | None = None
) -> str:
    """Draw learning rate (logarithmic) and momentum by epoch on the target task, a line for each recipe.

    `recipes` are specifications by the name to show (a library's, where recipes differ), `images` the number
    trained on. Of discriminative rates the first and the last group's are drawn. Returns an SVG as
    `plots.training_plot` does.

    Raises:
        ValueError: if there are no recipes.
    """
    if not recipes:
        raise ValueError("expected at least one recipe")
    words = {**WORDS, **(labels or {})}
    return as_svg(lambda colours: _draw(recipes, images, words, colours), words["rates"], dark)


def _draw(
    recipes: Mapping[str, Spec], images: int, words: Mapping[str, str], colours: Mapping[str, Any]
) -> Figure:
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for number, (name, spec) in enumerate(recipes.items()):
        look = {"color": colours["lines"][number % 4], "linestyle": STYLES[number % 4]}
        for position, lines in enumerate(_lines(spec, images)):
            epochs, momentum, *peaks = lines
            for peak in peaks:
                above.plot(epochs, peak, **look)
            if position == 0:
                above.lines[-1].set_label(words.get(name, name))
            below.plot(epochs, momentum, **look)
    above.set_yscale("log")
    above.set_ylabel(words["learning_rate"])
    below.set_ylabel(words["momentum"])
    below.set_xlabel(words["epoch"])
    for plot in (above, below):
        plot.patch.set_alpha(0)
        plot.grid(axis="y", color=colours["faint"], linewidth=0.8)
    figure.legend(loc="outside lower center", ncols=len(recipes), frameon=False, handlelength=3)
    return figure


def _lines(spec: Spec, images: int) -> list[list[np.ndarray[Any, Any]]]:
    """Return for each phase on the target task epochs, momentum, and the rate of each group to be drawn."""
    found, before = [], 0.0
    for phase in spec["phases"]:
        if phase["task"] != "target":
            continue
        steps = phase["epochs"] * math.ceil(images / phase["batch_size"])
        chosen = np.unique(np.linspace(0, steps - 1, min(steps, POINTS)).astype(int))
        ends = phase["lr"] if isinstance(phase["lr"], list) else [phase["lr"]]
        tables = [simulate(phase["schedule"], peak, steps)[chosen] for peak in ends]
        epochs = before + chosen * phase["epochs"] / steps
        found.append([epochs, tables[0][:, 1], *(table[:, 0] for table in tables)])
        before += phase["epochs"]
    return found
