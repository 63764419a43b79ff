from __future__ import annotations

from pathlib import Path

import pytest

from moocmap.experiments.settings.published import FOLDER, PublishedFigures, load_published

REPOSITORY = Path(__file__).parents[2]
FIGURE = "{library: keras, model: vgg16, recipe: published, metric: %s}"


def published(root: Path, figure: str) -> tuple[PublishedFigures | None, list[str]]:
    path = root / FOLDER / "one.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"source: A paper\nfigures:\n  - {FIGURE % figure}\n")
    found, problems = load_published(root, "one")
    return found, [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [('"1:07:37"', 4057.0), ('"0:00:05"', 5.0), ("12.5", 12.5), ('"100:00:00"', 360000.0)],
)
def test_times_are_read_as_papers_print_them(tmp_path: Path, written: str, seconds: float) -> None:
    found, problems = published(tmp_path, f"seconds, phase: head, value: {written}")
    assert problems == []
    assert found is not None
    assert (found.figures[0].value, found.figures[0].phase) == (seconds, "head")


@pytest.mark.parametrize(
    "wrong",
    [
        'seconds, value: "1:07"',
        'seconds, value: "0:61:00"',
        "validation_loss, phase: head, value: 1.0",
        "speed, value: 1",
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, wrong: str) -> None:
    found, problems = published(tmp_path, wrong)
    assert found is None
    assert len(problems) == 1


def test_the_thesis_table_is_whole() -> None:
    """Its sums, added up from the printed table by hand, find a figure that was typed wrongly."""
    found, problems = load_published(REPOSITORY, "skin-cancer")
    assert problems == []
    assert found is not None
    sums: dict[tuple[str, str, str | None], float] = {}
    for figure in found.figures:
        key = (figure.library, figure.metric, figure.phase)
        sums[key] = round(sums.get(key, 0) + figure.value, 3)
    assert len(found.figures) == 48
    assert len({(f.library, f.model, f.metric, f.phase) for f in found.figures}) == 48
    assert sums == {
        ("keras", "validation_loss", None): 47.568,
        ("fastai", "validation_loss", None): 2.692,
        ("keras", "validation_accuracy", None): 4.38,
        ("fastai", "validation_accuracy", None): 5.233,
        ("keras", "seconds", "head"): 12093.0,
        ("fastai", "seconds", "head"): 2357.0,
        ("keras", "seconds", "all"): 24342.0,
        ("fastai", "seconds", "all"): 7776.0,
    }


@pytest.mark.parametrize("name", ["mnist-dense", "fashion-mnist-dense"])
def test_the_books_figures_are_shares(name: str) -> None:
    found, problems = load_published(REPOSITORY, name)
    assert problems == []
    assert found is not None
    assert all(0 < figure.value < 1 for figure in found.figures)
