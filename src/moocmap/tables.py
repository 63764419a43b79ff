"""Prints a table, a list of rows with the same keys, for people or for programs."""

from __future__ import annotations

import csv
import io
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from rich.table import Table

Row = Mapping[str, Any]


class Format(StrEnum):
    """How a table is printed: for reading in the terminal, or as data."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MD = "md"


def show(rows: Sequence[Row], form: Format, console: Console, too_wide: Sequence[str] = ()) -> None:
    """Print a table. Data formats are printed as they are: no colour, no wrapping.

    Columns named in `too_wide` are left out where they would not fit a terminal.
    """
    if form is Format.TABLE:
        narrow = [{name: cell for name, cell in row.items() if name not in too_wide} for row in rows]
        console.print(_rich_table(narrow, console.width))
    else:
        console.file.write(as_text(rows, form))


def as_text(rows: Sequence[Row], form: Format) -> str:
    """Render a table as CSV, as a JSON list of objects, or as a Markdown table, ending in a line break.

    A number that is not known (NaN) is an empty cell, in JSON null.
    """
    known = [{name: None if _is_nan(cell) else cell for name, cell in row.items()} for row in rows]
    if form is Format.JSON:
        return json.dumps(known, indent=2, ensure_ascii=False) + "\n"
    if form is Format.CSV:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(known[0]) if known else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(known)
        return text.getvalue()
    from tabulate import tabulate  # not needed for most commands, but slow to import

    escaped = [{name: _in_markdown(cell) for name, cell in row.items()} for row in known]
    return tabulate(escaped, headers="keys", tablefmt="github", disable_numparse=True) + "\n"


def _in_markdown(cell: object) -> object:
    return cell.replace("|", r"\|") if isinstance(cell, str) else cell


def _rich_table(rows: Sequence[Row], width: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    room = _room(rows, width)
    for name in rows[0] if rows else ():
        is_number = all(isinstance(row[name], int | float) for row in rows)
        table.add_column(_cell(name, room), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(cell, room) for cell in row.values()))
    return table


def _room(rows: Sequence[Row], width: int) -> int:
    """Return how wide a cell may be so that the table fits `width`, counting 3 for the space between."""
    names = list(rows[0]) if rows else []
    longest = [max(len(str(cell)) for cell in (name, *(row[name] for row in rows))) + 3 for name in names]
    left = width
    for index, size in enumerate(sorted(longest)):  # what narrow columns leave, wide ones share
        share = left // (len(longest) - index)
        if size > share:
            return max(12, share - 3)
        left -= size
    return max(longest, default=0)


def _cell(value: object, room: int) -> str:
    if isinstance(value, float):
        return "" if _is_nan(value) else f"{value:.4g}"
    text = str(value)
    return escape(text if len(text) <= room else textwrap.fill(text, room))  # breaks at hyphens too


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
