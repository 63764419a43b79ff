"""The drawings of an experiment's pages: training curves, calibration, and what models look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from moocmap.experiments.results import pictures
from moocmap.experiments.results.plots import LABELS, in_the_dark, reliability_plot, training_plot
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured


def drawings(one: Measured, strings: Strings) -> dict[str, str]:
    """Return all drawings of an experiment by file name, labelled in one language."""
    labels = {name: str(strings(f"plot.{name}")) for name in LABELS if name != "decimal"}
    labels["decimal"] = str(strings("format.decimal"))
    for library in one.experiment.settings.libraries:
        if strings.has(f"library.{library}"):
            labels[library] = str(strings(f"library.{library}"))
    drawn: list[tuple[Callable[..., str], str]] = []  # how to name a drawing, and the drawing
    for curves in one.curves:
        drawn.append((curves.file, training_plot(curves.records, False, labels)))
    for setting in one.calibrations:
        drawn.append((setting.file, reliability_plot(setting.by_library, False, labels)))
    drawn += _pictures(one, strings)
    return {
        **{name(dark=False): drawing for name, drawing in drawn},
        **{name(dark=True): in_the_dark(drawing) for name, drawing in drawn},
    }


def _pictures(experiment: Measured, strings: Strings) -> list[tuple[Callable[..., str], str]]:
    """Draw what the models look at, where records tell it."""
    words = {name: strings.texts[f"pictures.{name}"] for name in pictures.LABELS}
    drawn: list[tuple[Callable[..., str], str]] = []
    for one in experiment.explained:
        if "heatmaps" in one.drawings:
            heatmaps = pictures.heatmaps_plot(
                one.arrays,
                False,
                words,
                class_name=lambda label: strings.text(experiment.class_name(label)),
                order=[image.id for image in one.images],
            )
            drawn.append((partial(one.file, "heatmaps"), heatmaps))
        if "activations" in one.drawings:
            activations = pictures.activations_plot(one.arrays, False, words)
            drawn.append((partial(one.file, "activations"), activations))
    return drawn
