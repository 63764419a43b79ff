"""Training curves and reliability diagrams as SVG text: the same bytes for the same records."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from moocmap.experiments.results.calibration import Calibration
from moocmap.experiments.results.record import Record

PALETTES: dict[bool, dict[str, Any]] = {
    False: {"ink": "#222222", "faint": "#d0d0d0", "lines": ["#0072b2", "#d55e00", "#007a5a", "#a0408c"]},
    True: {"ink": "#e6e6e6", "faint": "#484848", "lines": ["#56b4e9", "#f0a030", "#3fcf9f", "#e090d0"]},
}
"""Colours for light and dark pages (Okabe and Ito's, which colour-blind readers tell apart)."""
STYLES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
"""Line styles: libraries differ in these too, not in colour alone."""

LABELS = {
    "title": "Training curves",
    "loss": "loss",
    "loss_log": "loss (logarithmic)",
    "accuracy": "accuracy",
    "train": "training",
    "validation": "validation",
    "epoch": "epoch",
    "head": "head",
    "all": "all",
    "legend": "thin: each seed, thick: their mean, shaded: from lowest to highest",
    "phase_starts": "dotted: where a library's next phase begins",
    "reliability": "Reliability",
    "confidence": "confidence",
    "share_right": "share that is right",
    "share_of_images": "share of images",
    "as_sure_as_right": "as sure as right",
    "decimal": ".",
}
"""The English wording. Beside these keys, a library's or a phase's name may be given a label."""

MANY_TIMES = 6.0
"""How many times larger one library's loss must be than another's for their axis to be logarithmic."""


class _Numbers(ScalarFormatter):
    """Writes the numbers of an axis with the decimal sign of the page's language."""

    def __init__(self, decimal: str) -> None:
        super().__init__(useOffset=False)
        self.decimal = decimal

    def __call__(self, x: float, pos: int | None = None) -> str:
        return str(super().__call__(x, pos)).replace(".", self.decimal)


def training_plot(
    records: Sequence[Record],
    dark: bool,
    labels: Mapping[str, str] | None = None,
    *,
    validation_only: bool = False,
) -> str:
    """Draw loss and accuracy, in training and validation, by epoch on the target task.

    One colour and line style for each library; a thin line for each seed, a thick one for their mean, a
    shade from the lowest seed to the highest. Each phase begins where it was planned to, so that an epoch of
    one seed lies above the same epoch of another; where early stopping ended a phase, its line ends, and mean
    and shade end with the first of the seeds. Phases are set apart; where libraries have phases of different
    lengths, each in its own colour. The loss has a logarithmic axis where one library's is many times
    another's, as when only one adds a penalty. `labels` overrides `LABELS` (translations). Returns an SVG
    on a transparent background, for dark pages if `dark`; of the validation alone if `validation_only`.

    Raises:
        ValueError: if there are no records, or they are not of one model and one recipe.
    """
    if len({(record.model, record.recipe) for record in records}) != 1:
        raise ValueError("expected records of one model and one recipe")
    words = {**LABELS, **(labels or {})}
    parts = ("validation",) if validation_only else ("train", "validation")
    return as_svg(lambda colours: _draw(records, words, colours, parts), words["title"], dark)


def reliability_plot(
    calibrations: Mapping[str, Calibration], dark: bool, labels: Mapping[str, str] | None = None
) -> str:
    """Draw how often predictions are right by how sure the model was of them, for each library.

    Above, a point for each bin at its mean confidence and accuracy, with the 95% interval over runs, and the
    diagonal of a model that is as sure as it is right; below, the share of the images in each bin. Returns
    an SVG as `training_plot` does.

    Raises:
        ValueError: if there are no libraries.
    """
    if not calibrations:
        raise ValueError("expected the calibration of at least one library")
    words = {**LABELS, **(labels or {})}
    return as_svg(lambda colours: _draw_reliability(calibrations, words, colours), words["reliability"], dark)


def as_svg(draw: Callable[[Mapping[str, Any]], Figure], title: str, dark: bool) -> str:
    """Return what `draw` draws with a palette, as SVG text for light or dark pages."""
    colours = PALETTES[dark]
    settings: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "moocmap",
        "font.family": "sans-serif",
        "font.size": 10,
        "hatch.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    for part in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"):
        settings[part] = colours["ink"]
    with matplotlib.rc_context(settings):
        figure = draw(colours)
        figure.patch.set_alpha(0)
        text = io.StringIO()
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Title": title})
    return text.getvalue()


