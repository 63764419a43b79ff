"""The compared libraries' example code, cut into the parts that the page shows, highlighted beforehand.

A part begins with `# region <name>` and ends with `# endregion`; what stands outside is for whoever runs the
file. Pygments colours the code when the site is built, so that no script has to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from moocmap import text_files
from moocmap.curriculum.companions import Libraries
from moocmap.diagnostics import DiagnosticsError
from moocmap.site.errors import SiteError

SETUP = "setup"
"""The part that stands before the first stage."""

_REGION = re.compile(r"^# region (?P<name>[\w-]+)\n(?P<code>.*?)^# endregion$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Examples:
    """The example's files by the name they have in the guide, and the code of each library by part."""

    files: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def setup(self) -> str:
        """The name of the part that stands before the first stage."""
        return SETUP

    def code(self, library: str, part: str) -> Markup:
        """Return a part of a library's code as highlighted HTML."""
        html: str = highlight(self.parts[library][part], PythonLexer(), HtmlFormatter(nowrap=True))
        return Markup(html.strip("\n"))


def read_examples(root: Path, libraries: Libraries) -> Examples:
    """Read the example code that `libraries.yml` names, if it does.

    Raises SiteError when a file is missing, or lacks a part that a stage speaks of.
    """
    if libraries.example is None:
        return Examples()
    example = libraries.example
    names = [*filter(None, [example.data]), *example.files.values()]
    files = {name: _read(root, name) for name in names}
    parts = {library: parts_of(files[name]) for library, name in example.files.items()}
    wanted = [SETUP, *(stage.id for stage in libraries.stages if stage.code)]
    for library, name in example.files.items():
        for part in wanted:
            if part not in parts[library]:
                raise SiteError(
                    f"{name}: expected '# region {part}' … '# endregion': libraries.yml speaks of it"
                )
    return Examples(files, parts)


def parts_of(text: str) -> dict[str, str]:
    """Return the code of each part of a file by its name."""
    return {found["name"]: found["code"].strip("\n") for found in _REGION.finditer(text)}


def _read(root: Path, name: str) -> str:
    try:
        return text_files.read(root / name, root)
    except DiagnosticsError as error:
        reason = error.diagnostics[0].message
        raise SiteError(
            f"{name}: libraries.yml names this example, but it cannot be read ({reason})"
        ) from error
