"""Pictures of what a model looks at: Grad-CAM over the images, and the activations inside, as SVG text.

They are drawn from the arrays of a record's `explanations.npz`; `training.explanations` says what
they hold. A model without maps has no heat maps, and images that must not be shown are not there: what there
is is drawn.
"""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import BadZipFile

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from moocmap.experiments.results.inspection import DamagedRecordError
from moocmap.experiments.results.plots import PALETTES

Arrays = Mapping[str, NDArray[Any]]
LABELS = {
    "heatmaps": "What the predictions rest on",
    "activations": "Activations",
    "is": "is {label}",
    "predicted": "taken for {prediction}",
    "right": "{label}: right",
    "channels": "{n} channels",
}
"""The English wording."""

ACROSS = 6
"""How many images stand in a row."""
SIDE = 132
"""The side of an image, in CSS pixels."""
GAP = 12
"""The space between pictures."""
LINE = 13
"""The height of a line of text."""
LINES = 4
"""How many lines an image's class and prediction may take."""
LETTERS = 23
"""How many letters fit in a line above an image."""
SHOWN = 12
"""How many images, or channels of a layer, are drawn."""
CHANNEL = 58
"""The side of an activation, in CSS pixels."""
OPACITY = 0.45
"""How strong the heat map lies over its image."""


def heatmaps_plot(
    arrays: Arrays,
    dark: bool,
    labels: Mapping[str, str] | None = None,
    *,
    class_name: Callable[[str], str] = str,
    order: Sequence[str] = (),
    at_most: int = SHOWN,
) -> str:
    """Draw each explained image with the heat map over it, or either of them alone, and class and prediction.

    `order` lists ids that come first, such as those of the highest losses; the others follow as they are.
    `class_name` says what readers call a class. Returns an SVG on a transparent background.

    Raises:
        ValueError: if the arrays do not fit together, or hold no image.
    """
    _check(arrays)
    words = {**LABELS, **(labels or {})}
    parts = []
    for number, place in enumerate(_in_order([str(one) for one in arrays["ids"]], order)[:at_most]):
        x = number % ACROSS * (SIDE + GAP)
        y = number // ACROSS * (SIDE + GAP + LINES * LINE)
        label, guess = str(arrays["labels"][place]), str(arrays["predictions"][place])
        lines = _caption(label, guess, words, class_name)
        above = y + (LINES - len(lines)) * LINE
        parts += [_text(line, x, above + (row + 1) * LINE - 4) for row, line in enumerate(lines)]
        parts.append(_picture(_with_heat(arrays, place), x, y + LINES * LINE, SIDE))
    return _svg(parts, heatmaps_size(arrays, at_most), words["heatmaps"], dark)


def activations_plot(
    arrays: Arrays, dark: bool, labels: Mapping[str, str] | None = None, *, at_most: int = SHOWN
) -> str:
    """Draw what the first image is turned into at several depths: a row for each, a picture for each channel.

    Of a layer with more than `at_most` channels, the most varied are drawn. Returns an SVG.

    Raises:
        ValueError: if there are no activations, or not as many as layers.
    """
    maps = activations(arrays)
    names = [str(name) for name in arrays.get("layers", ())]
    if not maps or len(maps) != len(names):
        raise ValueError(f"expected an activation for each layer, got {len(maps)} for {len(names)}")
    words = {**LABELS, **(labels or {})}
    parts = []
    for row, (found, name) in enumerate(zip(maps, names, strict=True)):
        top = row * (CHANNEL + 2 * LINE)
        chosen = _most_varied(found, at_most)
        shown = words["channels"].format(n=len(chosen))
        parts.append(_text(f"{name} ({found.shape[0]} × {found.shape[1]}; {shown})", 0, top + LINE - 3))
        for column, channel in enumerate(chosen):
            picture = _coloured(found[:, :, channel], "viridis")
            parts.append(_picture(picture, column * (CHANNEL + 4), top + LINE, CHANNEL))
    return _svg(parts, activations_size(arrays, at_most), words["activations"], dark)


