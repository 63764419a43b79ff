"""Computes all tables of all recorded experiments again, from the records' files alone and by other means
(pandas, scikit-learn, SciPy), and holds them against their pages and the page that sums them up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from scipy import stats

from moocmap.curriculum.model import Guide
from moocmap.experiments.settings.load import load_experiments
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured, measure
from moocmap.site.pages import Origins, shared_data, site_pages
from moocmap.site.rendering import Page, environment, render, render_text
from moocmap.site.views import GuideView

sklearn = pytest.importorskip("sklearn.metrics")
REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "experiments" / "results"
RECORDED = sorted(place.name for place in RESULTS.iterdir() if any(place.iterdir()))
PARTS = ("validation_accuracy", "accuracy")
DECIMAL = {"en": ".", "es": ","}
Setting = tuple[str, str, str]


class Run:
    """One record, read without the toolkit."""

    def __init__(self, place: Path) -> None:
        facts = json.loads((place / "run.json").read_text())
        spec = facts["spec"]
        self.setting: Setting = (spec["library"], spec["model"], spec["recipe"])
        self.seed, self.body = spec["seed"], facts["seconds"].get("pretrain", 0.0)
        self.seconds = facts["seconds"]["total"] - self.body
        table = pd.read_csv(place / "predictions.csv", dtype={"label": str, "prediction": str})
        epochs = pd.read_csv(place / "epochs.csv").query("phase != 'pretrain'")
        self.figures = {
            "accuracy": float(sklearn.accuracy_score(table["label"], table["prediction"])),
            "macro_f1": float(
                sklearn.f1_score(
                    table["label"],
                    table["prediction"],
                    labels=list(map(str, spec["tasks"]["target"]["classes"])),
                    average="macro",
                    zero_division=0,
                )
            ),
            "loss": float(-np.log(table["of_label"]).mean()),
            "validation_accuracy": float(epochs["validation_accuracy"].iloc[-1]),
            "seconds": float(epochs["seconds"].median()),
        }
        self.epochs = len(epochs)
        assert spec["selection"] == "last"


@cache
def runs_of(experiment_id: str) -> Mapping[Setting, Mapping[int, Run]]:
    found: dict[Setting, dict[int, Run]] = {}
    for place in sorted((RESULTS / experiment_id).iterdir()):
        run = Run(place)
        found.setdefault(run.setting, {})[run.seed] = run
    return found


def interval(values: Sequence[float], *, share: bool = False) -> list[float]:
    """Return mean and 95% interval as SciPy has it; the mean alone of one value."""
    if len(values) == 1:
        return [values[0]]
    if len(set(values)) == 1:  # SciPy has none for these
        return [values[0]] * 3
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return [float(np.mean(values)), *np.clip([low, high], *((0, 1) if share else (-np.inf, np.inf)))]


def paired(a: Mapping[int, Run], b: Mapping[int, Run], metric: str) -> list[float]:
    """Return b − a with its interval, over common seeds."""
    return interval(
        [b[seed].figures[metric] - a[seed].figures[metric] for seed in sorted(a.keys() & b.keys())]
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[Measured]:
    published = tmp_path_factory.mktemp("published")  # without what this machine has measured itself
    (published / "experiments").symlink_to(REPOSITORY / "experiments")
    return [measure(published, experiment) for experiment in load_experiments(REPOSITORY)[0]]


@pytest.fixture(scope="module", params=["en", "es"])
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pages(guide: Guide, strings: dict[str, Strings], measured: list[Measured], locale: str) -> dict[str, Tag]:
    """The pages of the experiments and the one that sums them up, as compiled."""
    t, view, templates = strings[locale], GuideView(guide), environment(REPOSITORY / "site" / "templates")
    shared = shared_data(view, t, measured, Origins())
    texts = {
        page.path.split("/")[-1]: render(page, templates, t, shared)
        for page in site_pages(view, t, measured, Origins())
        if page.template == "experiment.md"
    }
    file = f"site/pages/{locale}/keras-or-fastai.md"
    page = Page("keras-or-fastai", "", file, "")
    texts["answer"] = render_text(page, (REPOSITORY / file).read_text(), templates, t, shared)
    return {name: BeautifulSoup(text, "html.parser") for name, text in texts.items()}


def numbers(cell: Tag, locale: str) -> list[float]:
    plain = cell.get_text(" ").replace("−", "-").replace(DECIMAL[locale], ".")
    return [float(number) for number in re.findall(r"[+-]?\d+(?:\.\d+)?", plain)]


def rows_of(page: Tag, label: str) -> Iterator[tuple[Tag, list[Tag]]]:
    """Go through the rows of a section's table."""
    table = page.select_one(f'[aria-labelledby="{label}"] table')
    assert table is not None
    for row in table.select("tbody tr"):
        yield row, row.find_all(["th", "td"])


