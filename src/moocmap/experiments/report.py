"""Writes what an experiment's records come to as files: tables as CSV and Markdown, curves as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from moocmap.experiments import compare, plots
from moocmap.experiments.model import Experiment
from moocmap.experiments.record import Record
from moocmap.fields import text_in
from moocmap.files import write_atomically


def write_report(experiment: Experiment, records: Sequence[Record], folder: Path) -> list[Path]:
    """Write `report.md`, `summary.csv`, `differences.csv` and the training curves; return their paths.

    Raises:
        ValueError: if there are no records.
    """
    if not records:
        raise ValueError(f"experiment '{experiment.id}' has no records yet; run it first")
    summary = compare.summary(records)
    differences = pd.concat(
        compare.paired_difference(records, metric) for metric in ("accuracy", "macro_f1", "loss")
    )
    light, dark = _curves(records, dark=False), _curves(records, dark=True)
    files = {
        "report.md": _report(experiment, summary, differences, list(light)),
        "summary.csv": summary.to_csv(index=False, lineterminator="\n"),
        "differences.csv": differences.to_csv(index=False, lineterminator="\n"),
        **light,
        **dark,
    }
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def _curves(records: Sequence[Record], *, dark: bool) -> dict[str, str]:
    """Draw the training curves of each model and recipe; return the drawings by file name."""
    found = {}
    for model, recipe in dict.fromkeys((record.model, record.recipe) for record in records):
        chosen = [record for record in records if (record.model, record.recipe) == (model, recipe)]
        found[f"curves-{model}-{recipe}{'-dark' if dark else ''}.svg"] = plots.training_plot(chosen, dark)
    return found


def _report(
    experiment: Experiment, summary: pd.DataFrame, differences: pd.DataFrame, curves: Sequence[str]
) -> str:
    settings = experiment.settings
    lines = [f"# {text_in(settings.title, 'en')}", "", text_in(settings.summary, "en"), ""]
    lines += [
        "| library | model | recipe | n | test accuracy (95% interval) | macro F1 (95% interval) "
        "| s / epoch | parameters |",
        "| --- | --- | --- | ---: | --- | --- | ---: | ---: |",
    ]
    for row in summary.to_dict("records"):
        accuracy = with_interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"])
        macro_f1 = with_interval(row["macro_f1"], row["macro_f1_low"], row["macro_f1_high"])
        lines.append(
            f"| {row['library']} | {row['model']} | {row['recipe']} | {row['n']} | {accuracy} "
            f"| {macro_f1} | {row['seconds_per_epoch']:.3f} | {row['parameters']:,} |"
        )
    lines += ["", "Differences, paired on seeds:", ""]
    for row in differences.to_dict("records"):
        found = with_interval(row["mean"], row["low"], row["high"], sign="+")
        lines.append(
            f"- {row['metric']}, {row['a']} − {row['b']} "
            f"({row['model']}, {row['recipe']}, n = {row['n']}): {found}"
        )
    lines += ["", "Measured with:", ""]
    for row in summary.to_dict("records"):
        lines.append(f"- {row['versions']}; {row['hardware']}")
    lines += ["", *(f"![training curves]({name})" for name in curves)]
    return "\n".join(lines) + "\n"


def with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    """Write a mean with its interval, such as "0.921 (0.880 to 0.962)"; alone where there is none."""
    text = f"{mean:{sign}.3f}"
    return text if pd.isna(low) else f"{text} ({low:{sign}.3f} to {high:{sign}.3f})"