def heatmaps_size(arrays: Arrays, at_most: int = SHOWN) -> tuple[int, int]:
    """Return width and height of `heatmaps_plot`, in CSS pixels."""
    n = min(len(arrays["ids"]), at_most)
    rows = -(-n // ACROSS)
    return min(n, ACROSS) * (SIDE + GAP) - GAP, rows * (SIDE + GAP + LINES * LINE) - GAP


def activations_size(arrays: Arrays, at_most: int = SHOWN) -> tuple[int, int]:
    """Return width and height of `activations_plot`, in CSS pixels."""
    return at_most * (CHANNEL + 4) - 4, len(activations(arrays)) * (CHANNEL + 2 * LINE) - LINE


def activations(arrays: Arrays) -> list[NDArray[Any]]:
    """Return the activations in order, from the input inwards; none if there are none."""
    found: list[NDArray[Any]] = []
    while f"activation{len(found)}" in arrays:
        found.append(np.asarray(arrays[f"activation{len(found)}"]))
    return found


def has_pictures(arrays: Arrays) -> bool:
    """Tell whether there is anything to draw of the explained images."""
    return bool("ids" in arrays and len(arrays["ids"]) and ("heatmaps" in arrays or "images" in arrays))


def read_arrays(path: Path) -> Arrays:
    """Read the arrays of `explanations.npz`.

    Raises:
        DamagedRecordError: if the file cannot be read, or its arrays do not fit together.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        if has_pictures(found):
            _check(found)
    except (ValueError, OSError, KeyError, BadZipFile) as error:
        raise DamagedRecordError(path, f"expected arrays of explanations: {error}") from error
    return found


def _check(arrays: Arrays) -> None:
    names = ("ids", "labels", "predictions", "heatmaps", "images")
    lengths = {name: len(arrays[name]) for name in names if name in arrays}
    fit = all(name in lengths for name in names[:3]) and len(set(lengths.values())) == 1
    if not fit or not has_pictures(arrays):
        raise ValueError(f"expected ids, labels, predictions and pictures of the same images, got {lengths}")


def _in_order(ids: Sequence[str], order: Sequence[str]) -> list[int]:
    """Return the places of ids: those in `order` first, as it has them."""
    rank = {one: number for number, one in enumerate(order)}
    return sorted(range(len(ids)), key=lambda place: rank.get(ids[place], len(rank)))


def _caption(label: str, guess: str, words: Mapping[str, str], class_name: Callable[[str], str]) -> list[str]:
    """Return the lines above an image: what it is, and what it was taken for."""
    if label == guess:
        said = [words["right"].format(label=class_name(label))]
    else:
        said = [
            words["is"].format(label=class_name(label)),
            words["predicted"].format(prediction=class_name(guess)),
        ]
    lines = [textwrap.wrap(text, LETTERS, max_lines=LINES // len(said), placeholder=" …") for text in said]
    return [line for wrapped in lines for line in wrapped]


def _with_heat(arrays: Arrays, place: int) -> Image.Image:
    """Return the heat map, over its image where there is one, twice as sharp as it is shown."""
    size = (2 * SIDE, 2 * SIDE)
    if "heatmaps" not in arrays:
        return _image(arrays["images"][place], size)
    heat = (255 * np.clip(np.asarray(arrays["heatmaps"][place], np.float32), 0, 1)).astype(np.uint8)
    resized = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BILINEAR))
    coloured = _coloured(resized, "inferno").convert("RGB")
    if "images" not in arrays:
        return coloured
    return Image.blend(_image(arrays["images"][place], size), coloured, OPACITY)


def _image(values: NDArray[Any], size: tuple[int, int]) -> Image.Image:
    """Return an image of an array (h, w, channels; 0 to 255) in a size; small ones keep their pixels."""
    image = Image.fromarray(np.asarray(values, np.uint8).squeeze()).convert("RGB")
    smooth = Image.Resampling.NEAREST if image.width < SIDE else Image.Resampling.BILINEAR
    return image.resize(size, smooth)


def _most_varied(found: NDArray[Any], at_most: int) -> list[int]:
    """Return the channels of the highest standard deviation, in the layer's order."""
    spread = found.reshape(-1, found.shape[2]).std(axis=0)
    return sorted(np.argsort(-spread, kind="stable")[:at_most].tolist())


def _coloured(values: NDArray[Any], colours: str) -> Image.Image:
    """Return values of 0 to 255 (h, w) as an image with one of Matplotlib's colour maps as its palette."""
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.uint8))
    table = matplotlib.colormaps[colours](np.arange(256), bytes=True)[:, :3]
    image.putpalette(table.astype(np.uint8).tobytes())
    return image


def _picture(image: Image.Image, x: float, y: float, side: float) -> str:
    """Return an SVG element with an image in it: photographs as JPEG, those with a palette as PNG."""
    kind = "png" if image.mode == "P" else "jpeg"
    data = io.BytesIO()
    image.save(data, kind, **({"optimize": True} if kind == "png" else {"quality": 82}))
    text = base64.b64encode(data.getvalue()).decode("ascii")
    return (
        f'<image x="{x}" y="{y}" width="{side}" height="{side}" preserveAspectRatio="none" '
        f'style="image-rendering: {"pixelated" if kind == "png" else "auto"}" '
        f'href="data:image/{kind};base64,{text}"/>'
    )


def _text(text: str, x: float, y: float) -> str:
    return f'<text x="{x}" y="{y}">{escape(text)}</text>'


def _svg(parts: Sequence[str], size: tuple[int, int], title: str, dark: bool) -> str:
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="10.5" '
        f'fill="{PALETTES[dark]["ink"]}">\n<title>{escape(title)}</title>\n' + "\n".join(parts) + "\n</svg>\n"
    )
