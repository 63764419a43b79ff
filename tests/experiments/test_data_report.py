from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moocmap.experiments.data.tasks import arrange
from moocmap.experiments.results.data_report import DataReport, report_on, write_data_report
from moocmap.experiments.settings.data_settings import DataSettings
from moocmap.experiments.spec import ExperimentError

from .test_data import DIGITS, listings
from .test_images import draw


@settings(max_examples=40, deadline=None)
@given(listings, st.integers(2, 30))
def test_every_image_is_used_or_dropped_for_a_reason(listing: Any, least: int) -> None:
    wanted = {
        "clean": [
            {"drop": "duplicates"},
            {"drop": "cross-class-duplicates"},
            {"drop": "small-classes", "fewer_than": least},
        ],
        "classes": sorted(set(listing["label"])),
        "split": {"train": 0.25, "validation": 0.25, "test": 0.25, "seed": 0, "stratified": True},
    }
    try:
        report = DataReport(None, arrange(wanted, listing))
    except ExperimentError:  # a class is gone, or too small
        return
    manifest, dropped = report.manifest(), report.dropped()
    assert sorted([*manifest["path"], *dropped["path"]]) == listing["path"].tolist()
    assert (dropped["reason"] != "").all()
    rows = {row["step"]: row for row in report.steps()}
    assert rows["found"]["left"] - sum(row["dropped"] for row in rows.values()) == len(manifest)
    assert sum(rows[part]["left"] for part in ("train", "validation", "test")) == len(manifest)
    hashes = dict(zip(listing["path"], listing["sha256"], strict=True))
    for path, step, reason in zip(dropped["path"], dropped["step"], dropped["reason"], strict=True):
        if step in ("duplicates", "cross-class-duplicates"):
            named = reason.removeprefix("same bytes as ").split(", ")
            assert named
            assert all(hashes[other] == hashes[path] for other in named)
            assert path not in named


def test_near_duplicates_are_looked_for_in_files_only(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="--near looks at images in files"):
        report_on(DataSettings.model_validate(DIGITS), roots=[tmp_path], cache=tmp_path, near=True)


def test_pairs_that_look_alike_say_in_which_parts_they_are(tmp_path: Path) -> None:
    for name in ("ant", "bee"):
        for number in range(10):
            draw(tmp_path / "data" / "pets" / name / f"{number}.png", 100 * ord(name[0]) + number)
    draw(tmp_path / "data" / "pets" / "bee" / "small.png", 100 * ord("a"), (90, 70))  # ant/0, smaller
    wanted = DataSettings.model_validate(
        {
            "source": {"kind": "folder", "path": "pets"},
            "classes": ["ant", "bee"],
            "split": {"validation": 0.3, "test": 0.3},
            "image_size": 16,
        }
    )
    told: list[tuple[str, int, int]] = []
    report = report_on(
        wanted,
        roots=[tmp_path / "data"],
        cache=tmp_path / "cache",
        near=True,
        tell=lambda *facts: told.append(facts),
    )
    assert report.near is not None
    (pair,) = report.near.to_dict("records")
    assert {pair["first"], pair["second"]} == {"ant/0.png", "bee/small.png"}
    assert not pair["same_class"]
    use = report.found.used.set_index("path")["use"]
    assert (pair["first_part"], pair["second_part"]) == (use[pair["first"]], use[pair["second"]])
    assert told[-1] == ("comparing images", 21, 21)
    assert ("reading images", 21, 21) in told
    written = write_data_report(report, tmp_path / "out")
    assert (tmp_path / "out" / "near-duplicates.csv") in written
    without = DataReport(report.place, report.found)
    write_data_report(without, tmp_path / "out")
    assert not (tmp_path / "out" / "near-duplicates.csv").exists()  # it was of another run


def test_the_same_data_gives_the_same_files(tmp_path: Path) -> None:
    wanted = DataSettings.model_validate(DIGITS)
    for name in ("one", "two"):
        report = report_on(wanted, roots=[tmp_path], cache=tmp_path)
        write_data_report(report, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    counts = np.array([list(row.values())[1:] for row in report.classes()])
    assert counts[:, 0].sum() == 1797
    assert counts[:, 1:].sum() == len(report.manifest())