def in_the_dark(drawing: str) -> str:
    """Return a drawing for light pages as it is on dark ones: the same in the other palette's colours.

    Drawing takes much longer than this. Colours stand in the text of an SVG as `PALETTES` has them.
    """
    light, dark = ([c["ink"], c["faint"], *c["lines"]] for c in (PALETTES[False], PALETTES[True]))
    pairs = dict(zip(light, dark, strict=True))
    return re.sub("|".join(pairs), lambda found: pairs[found[0]], drawing)


def _look(number: int, colours: Mapping[str, Any]) -> dict[str, Any]:
    return {"color": colours["lines"][number % 4], "linestyle": STYLES[number % 4]}


def _draw(
    records: Sequence[Record],
    words: Mapping[str, str],
    colours: Mapping[str, Any],
    parts: Sequence[str],
) -> Figure:
    figure = Figure(figsize=(7.6 if len(parts) > 1 else 4.6, 5.4), layout="constrained")
    axes = figure.subplots(2, len(parts), sharex=True, sharey="row", squeeze=False)
    libraries = {
        library: [record for record in records if record.library == library]
        for library in sorted({record.library for record in records})
    }
    is_log = _is_far_apart(libraries)
    plans = {library: _plan(group) for library, group in libraries.items()}
    alike = len({tuple(plan.items()) for plan in plans.values()}) == 1
    for row, measure in enumerate(("loss", "accuracy")):
        for column, part in enumerate(parts):
            plot = axes[row][column]
            for number, (library, group) in enumerate(libraries.items()):
                _draw_library(plot, group, f"{part}_{measure}", plans[library], _look(number, colours))
            _dress(plot, words, colours, is_log=is_log and measure == "loss")
            for number, plan in enumerate(plans.values()):
                colour = colours["ink"] if alike else colours["lines"][number % 4]
                if number == 0 or not alike:
                    _draw_phases(plot, plan, colour, words if row == 0 and alike else None)
            if row == 0:
                plot.set_title(words[part], fontsize=11, pad=20 if alike else 8)
            if column == 0:
                plot.set_ylabel(words["loss_log" if is_log and measure == "loss" else measure])
            if row == 1:
                plot.set_xlabel(words["epoch"])
    legend = words["legend"] if alike else f"{words['legend']}\n{words['phase_starts']}"
    _add_legend(figure, list(libraries), words, colours, legend)
    return figure


def _add_legend(
    figure: Figure, libraries: Sequence[str], words: Mapping[str, str], colours: Mapping[str, Any], title: str
) -> None:
    handles = [
        Line2D([], [], linewidth=2.2, label=words.get(library, library), **_look(number, colours))
        for number, library in enumerate(libraries)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(libraries), 4),
        frameon=False,
        title=title,
        title_fontsize=9,
        handlelength=3,
    )


def _plan(records: Sequence[Record]) -> dict[str, int]:
    """Return the epochs planned for each phase on the target task; they may differ between runs."""
    found: dict[str, int] = {}
    for record in records:
        for phase in record.facts.spec["phases"]:
            if phase["task"] == "target":
                found[phase["name"]] = max(found.get(phase["name"], 0), int(phase["epochs"]))
    return found


def _is_far_apart(libraries: Mapping[str, Sequence[Record]]) -> bool:
    """Whether the losses that libraries end with are of different sizes, so that one axis hides one."""
    ends = [
        sum(float(record.transfer_epochs["validation_loss"].iloc[-1]) for record in group) / len(group)
        for group in libraries.values()
    ]
    every = [v for group in libraries.values() for r in group for v in _losses(r)]
    return min(every) > 0 and max(ends) > MANY_TIMES * min(ends)


def _losses(record: Record) -> list[float]:
    return [float(v) for v in record.transfer_epochs[["train_loss", "validation_loss"]].to_numpy().ravel()]


