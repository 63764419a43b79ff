"""Prints a table for people or for programs."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd
from rich.console import Console
from rich.table import Table


class Format(StrEnum):
    """How a table is printed: for reading in the terminal, or as data."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MD = "md"


def show(frame: pd.DataFrame, form: Format, console: Console) -> None:
    """Print a table. Data formats are printed as they are: no colour, no wrapping."""
    if form is Format.TABLE:
        console.print(_rich_table(frame))
    else:
        console.file.write(as_text(frame, form))


def as_text(frame: pd.DataFrame, form: Format) -> str:
    """Render a table as CSV, as a JSON list of objects, or as a Markdown table, ending in a line break."""
    if form is Format.CSV:
        return frame.to_csv(index=False, lineterminator="\n")
    if form is Format.JSON:
        return frame.to_json(orient="records", force_ascii=False, indent=2) + "\n"
    escaped = frame.map(lambda cell: cell.replace("|", r"\|") if isinstance(cell, str) else cell)
    return escaped.to_markdown(index=False) + "\n"


def _rich_table(frame: pd.DataFrame) -> Table:
    table = Table(header_style="bold", row_styles=["", "dim"])
    for column in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(frame[column])
        table.add_column(str(column), justify="right" if is_number else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return str(value).replace("[", r"\[")