def same(shown: Sequence[float], expected: Sequence[float], digits: int) -> bool:
    return list(shown) == pytest.approx(list(expected), abs=0.501 * 10**-digits)


@pytest.mark.parametrize("experiment", RECORDED)
def test_results(pages: dict[str, Tag], locale: str, experiment: str) -> None:
    runs, seen = runs_of(experiment), set()
    for row, cells in rows_of(pages[experiment], "results"):
        setting = (row["data-pick-library"], row["data-pick-model"], row["data-pick-recipe"])
        mine = list(runs[setting].values())
        seen.add(setting)
        *_, n, accuracy, _, f1, loss, seconds = cells
        assert numbers(n, locale) == [len(mine)]
        for cell, metric in ((accuracy, "accuracy"), (f1, "macro_f1")):
            expected = interval([run.figures[metric] for run in mine], share=True)
            assert same(numbers(cell, locale), expected, 3), (setting, metric)
        for cell, metric in ((loss, "loss"), (seconds, "seconds")):
            expected = interval([run.figures[metric] for run in mine])
            assert same(numbers(cell, locale), np.maximum(expected, 0), 3), (setting, metric)
    assert seen == runs.keys()


@pytest.mark.parametrize("experiment", RECORDED)
def test_differences(
    pages: dict[str, Tag], strings: dict[str, Strings], locale: str, experiment: str
) -> None:
    runs, t = runs_of(experiment), strings[locale]
    metrics = ("accuracy", "macro_f1", "loss", "validation_accuracy")
    names = {str(t(f"experiment.metric.{metric}")): metric for metric in metrics}
    pairs = [
        (fastai, other)
        for fastai, other in combinations(sorted(runs), 2)
        if fastai[1:] == other[1:] and runs[fastai].keys() & runs[other].keys()
    ]
    shown = list(rows_of(pages[experiment], "differences"))
    assert len(shown) == len(metrics) * len(pairs) > 0
    for row, cells in shown:
        metric = names[cells[1].get_text().strip()]
        [(a, b)] = [p for p in pairs if p[0][1:] == (row["data-pick-model"], row["data-pick-recipe"])]
        assert same(numbers(cells[-3], locale), paired(runs[b], runs[a], metric), 3), (a, b, metric)


def chains(experiment: str) -> Iterator[list[Setting]]:
    """Go through the ways from one library's recipe to the other's, as the experiment's file says."""
    settings = yaml.safe_load((REPOSITORY / "experiments" / f"{experiment}.yml").read_text())
    for ablation in settings.get("ablations", []):
        recipe, library = ablation["recipe"], ablation["library"]
        steps = [f"{recipe}-{step['id']}" for step in ablation["steps"]]
        if library == ablation["end"]:
            steps[-1] = recipe
        if library == ablation["start"]:
            steps[0] = recipe
        way = [(library, step) for step in steps]
        way = way if library == ablation["start"] else [(ablation["start"], recipe), *way]
        way = way if library == ablation["end"] else [*way, (ablation["end"], recipe)]
        for model in settings["models"]:
            yield [(library, model, recipe) for library, recipe in way]


