"""Writes what an experiment's records come to as files: tables as CSV and Markdown, curves as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from moocmap.experiments.results import attribution, compare, plots
from moocmap.experiments.results.calibration import calibration
from moocmap.experiments.results.rates_plot import rates_plot
from moocmap.experiments.results.record import Record
from moocmap.experiments.results.significance import sign_tests
from moocmap.experiments.settings.model import Experiment
from moocmap.fields import text_in
from moocmap.files import write_atomically


def write_report(experiment: Experiment, records: Sequence[Record], folder: Path) -> list[Path]:
    """Write `report.md`, the tables behind it as CSV, and the curves as SVG; return their paths.

    The tables are `summary.csv`, `differences.csv`, `calibration.csv` and `sign-tests.csv`; the curves are
    those of training, of reliability, and of the rates. Ablations add `attribution.csv`.

    Raises:
        ValueError: if there are no records.
    """
    if not records:
        raise ValueError(f"experiment '{experiment.id}' has no records yet; run it first")
    tables = {
        "summary": compare.summary(records),
        "differences": pd.concat(
            compare.paired_difference(records, metric) for metric in ("accuracy", "macro_f1", "loss")
        ),
        "calibration": _calibrations(records),
        "sign-tests": _tests(records),
    }
    attributed = attribution.table(attribution.attributions(records, experiment.settings.ablations))
    if not attributed.empty:
        tables["attribution"] = attributed
    light, dark = _curves(records, dark=False), _curves(records, dark=True)
    files = {
        "report.md": _report(experiment, tables, list(light)),
        **{f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()},
        **light,
        **dark,
    }
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def _calibrations(records: Sequence[Record]) -> pd.DataFrame:
    """Tabulate how far the probabilities of each library × model × recipe hold."""
    rows = []
    for (library, model, recipe), group in compare.grouped(records).items():
        found = calibration(group)
        row: dict[str, object] = {"library": library, "model": model, "recipe": recipe, "n": found.n}
        for name in ("error", "gap", "brier"):
            span: compare.Interval = getattr(found, name)
            row |= {name: span.mean, f"{name}_low": span.low, f"{name}_high": span.high}
        rows.append(row)
    return pd.DataFrame(rows)


def _tests(records: Sequence[Record]) -> pd.DataFrame:
    """Tabulate the sign tests over images; `p` is followed by the one that Holm's method corrects."""
    columns = ["a", "b", "model", "recipe", "seeds", "images", "better_a", "better_b", "p", "p_holm"]
    rows = [
        (
            *(test.a, test.b, test.model, test.recipe, len(test.pairs), test.images),
            *(test.better_a, test.better_b, test.p, test.adjusted),
        )
        for test in sign_tests(records)
    ]
    return pd.DataFrame(rows, columns=columns)


def _curves(records: Sequence[Record], *, dark: bool) -> dict[str, str]:
    """Draw training and reliability of each model and recipe; return the drawings by file name."""
    found = {}
    for (model, recipe), libraries in compare.by_library(records).items():
        runs = {library: list(group.values()) for library, group in libraries.items()}
        name = f"{model}-{recipe}{'-dark' if dark else ''}.svg"
        found[f"curves-{name}"] = plots.training_plot([r for group in runs.values() for r in group], dark)
        by_library = {library: calibration(group) for library, group in runs.items()}
        found[f"reliability-{name}"] = plots.reliability_plot(by_library, dark)
        firsts = {library: group[0].facts for library, group in runs.items()}
        images = next(iter(firsts.values())).data["target"]["parts"]["train"]["n"]
        specs: Any = {library: facts.spec for library, facts in firsts.items()}
        found[f"rates-{name}"] = rates_plot(specs, images, dark)
    return found


def _report(experiment: Experiment, tables: Mapping[str, pd.DataFrame], drawings: Sequence[str]) -> str:
    settings = experiment.settings
    lines = [f"# {text_in(settings.title, 'en')}", "", text_in(settings.summary, "en"), ""]
    lines += [
        "| library | model | recipe | n | test accuracy (95% interval) | macro F1 (95% interval) "
        "| s / epoch | parameters |",
        "| --- | --- | --- | ---: | --- | --- | ---: | ---: |",
    ]
    for row in tables["summary"].to_dict("records"):
        accuracy = with_interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"])
        macro_f1 = with_interval(row["macro_f1"], row["macro_f1_low"], row["macro_f1_high"])
        lines.append(
            f"| {row['library']} | {row['model']} | {row['recipe']} | {row['n']} | {accuracy} "
            f"| {macro_f1} | {row['seconds_per_epoch']:.3f} | {row['parameters']:,} |"
        )
    lines += ["", "Differences, paired on seeds:", ""]
    for row in tables["differences"].to_dict("records"):
        found = with_interval(row["mean"], row["low"], row["high"], sign="+")
        lines.append(
            f"- {row['metric']}, {row['a']} − {row['b']} "
            f"({row['model']}, {row['recipe']}, n = {row['n']}): {found}"
        )
    lines += ["", "Right on more test images, each counted once over all seeds (exact sign test):", ""]
    for row in tables["sign-tests"].to_dict("records"):
        lines.append(
            f"- {row['a']} on {row['better_a']}, {row['b']} on {row['better_b']} of {row['images']} "
            f"({row['model']}, {row['recipe']}): p = {row['p']:.3g}, corrected {row['p_holm']:.3g}"
        )
    if "attribution" in tables:
        lines += ["", "Recipes taken apart; validation accuracy, and its change from the line before:", ""]
        for row in tables["attribution"].to_dict("records"):
            mean, low, high = (row[f"validation_accuracy_change{end}"] for end in ("", "_low", "_high"))
            told = "" if pd.isna(mean) else f", {with_interval(mean, low, high, sign='+')}"
            lines.append(
                f"- {row['way']} ({row['model']}): {row['library']}, {row['recipe']}, n = {row['n']}: "
                f"{row['validation_accuracy']:.3f}{told}"
            )
    lines += ["", "Expected calibration error:", ""]
    for row in tables["calibration"].to_dict("records"):
        found = with_interval(row["error"], row["error_low"], row["error_high"])
        lines.append(f"- {row['library']} ({row['model']}, {row['recipe']}, n = {row['n']}): {found}")
    lines += ["", "Measured with:", ""]
    for row in tables["summary"].to_dict("records"):
        lines.append(f"- {row['versions']}; {row['hardware']}")
    lines += ["", *(f"![{name.partition('-')[0]}]({name})" for name in drawings)]
    return "\n".join(lines) + "\n"


def with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    """Write a mean with its interval, such as "0.921 (0.880 to 0.962)"; alone where there is none."""
    text = f"{mean:{sign}.3f}"
    return text if pd.isna(low) else f"{text} ({low:{sign}.3f} to {high:{sign}.3f})"
