"""An experiment with its results as exported data: plain lists, texts and numbers for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from moocmap.experiments.results import attribution, compare
from moocmap.site.measured import Measured


def exported(one: Measured) -> dict[str, Any]:
    """Return an experiment with its results, as exported data."""
    return {
        "id": one.id,
        "settings": one.experiment.settings.model_dump(mode="json", exclude_defaults=True),
        "runs_planned": one.runs_planned,
        "runs_done": one.runs_done,
        "results": [_without_nan(result.row) for result in one.results],
        "differences": [
            _without_nan(
                {
                    "a": d.a,
                    "b": d.b,
                    "model": d.model,
                    "recipe": d.recipe,
                    "metric": d.metric,
                    "n": d.n,
                    "mean": d.span.mean,
                    "low": d.span.low,
                    "high": d.span.high,
                }
            )
            for d in one.differences
        ],
        "attribution": [
            _without_nan({str(name): value for name, value in row.items()})
            for row in attribution.table(one.attributions).to_dict("records")
        ],
        "sign_tests": [asdict(test) for test in one.sign_tests],
        "calibration": [
            {
                "library": library,
                "model": setting.model,
                "recipe": setting.recipe,
                "n": found.n,
                **_interval("error", found.error),
                **_interval("gap", found.gap),
                **_interval("brier", found.brier),
            }
            for setting in one.calibrations
            for library, found in setting.by_library.items()
        ],
        "time_to_accuracy": [
            {
                "library": arrival.library,
                "model": arrival.model,
                "recipe": arrival.recipe,
                "threshold": arrival.threshold,
                "n": arrival.n,
                "reached": arrival.reached,
                **_interval("epochs", arrival.epochs),
                **_interval("seconds", arrival.seconds),
            }
            for arrival in one.arrivals
        ],
        "records": sorted(one.record_files),
    }


def _interval(name: str, found: compare.Interval | None) -> dict[str, float | None]:
    """Return a mean and the ends of its interval by name; None for what is not there."""
    values = (found.mean, found.low, found.high) if found else (math.nan,) * 3
    return _without_nan(dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True)))


def _without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with None for what is not a number, which JSON cannot say."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
