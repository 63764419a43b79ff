"""Training curves as SVG text: drawn from records, the same bytes for the same records."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from moocmap.experiments.record import Record

PALETTES: dict[bool, dict[str, Any]] = {
    False: {"ink": "#222222", "faint": "#00000022", "lines": ["#0072b2", "#d55e00", "#007a5a"]},
    True: {"ink": "#e6e6e6", "faint": "#ffffff2e", "lines": ["#56b4e9", "#f0a030", "#3fcf9f"]},
}
"""Colours for light and dark pages (Okabe and Ito's, which colour-blind readers tell apart)."""
STYLES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
"""Line styles: libraries differ in these too, not in colour alone."""

LABELS = {
    "title": "Training curves",
    "loss": "loss",
    "accuracy": "accuracy",
    "train": "training",
    "validation": "validation",
    "epoch": "epoch",
    "head": "head",
    "all": "all",
    "legend": "thin: each seed, thick: their mean, shaded: from lowest to highest",
    "decimal": ".",
}
"""The English wording. Beside these keys, a library's or a phase's name may be given a label."""


class _Numbers(ScalarFormatter):
    """Writes the numbers of an axis with the decimal sign of the page's language."""

    def __init__(self, decimal: str) -> None:
        super().__init__(useOffset=False)
        self.decimal = decimal

    def __call__(self, x: float, pos: int | None = None) -> str:
        return str(super().__call__(x, pos)).replace(".", self.decimal)


def training_plot(records: Sequence[Record], dark: bool, labels: Mapping[str, str] | None = None) -> str:
    """Draw loss and accuracy, in training and validation, by epoch on the target task.

    One colour and line style for each library; a thin line for each seed, a thick one for their mean, a
    shade from the lowest seed to the highest; phases are set apart. `labels` overrides `LABELS`
    (translations). Returns an SVG on a transparent background, for dark pages if `dark`.

    Raises:
        ValueError: if there are no records, or they are not of one model and one recipe.
    """
    if len({(record.model, record.recipe) for record in records}) != 1:
        raise ValueError("expected records of one model and one recipe")
    words = {**LABELS, **(labels or {})}
    colours = PALETTES[dark]
    settings: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "moocmap",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"):
        settings[part] = colours["ink"]
    with matplotlib.rc_context(settings):
        figure = _draw(records, words, colours)
        text = io.StringIO()
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Title": words["title"]})
    return text.getvalue()


def _draw(records: Sequence[Record], words: Mapping[str, str], colours: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=(7.6, 5.4), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    libraries = sorted({record.library for record in records})
    for row, measure in enumerate(("loss", "accuracy")):
        for column, part in enumerate(("train", "validation")):
            plot = axes[row][column]
            for number, library in enumerate(libraries):
                look = {"color": colours["lines"][number], "linestyle": STYLES[number]}
                _draw_library(plot, [r for r in records if r.library == library], f"{part}_{measure}", look)
            _dress(plot, records[0], words, colours, is_top=row == 0)
            if row == 0:
                plot.set_title(words[part], fontsize=11, pad=20)
            if column == 0:
                plot.set_ylabel(words[measure])
            if row == 1:
                plot.set_xlabel(words["epoch"])
    handles = [
        Line2D(
            [], [], color=colours["lines"][n], linestyle=STYLES[n], linewidth=2.2, label=words.get(lib, lib)
        )
        for n, lib in enumerate(libraries)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(libraries),
        frameon=False,
        title=words["legend"],
        title_fontsize=9,
        handlelength=3,
    )
    return figure


def _draw_library(plot: Any, records: Sequence[Record], column: str, look: Mapping[str, Any]) -> None:
    series = [record.transfer_epochs[column].reset_index(drop=True) for record in records]
    for values in series:
        plot.plot(values.index + 1, values, linewidth=0.8, alpha=0.55, **look)
    table = pd.concat(series, axis=1)
    mean = table.mean(axis=1)
    if len(series) > 1:
        ends = table.min(axis=1), table.max(axis=1)
        plot.fill_between(mean.index + 1, *ends, color=look["color"], alpha=0.15, linewidth=0)
    plot.plot(mean.index + 1, mean, linewidth=2.2, **look)


def _dress(
    plot: Any, record: Record, words: Mapping[str, str], colours: Mapping[str, Any], *, is_top: bool
) -> None:
    """Draw the grid, the boundaries between phases and, on top, the phases' names."""
    plot.patch.set_alpha(0)
    plot.grid(axis="y", color=colours["faint"], linewidth=0.8)
    plot.set_ylim(bottom=0)
    plot.xaxis.set_major_locator(MaxNLocator(integer=True))
    plot.yaxis.set_major_formatter(_Numbers(words["decimal"]))
    phases = record.transfer_epochs["phase"].reset_index(drop=True)
    for name in dict.fromkeys(phases):
        places = phases.index[phases == name] + 1
        if places[0] > 1:
            plot.axvline(places[0] - 0.5, color=colours["ink"], linewidth=0.8, linestyle=":")
        if is_top:
            plot.annotate(
                words.get(name, name),
                ((places[0] + places[-1]) / 2, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=9,
            )
