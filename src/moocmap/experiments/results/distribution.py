"""How many images of each class a data set has, before and after cleaning and splitting, as SVG text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from moocmap.experiments.results.plots import PALETTES, as_svg

PARTS = ("all", "train", "validation", "test")
LINES = {"train": 0, "validation": 1, "test": 2}
"""Which of the palette's colours a part has; images that are of no part yet are grey."""
GREY = "#8a8a8a"
HATCHES = {"all": "", "train": "", "validation": "////", "test": "\\\\\\\\"}
"""Parts differ in their pattern too, not in colour alone."""
PAPER = {False: "#ffffff", True: "#1e2129"}
WIDEST_NAME = 30
"""Letters of a class's name in one line."""

LABELS = {
    "title": "Images of each class",
    "before": "as the source has them",
    "after": "used",
    "images": "images",
    "all": "all",
    "train": "training",
    "validation": "validation",
    "test": "test",
    "thousands": ",",
}
"""The English wording."""


def counts(images: pd.DataFrame, column: str) -> pd.DataFrame:
    """Count the images of each class (rows, sorted) in each part (columns) that `column` names."""
    table = pd.crosstab(images["label"], images[column])
    return table[[part for part in PARTS if part in table.columns]]


def distribution_plot(
    before: pd.DataFrame,
    after: pd.DataFrame,
    dark: bool,
    labels: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> str:
    """Draw the images of each class as stacked bars: above as the source has them, below as they are used.

    `before` and `after` come from `counts`; the class that is dropped has no bar below. `labels` overrides
    `LABELS` (translations), `names` gives classes another name by the one they have in the tables (as text).
    Returns an SVG on a transparent background, for dark pages if `dark`; the same bytes for the same counts.
    """
    words = {**LABELS, **(labels or {})}
    tables = {"before": before, "after": after}
    return as_svg(lambda _: _draw(tables, words, names or {}, dark), words["title"], dark)


def _draw(
    tables: Mapping[str, pd.DataFrame], words: Mapping[str, str], names: Mapping[str, str], dark: bool
) -> Figure:
    heights = [len(table) + 2 for table in tables.values()]
    figure = Figure(figsize=(7.6, 0.27 * sum(heights) + 0.9), layout="constrained")
    plots = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    for plot, (name, table) in zip(plots, tables.items(), strict=True):
        plot.set_title(
            f"{words[name]}: {_number(int(table.to_numpy().sum()), words)}", fontsize=11, loc="left"
        )
        _draw_bars(plot, table, words, dark)
        shown = [textwrap.fill(names.get(str(label), str(label)), WIDEST_NAME) for label in table.index]
        plot.set_yticks(range(len(table)), shown)
        plot.set_ylim(len(table) - 0.4, -0.6)  # the first class on top
        plot.tick_params(axis="y", length=0)
        plot.grid(axis="x", color=PALETTES[dark]["faint"], linewidth=0.8)
        plot.set_axisbelow(True)
        plot.patch.set_alpha(0)
    plots[1].set_xlabel(words["images"])
    plots[1].set_xlim(0, max(table.sum(axis=1).max() for table in tables.values()) * 1.09)
    plots[1].xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))
    plots[1].xaxis.set_major_formatter(FuncFormatter(lambda value, place: _number(int(value), words)))
    bars: dict[str, Any] = {}
    for plot in plots:
        bars |= {label: bar for bar, label in zip(*plot.get_legend_handles_labels(), strict=True)}
    order = [words[part] for part in PARTS if words[part] in bars]
    figure.legend(
        [bars[label] for label in order], order, loc="outside lower center", ncols=len(order), frameon=False
    )
    return figure


def _draw_bars(plot: Any, table: pd.DataFrame, words: Mapping[str, str], dark: bool) -> None:
    places = range(len(table))
    left = pd.Series(0, index=table.index)
    for part in table.columns:
        plot.barh(
            places,
            table[part],
            left=left,
            height=0.74,
            color=PALETTES[dark]["lines"][LINES[part]] if part in LINES else GREY,
            edgecolor=PAPER[dark],
            linewidth=0.6,
            hatch=HATCHES[part],
            label=words[part],
        )
        left = left + table[part]
    for place, total in zip(places, left, strict=True):
        plot.annotate(
            _number(int(total), words),
            (total, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )


def _number(value: int, words: Mapping[str, str]) -> str:
    return f"{value:,}".replace(",", words["thousands"])
