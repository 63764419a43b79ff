from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from moocmap.experiments.results.distribution import counts, distribution_plot

SVG = "{http://www.w3.org/2000/svg}"


def table(**classes: dict[str, int]) -> pd.DataFrame:
    rows = [
        (name, part) for name, parts in classes.items() for part, count in parts.items() for _ in range(count)
    ]
    return counts(pd.DataFrame(rows, columns=["label", "part"]), "part")


BEFORE = table(bee={"train": 1200, "test": 30}, ant={"train": 400, "test": 20}, cow={"train": 7})
AFTER = table(
    bee={"validation": 200, "train": 1000, "test": 30}, ant={"train": 300, "validation": 60, "test": 20}
)


def words_of(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_counts_are_by_class_and_part_in_their_order() -> None:
    assert AFTER.to_dict("index") == {
        "ant": {"train": 300, "validation": 60, "test": 20},
        "bee": {"train": 1000, "validation": 200, "test": 30},
    }
    assert AFTER.columns.tolist() == ["train", "validation", "test"]
    assert BEFORE.at["cow", "test"] == 0


def test_every_class_and_total_stands_in_the_plot() -> None:
    words = words_of(distribution_plot(BEFORE, AFTER, dark=False))
    for total in ("1,230", "420", "7", "1,230", "380"):
        assert total in words
    assert [word for word in words if word in ("ant", "bee", "cow")].count("cow") == 1  # dropped below
    assert "as the source has them: 1,657" in words
    assert "used: 1,610" in words
    assert [word for word in words if word in ("training", "validation", "test")] == [
        "training",
        "validation",
        "test",
    ]


def test_words_and_classes_can_be_translated() -> None:
    labels = {
        "before": "antes",
        "after": "después",
        "images": "imágenes",
        "thousands": ".",
        "validation": "validación",
    }
    words = words_of(distribution_plot(BEFORE, AFTER, dark=True, labels=labels, names={"bee": "abeja <&>"}))
    assert {"antes: 1.657", "después: 1.610", "imágenes", "validación", "abeja <&>"} <= set(words)
    assert "bee" not in words


@pytest.mark.parametrize("dark", [False, True])
def test_the_same_counts_give_the_same_bytes(dark: bool) -> None:
    first = distribution_plot(BEFORE, AFTER, dark)
    assert first == distribution_plot(BEFORE, AFTER, dark)
    assert not re.search(r"\d{4}-\d\d-\d\d", first)  # no date
    assert len(first) < 60_000


def test_light_and_dark_differ_in_colour_alone() -> None:
    light, dark = (distribution_plot(BEFORE, AFTER, dark) for dark in (False, True))
    assert words_of(light) == words_of(dark)
    assert "#222222" in light
    assert "#222222" not in dark


def test_a_source_of_one_part_and_numbers_for_classes() -> None:
    labels = pd.DataFrame({"label": [3, 3, 5], "part": "all"})
    used = pd.DataFrame({"label": [3, 5, 3], "use": ["train", "test", "validation"]})
    words = words_of(distribution_plot(counts(labels, "part"), counts(used, "use"), dark=False))
    assert {"3", "5", "all", "as the source has them: 3"} <= set(words)
