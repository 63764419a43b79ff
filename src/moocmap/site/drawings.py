"""The drawings of an experiment's pages: training curves, calibration, and what models look at.

Drawing takes half of the time in which a guide's pages are made. So drawings are kept in `build/cache`, with
a fingerprint of all that they are drawn from, this program included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import moocmap
from moocmap.experiments.results import pictures
from moocmap.experiments.results.plots import LABELS, in_the_dark, reliability_plot, training_plot
from moocmap.files import CACHE, recall, remember
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured

_Drawn = list[tuple[Callable[..., str], str]]
"""How to name each drawing, and the drawing."""


def drawings(one: Measured, strings: Strings) -> dict[str, str]:
    """Return all drawings of an experiment by file name, labelled in one language.

    They are drawn only if anything has changed since they last were.
    """
    if not one.records:
        return {}
    memory = one.root / CACHE / f"drawings-{one.id}-{strings.locale}.json"
    fingerprint = _fingerprint(one, strings)
    known = recall(memory)
    match known.get("drawings"):
        case dict() as kept if known.get("fingerprint") == fingerprint:
            return kept
    drawn = draw(one, strings)
    remember(memory, {"fingerprint": fingerprint, "drawings": drawn})
    return drawn


def draw(one: Measured, strings: Strings) -> dict[str, str]:
    """Return what `drawings` does, drawn anew."""
    labels = {name: str(strings(f"plot.{name}")) for name in LABELS if name != "decimal"}
    labels["decimal"] = str(strings("format.decimal"))
    for library in one.experiment.settings.libraries:
        if strings.has(f"library.{library}"):
            labels[library] = str(strings(f"library.{library}"))
    drawn: _Drawn = []
    for curves in one.curves:
        drawn.append((curves.file, training_plot(curves.records, False, labels)))
    for setting in one.calibrations:
        drawn.append((setting.file, reliability_plot(setting.by_library, False, labels)))
    drawn += _pictures(one, strings)
    return {
        **{name(dark=False): drawing for name, drawing in drawn},
        **{name(dark=True): in_the_dark(drawing) for name, drawing in drawn},
    }


def _pictures(experiment: Measured, strings: Strings) -> _Drawn:
    """Draw what the models look at, where records tell it."""
    words = {name: strings.texts[f"pictures.{name}"] for name in pictures.LABELS}
    drawn: _Drawn = []
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


def _fingerprint(one: Measured, strings: Strings) -> str:
    settings = one.experiment.settings.model_dump_json()
    parts = [_program(), settings, json.dumps(strings.texts, sort_keys=True), *_digests(one)]
    return _digest("\n".join(parts).encode())


def _digests(one: Measured) -> Iterator[str]:
    for name, path in sorted(one.record_files.items()):
        yield f"{name} {_digest(path.read_bytes())}"


@cache
def _program() -> str:
    """Return a fingerprint of this package and of the library that draws."""
    sources = sorted(Path(moocmap.__file__).parent.rglob("*.py"))
    code = _digest(b"".join(source.read_bytes() for source in sources))
    return f"{code} matplotlib {version('matplotlib')}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
