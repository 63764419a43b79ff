"""The picture that messengers show beside a shared address: made here, for each language."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from moocmap.curriculum.model import GuideSettings
from moocmap.fields import text_in
from moocmap.site.escape import visible
from moocmap.site.locales import Strings

FILE = "assets/images/social.png"
"""Where the picture lies in the folder of its language."""

_WIDTH, _HEIGHT = 1200, 630
_GROUND, _TEXT, _QUIET, _BARS = "#fdfdfb", "#14232a", "#4d5c63", "#0f5561"


def write(site: Path, settings: GuideSettings, strings: Mapping[str, Strings]) -> None:
    """Write the picture of each language into a built site."""
    for locale in strings:
        path = site / locale / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        _draw(path, text_in(settings.title, locale), text_in(settings.description, locale))


def _draw(path: Path, title: str, text: str) -> None:
    """Draw four bars, the guide's mark of depth, over the title and the first lines of the description."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(_WIDTH / 100, _HEIGHT / 100), dpi=100, facecolor=_GROUND)
    for number in range(4):
        height = 0.055 + 0.04 * number
        bar = Rectangle((0.07 + 0.034 * number, 0.72), 0.024, height, color=_BARS)
        bar.set_transform(figure.transFigure)
        figure.add_artist(bar)
    lines = textwrap.wrap(visible(title), 25, max_lines=3, placeholder=" …")
    figure.text(0.07, 0.62, _plain("\n".join(lines)), size=44, color=_TEXT, weight="bold", va="top")
    room = 5 - len(lines)
    said = textwrap.wrap(visible(text), 62, max_lines=room, placeholder=" …")
    y = 0.62 - 0.125 * len(lines) - 0.05
    figure.text(0.07, y, _plain("\n".join(said)), size=23, color=_QUIET, va="top", linespacing=1.4)
    figure.savefig(path, metadata={"Software": None})


def _plain(text: str) -> str:
    """Return a text without the sign by which matplotlib would take a part of it for mathematics."""
    return text.replace("$", r"\$")
