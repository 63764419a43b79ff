"""A report on an experiment's data: what its source has, what each step drops and why, what is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from moocmap.experiments.data import cleaning, sources
from moocmap.experiments.data.cleaning import StepDone
from moocmap.experiments.data.tasks import PARTS, Arrangement, arrange
from moocmap.experiments.results import distribution
from moocmap.experiments.settings.data_settings import DataSettings
from moocmap.experiments.spec import ExperimentError
from moocmap.files import write_atomically

Tell = Callable[[str, int, int], None]
"""Is told what is going on, how much of it is done and how much there is (0: not known)."""


@dataclass(frozen=True)
class DataReport:
    """What was found at `place` (None: carried by a library), and pairs that look alike if asked for."""

    place: Path | None
    found: Arrangement
    near: pd.DataFrame | None = None

    def steps(self) -> list[dict[str, Any]]:
        """Return a row for the source, each step of cleaning, the choice of classes, and each part.

        `dropped` counts files, `different` the images among them: a copy is not another image. `left` and
        `classes` are what is left, or is in the part.
        """
        arranged = self.found
        rows = [_row("found", arranged.listing)]
        left = arranged.listing
        for done in arranged.steps:
            left = left[~left["path"].isin(done.dropped["path"])]
            rows.append(_row(_called(done), left, done.dropped))
        not_chosen = left[~left["path"].isin(arranged.chosen["path"])]
        if len(not_chosen):
            rows.append(_row("other classes", arranged.chosen, not_chosen))
        not_used = arranged.chosen[~arranged.chosen["path"].isin(arranged.used["path"])]
        if len(not_used):
            rows.append(_row("in no part", arranged.used, not_used))
        return rows + [_row(part, arranged.used[arranged.used["use"] == part]) for part in PARTS]

    def classes(self) -> list[dict[str, Any]]:
        """Return a row for each class of the source: images found, and used in each part."""
        found = self.found.listing["label"].value_counts().sort_index()
        used = {part: self.found.used["label"][self.found.used["use"] == part] for part in PARTS}
        return [
            {
                "class": label,
                "found": count,
                **{part: int((labels == label).sum()) for part, labels in used.items()},
            }
            for label, count in found.to_dict().items()
        ]

    def unreadable(self) -> list[tuple[str, str]]:
        """Return the path and the reason of each file that is no image or cut short."""
        broken = self.found.listing[self.found.listing["broken"] != ""]
        return list(zip(broken["path"].astype(str), broken["broken"].astype(str), strict=True))

    def manifest(self) -> pd.DataFrame:
        """Return path (or number), class, part and SHA-256 of every image that is used, by part and path."""
        used = self.found.used.assign(part=pd.Categorical(self.found.used["use"], PARTS))
        return used.sort_values(["part", "path"])[["path", "label", "part", "sha256"]].rename(
            columns={"label": "class"}
        )

    def dropped(self) -> pd.DataFrame:
        """Return path, class, step and reason of every image that is not used."""
        return pd.DataFrame(self._dropped(), columns=["path", "class", "step", "reason"])

    def _dropped(self) -> Iterator[tuple[Any, Any, str, str]]:
        left = self.found.listing
        for done in self.found.steps:
            reasons = _reasons(done, left)
            yield from zip(
                done.dropped["path"],
                done.dropped["label"],
                [done.step["drop"]] * len(reasons),
                reasons,
                strict=True,
            )
            left = left[~left["path"].isin(done.dropped["path"])]
        used = set(self.found.used["path"])
        chosen = set(self.found.chosen["path"])
        for path, label in zip(left["path"], left["label"], strict=True):
            if path not in chosen:
                yield path, label, "classes", "the experiment does not name this class"
            elif path not in used:
                yield path, label, "split", "the shares leave it over"


def _row(step: str, left: pd.DataFrame, dropped: pd.DataFrame | None = None) -> dict[str, Any]:
    gone = left.iloc[:0] if dropped is None else dropped
    return {
        "step": step,
        "dropped": len(gone),
        "different": int(gone["sha256"].nunique()),
        "left": len(left),
        "classes": int(left["label"].nunique()),
    }


def _called(done: StepDone) -> str:
    options = ", ".join(f"{key} {value}" for key, value in done.step.items() if key != "drop")
    return f"{done.step['drop']} ({options})" if options else str(done.step["drop"])


def _reasons(done: StepDone, before: pd.DataFrame) -> list[str]:
    """Say for each image that a step dropped why it did; `before` is the listing that the step met."""
    kind = done.step["drop"]
    if kind == "unreadable":
        return done.dropped["broken"].astype(str).tolist()
    if kind == "small-classes":
        sizes = before["label"].value_counts()
        least = done.step["fewer_than"]
        return [f"its class has {sizes[label]} images, fewer than {least}" for label in done.dropped["label"]]
    copies = before[before["sha256"].isin(done.dropped["sha256"])]
    gone = set(done.dropped["path"])
    by_hash: dict[Any, list[tuple[Any, Any]]] = {}
    for path, label, digest in zip(copies["path"], copies["label"], copies["sha256"], strict=True):
        by_hash.setdefault(digest, []).append((path, label))

    def is_cause(label: Any, path: Any, other: Any) -> bool:
        return other != label if kind == "cross-class-duplicates" else other == label and path not in gone

    return [
        "same bytes as "
        + ", ".join(str(path) for path, other in by_hash[digest] if is_cause(label, path, other))
        for label, digest in zip(done.dropped["label"], done.dropped["sha256"], strict=True)
    ]


def report_on(
    settings: DataSettings,
    *,
    roots: Sequence[Path],
    cache: Path,
    downloads: Path | None = None,
    near: bool = False,
    tell: Tell = lambda what, done, total: None,
) -> DataReport:
    """Find the images of an experiment, clean and split them.

    They may lie in `roots`, or are fetched into `downloads`; `cache` keeps what takes long. With `near`,
    images that look alike are looked for among those that are used.

    Raises:
        ExperimentError: if they are nowhere, cannot be used, or are no files and `near` is asked for.
    """
    if near and not settings.is_of_files:
        raise ExperimentError("--near looks at images in files; this experiment's come as arrays")
    place = sources.locate(
        settings.where(),
        roots,
        lambda done, total: tell("downloading", done, total),
        classes=settings.classes,
        cache=downloads,
    )
    data = settings.as_spec()
    source = sources.read(
        data["source"], place, cache, lambda done, total: tell("reading images", done, total)
    )
    found = arrange(data, source.listing)
    alike = None
    if near and place is not None:
        alike = cleaning.near_duplicates(
            place, found.used, on_image=lambda done, total: tell("comparing images", done, total)
        )
        use = found.used.set_index("path")["use"]
        alike["first_part"], alike["second_part"] = alike["first"].map(use), alike["second"].map(use)
    return DataReport(place, found, alike)


def write_data_report(report: DataReport, folder: Path) -> list[Path]:
    """Write a report's tables (CSV) and plots (SVG, for light and dark pages); return the files.

    `near-duplicates.csv` is written where pairs were looked for; one from before is removed otherwise.
    """
    tables = {"manifest": report.manifest(), "dropped": report.dropped()}
    tables["distribution"] = pd.DataFrame(report.classes())
    stale = folder / "near-duplicates.csv"
    if report.near is not None:
        tables["near-duplicates"] = report.near
    else:
        stale.unlink(missing_ok=True)
    contents = {
        f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()
    }
    before = distribution.counts(report.found.listing, "part")
    after = distribution.counts(report.found.used, "use")
    for suffix, dark in (("", False), ("-dark", True)):
        contents[f"distribution{suffix}.svg"] = distribution.distribution_plot(before, after, dark)
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return [folder / name for name in contents]