@pytest.mark.parametrize("place", ["experiment", "answer"])
def test_steps_of_ablations(pages: dict[str, Tag], locale: str, place: str) -> None:
    experiment = "skin-cancer-mobilenet"
    runs, ways = runs_of(experiment), list(chains(experiment))
    tables = pages["answer" if place == "answer" else experiment].select("table.mm-attribution")
    assert len(tables) == len(ways) > 1
    for table, way in zip(tables, ways, strict=True):
        *links, whole = (row.find_all(["th", "td"]) for row in table.select("tbody tr"))
        for before, setting, cells in zip([None, *way], way, links, strict=False):
            mine = runs[setting]
            assert numbers(cells[1], locale) == [len(mine)]
            for column, metric in ((2, "validation_accuracy"), (5, "accuracy")):
                mean = np.mean([run.figures[metric] for run in mine.values()])
                assert same(numbers(cells[column], locale), [mean], 3), (setting, metric)
                if before is not None:
                    expected = paired(runs[before], mine, metric)
                    assert same(numbers(cells[column + 1], locale), expected, 3), (setting, metric)
        for column, metric in ((3, "validation_accuracy"), (6, "accuracy")):
            expected = paired(runs[way[0]], runs[way[-1]], metric)
            assert same(numbers(whole[column], locale), expected, 3)


def table_named(page: Tag, strings: Strings, key: str, **values: str) -> Iterator[list[Tag]]:
    name = str(strings(key, **values))
    table = next(one for one in page.select("table") if one.caption and one.caption.get_text() == name)
    for row in table.select("tbody tr"):
        yield row.find_all(["th", "td"])


def test_the_answer_compares_like_with_like(
    pages: dict[str, Tag], strings: dict[str, Strings], locale: str
) -> None:
    shown = list(table_named(pages["answer"], strings[locale], "answer.like_for_like"))
    expected = []
    for experiment in RECORDED:
        settings = yaml.safe_load((REPOSITORY / "experiments" / f"{experiment}.yml").read_text())
        for name, recipe in settings["recipes"].items():
            if {"keras", "fastai"} & set(recipe):
                continue
            for model in settings["models"]:
                runs = [
                    runs_of(experiment).get((library, model, name), {}) for library in ("keras", "fastai")
                ]
                if runs[0].keys() & runs[1].keys():
                    expected.append([paired(*runs, metric) for metric in ("validation_accuracy", "accuracy")])
    assert len(shown) == len(expected) > 3
    for cells, (validation, test) in zip(shown, expected, strict=True):
        for cell, figures in ((cells[2], validation), (cells[3], test)):
            assert same(numbers(cell, locale), np.multiply(figures, 100), 1)


def test_the_answer_shows_the_published_gaps(
    pages: dict[str, Tag], strings: dict[str, Strings], locale: str
) -> None:
    source = yaml.safe_load((REPOSITORY / "experiments" / "published" / "skin-cancer.yml").read_text())
    figures = pd.DataFrame(source["figures"]).query("metric == 'validation_accuracy'")
    values = figures.astype({"value": float}).pivot_table(
        index="model", columns="library", values="value", sort=False
    )
    shown = list(
        table_named(pages["answer"], strings[locale], "answer.gaps", source=source["source"][locale])
    )
    *published, ours = shown
    assert len(published) == len(values) == 6
    for cells, (_, row) in zip(published, values.iterrows(), strict=True):
        assert numbers(cells[1], locale) == [row["keras"]]
        assert numbers(cells[2], locale) == [row["fastai"]]
        assert same(numbers(cells[3], locale), [100 * (row["fastai"] - row["keras"])], 1)
    runs = runs_of("skin-cancer-mobilenet")
    keras, fastai = (runs[library, "mobilenet-0.75", "published"] for library in ("keras", "fastai"))
    expected = paired(keras, fastai, "validation_accuracy")
    assert same(numbers(ours[3], locale), np.multiply(expected, 100), 1)


