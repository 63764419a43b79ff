"""The test images that a setting gets most wrong: those with the highest loss, −log of the true class's
probability, as a mean over runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from moocmap.experiments.results.record import Record

LEAST = 1e-12
"""The lowest probability that a loss is taken of: zero has none."""


@dataclass(frozen=True)
class TopLoss:
    """A test image and how the runs took it.

    `loss` (nats) and `chance` (0 to 1), the probability of the true class, are means over `n` runs.
    `prediction` is the most frequent one, made by `times` of the runs with a mean probability of `sure`.
    """

    id: str
    label: str
    prediction: str
    loss: float
    chance: float
    sure: float
    times: int
    n: int

    @property
    def is_right(self) -> bool:
        """Whether the most frequent prediction is the class: an image may cost much and yet be right."""
        return self.label == self.prediction


def top_losses(records: Sequence[Record], at_most: int = 9) -> list[TopLoss]:
    """Return the test images of the highest mean loss over the runs of one setting, the highest first.

    Raises:
        ValueError: if there are no records.
    """
    if not records:
        raise ValueError("expected at least one record")
    table = pd.concat([_losses(record) for record in records], ignore_index=True)
    means = table.groupby("id", sort=False)["loss"].mean()
    worst = means.sort_values(ascending=False, kind="stable").index[:at_most]
    groups = table[table["id"].isin(worst)].groupby("id", sort=False)
    return [_top_loss(str(place), groups.get_group(place)) for place in worst]


def _losses(record: Record) -> pd.DataFrame:
    """Tabulate the test images of one run: id, class, prediction, their probabilities, loss."""
    found = record.predictions
    labels, guesses = found["label"].astype(str), found["prediction"].astype(str)
    true = found["of_label"].to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "id": found["id"].astype(str),
            "label": labels,
            "prediction": guesses,
            "chance": true,
            "sure": found["of_prediction"].to_numpy(dtype=np.float64),
            "loss": -np.log(np.maximum(true, LEAST)),
        }
    )


def _top_loss(place: str, rows: pd.DataFrame) -> TopLoss:
    prediction, times = Counter(rows["prediction"]).most_common(1)[0]
    same = rows[rows["prediction"] == prediction]
    return TopLoss(
        place,
        str(rows["label"].iloc[0]),
        prediction,
        float(rows["loss"].mean()),
        float(rows["chance"].mean()),
        float(same["sure"].mean()),
        times,
        len(rows),
    )