def _draw_library(
    plot: Any, records: Sequence[Record], column: str, plan: Mapping[str, int], look: Mapping[str, Any]
) -> None:
    series = [_placed(record.transfer_epochs, column, plan) for record in records]
    for values in series:
        plot.plot(values.index, values, linewidth=0.8, alpha=0.55, **look)
    table = pd.concat(series, axis=1)
    mean = table.mean(axis=1, skipna=False)
    if len(series) > 1:
        ends = table.min(axis=1, skipna=False), table.max(axis=1, skipna=False)
        plot.fill_between(mean.index, *ends, color=look["color"], alpha=0.15, linewidth=0)
    plot.plot(mean.index, mean, linewidth=2.2, **look)


def _placed(epochs: pd.DataFrame, column: str, plan: Mapping[str, int]) -> pd.Series[float]:
    """Return a column by the place of each epoch (from 1), every phase beginning where it was planned to."""
    starts, before = {}, 0
    for name, length in plan.items():
        starts[name] = before
        before += length
    places = epochs["phase"].map(starts).astype(int) + epochs["epoch"].astype(int)
    return epochs[column].set_axis(places).reindex(range(1, before + 1))


def _dress(plot: Any, words: Mapping[str, str], colours: Mapping[str, Any], *, is_log: bool) -> None:
    """Draw grid and axes."""
    plot.patch.set_alpha(0)
    plot.grid(axis="y", color=colours["faint"], linewidth=0.8)
    plot.xaxis.set_major_locator(MaxNLocator(integer=True))
    if is_log:
        plot.set_yscale("log")
        plot.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        plot.yaxis.set_minor_formatter(NullFormatter())
    else:
        plot.set_ylim(bottom=0)
    plot.yaxis.set_major_formatter(_Numbers(words["decimal"]))


def _draw_phases(plot: Any, plan: Mapping[str, int], colour: str, words: Mapping[str, str] | None) -> None:
    """Draw the boundaries between phases and, with `words`, the phases' names above."""
    before = 0
    for name, length in plan.items():
        if before:
            plot.axvline(before + 0.5, color=colour, linewidth=0.8, linestyle=":")
        if words:
            plot.annotate(
                words.get(name, name),
                (before + (length + 1) / 2, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=9,
            )
        before += length


def _draw_reliability(
    calibrations: Mapping[str, Calibration], words: Mapping[str, str], colours: Mapping[str, Any]
) -> Figure:
    figure = Figure(figsize=(4.6, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot([0, 1], [0, 1], color=colours["ink"], linewidth=0.8, linestyle=":")
    above.annotate(
        words["as_sure_as_right"],
        (0.04, 0.07),
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
        fontsize=8,
    )
    for number, found in enumerate(calibrations.values()):
        look = _look(number, colours)
        sure = [part.confidence for part in found.bins]
        right = [part.accuracy.mean for part in found.bins]
        above.plot(sure, right, marker="o", markersize=4, linewidth=1.6, **look)
        for part in found.bins:
            if part.accuracy.n > 1:
                ends = (part.accuracy.low, part.accuracy.high)
                above.vlines(part.confidence, *ends, color=look["color"], linewidth=1, alpha=0.6)
        low = [part.low for part in found.bins]
        shares = [part.images / found.images for part in found.bins]
        width = (found.bins[0].high - found.bins[0].low) / (len(calibrations) + 0.4)
        places = [start + width * (number + 0.2) for start in low]
        below.bar(places, shares, width, align="edge", color=look["color"], alpha=0.8)
    for plot in (above, below):
        plot.patch.set_alpha(0)
        plot.grid(axis="y", color=colours["faint"], linewidth=0.8)
        plot.yaxis.set_major_formatter(_Numbers(words["decimal"]))
    above.set(xlim=(0, 1), ylim=(0, 1.02), ylabel=words["share_right"])
    # Wrapped, because it is longer than its axis.
    below.set(xlabel=words["confidence"], ylabel=textwrap.fill(words["share_of_images"], 14))
    below.xaxis.set_major_formatter(_Numbers(words["decimal"]))
    _add_legend(figure, list(calibrations), words, colours, "")
    return figure