def test_the_answer_holds_validation_against_test(
    pages: dict[str, Tag], strings: dict[str, Strings], locale: str
) -> None:
    runs = runs_of("skin-cancer-mobilenet")
    shown = list(table_named(pages["answer"], strings[locale], "answer.both_parts"))
    assert len(shown) == len(runs)
    expected = [
        [np.mean([run.figures[metric] for run in group.values()]) for metric in PARTS]
        for group in runs.values()
    ]
    means = [[numbers(cell, locale)[0] for cell in cells[3:]] for cells in shown]
    for (validation, test, points), pair in zip(sorted(means), sorted(expected), strict=True):
        assert same([validation, test], pair, 3)
        assert same([points], [100 * (pair[1] - pair[0])], 1)


def test_the_answer_says_how_long_it_took(
    pages: dict[str, Tag], strings: dict[str, Strings], locale: str
) -> None:
    shown = {
        cells[-1].get_text().split()[-1]: cells[2].get_text().strip()
        for cells in table_named(pages["answer"], strings[locale], "answer.reruns")
    }
    for experiment in RECORDED:
        runs = [run for group in runs_of(experiment).values() for run in group.values()]
        shared = {run.setting[1]: run.body for run in runs}  # each model's body serves both libraries
        own_body = experiment == "digits"  # there each run has its own
        bodies = [run.body for run in runs] if own_body else shared.values()
        total = sum(run.seconds for run in runs) + sum(bodies)
        if total >= 100:
            hours, rest = divmod(round(total), 3600)
            assert shown[experiment] == f"{hours}:{rest // 60:02}:{rest % 60:02}"


# What the page says in words ----------------------------------------------------------------------


def same_recipe() -> Iterator[tuple[str, list[float]]]:
    """Go through the experiments with what the libraries differ by in test accuracy, with one recipe."""
    for experiment in RECORDED:
        recipes = yaml.safe_load((REPOSITORY / "experiments" / f"{experiment}.yml").read_text())["recipes"]
        runs = runs_of(experiment)
        for library, model, recipe in runs:
            pair = ("keras", model, recipe) in runs and "fastai" not in recipes.get(recipe, {"fastai": 0})
            if library == "fastai" and pair:
                found = paired(runs["keras", model, recipe], runs[library, model, recipe], "accuracy")
                yield experiment, found


def test_with_one_recipe_no_library_comes_out_ahead() -> None:
    found = [(experiment, figures) for experiment, figures in same_recipe() if len(figures) == 3]
    assert len(found) >= 6
    for experiment, (_, low, high) in found:
        assert low <= 0 <= high, experiment
    for experiment, (mean, _, _) in found:
        if "mnist" in experiment:
            assert abs(mean) < 0.0005, "they agree digit for digit"


def test_with_recipes_of_their_own_the_order_turns_round_on_validation_only() -> None:
    runs = runs_of("skin-cancer-mobilenet")
    keras, fastai = (runs[library, "mobilenet-0.75", "published"] for library in ("keras", "fastai"))
    *_, high = paired(keras, fastai, "validation_accuracy")
    assert high < 0
    _, low, high = paired(keras, fastai, "accuracy")
    assert low <= 0 <= high


def test_how_long_it_trains_is_the_largest_step() -> None:
    runs, (way, _) = runs_of("skin-cancer-mobilenet"), chains("skin-cancer-mobilenet")
    changes = {
        setting[2]: abs(paired(runs[before], runs[setting], "validation_accuracy")[0])
        for before, setting in pairwise(way)
    }
    assert max(changes, key=lambda recipe: changes[recipe]) == "published-epochs"


def test_the_longer_it_trained_the_wider_validation_and_test_lie_apart() -> None:
    gaps: dict[int, list[float]] = {}
    for (_, _, recipe), group in runs_of("skin-cancer-mobilenet").items():
        validation, test = (np.mean([run.figures[metric] for run in group.values()]) for metric in PARTS)
        assert validation > test, recipe
        [epochs] = {run.epochs for run in group.values()}
        gaps.setdefault(epochs, []).append(float(validation - test))
    assert gaps.keys() == {11, 30}
    assert min(gaps[30]) > max(gaps[11])
