"""Joins the site's ES modules into one classic script.

Browsers refuse modules on pages opened from the file system, and the guide must work there too. The modules
keep to a small part of the language: imports of names from `./other.js` at the start of a line, exports in
front of declarations. So each becomes a function that returns what it exports, in the order of need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from moocmap import text_files
from moocmap.site.errors import SiteError

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function\*?|const|class) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*.*?\*/)\n|^\n", re.MULTILINE | re.DOTALL)
"""Comments that stand alone on their lines."""
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def bundle(folder: Path, entry: str) -> str:
    """Return one script that does what the module `folder/entry` and all that it imports do.

    Raises SiteError when a module is missing, imports in a circle, or uses another form of import or export.
    """
    modules = [_as_function(path) for path in _in_order_of_need(folder / entry)]
    return "\n".join(['(() => {\n"use strict";', *modules, "})();\n"])


def _in_order_of_need(entry: Path) -> list[Path]:
    """Return a module and all that it imports, each after those that it needs."""
    done: list[Path] = []

    def visit(path: Path, route: tuple[str, ...]) -> None:
        if path.name in route:
            raise SiteError(
                f"{path.name}: modules import each other in a circle: {' → '.join((*route, path.name))}"
            )
        if path in done:
            return
        for needed in _imported(path, route):
            visit(needed, (*route, path.name))
        done.append(path)

    visit(entry, ())
    return done


def _imported(path: Path, route: tuple[str, ...]) -> Iterator[Path]:
    if not path.is_file():
        where = f"imported by {route[-1]}" if route else "the first of the site's scripts"
        raise SiteError(f"{path}: this module is missing ({where})")
    for found in _IMPORT.finditer(text_files.read(path, path.parent)):
        yield path.parent / found[2]


def _as_function(path: Path) -> str:
    text = text_files.read(path, path.parent)
    exported = [found[1] for found in _EXPORT.finditer(text)]
    body = _EXPORT.sub("", _IMPORT.sub(_as_constant, text))
    left_over = _LEFT_OVER.search(body)
    if left_over:
        line = text[: text.index(left_over[0])].count("\n") + 1
        raise SiteError(
            f"{path}:{line}: expected 'import {{name}} from \"./module.js\";' on one line or 'export' "
            f"in front of a function, const or class; found '{left_over[0]}'"
        )
    body = _COMMENT.sub("", f"{body}\n")
    return f"const {_name(path.name)} = (() => {{\n{body.rstrip()}\nreturn {{{', '.join(exported)}}};\n}})();"


def _as_constant(found: re.Match[str]) -> str:
    names = ", ".join(
        " ".join(name.split()).replace(" as ", ": ") for name in found[1].split(",") if name.strip()
    )
    return f"const {{{names}}} = {_name(found[2])};"


def _name(file: str) -> str:
    return "$" + re.sub(r"\W", "_", file.removesuffix(".js"))
