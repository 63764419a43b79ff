"""Computes every table of an experiment's page again, from the files of the records alone and by other means
(pandas, scikit-learn, SciPy), and holds it against what the page shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag
from scipy import stats

from moocmap.curriculum.model import Guide
from moocmap.experiments.settings.load import load_experiments
from moocmap.site.drawings import drawings
from moocmap.site.locales import Strings
from moocmap.site.measured import measure
from moocmap.site.pages import Origins, shared_data, site_pages
from moocmap.site.rendering import environment, render
from moocmap.site.views import GuideView

sklearn = pytest.importorskip("sklearn.metrics")
REPOSITORY = Path(__file__).parents[2]


class Run:
    """One record, read without the toolkit."""

    def __init__(self, place: Path) -> None:
        self.place, facts = place, json.loads((place / "run.json").read_text())
        self.spec, self.metrics = facts["spec"], facts["metrics"]
        self.library, self.seed = self.spec["library"], self.spec["seed"]
        self.classes = [str(label) for label in self.spec["tasks"]["target"]["classes"]]
        predictions = pd.read_csv(place / "predictions.csv", dtype={"label": str, "prediction": str})
        self.labels, self.guesses = predictions["label"], predictions["prediction"]
        self.ids = predictions["id"]
        self.chances = predictions[[f"p_{label}" for label in self.classes]].to_numpy()
        self.epochs = pd.read_csv(place / "epochs.csv").query("phase != 'pretrain'")

    def test(self, metric: str) -> float:
        if metric == "accuracy":
            return float(sklearn.accuracy_score(self.labels, self.guesses))
        if metric == "macro_f1" and self.spec["experiment"] == "digits":
            return float(sklearn.f1_score(self.labels, self.guesses, average="macro", zero_division=0))
        if metric == "validation_accuracy":
            return float(self.metrics["validation"]["accuracy"])
        return float(self.metrics["test"][metric])  # the made-up records hold what does not fit together

    def brier(self) -> float:
        if self.spec["experiment"] != "digits":
            return float(self.metrics["test"]["brier"])  # made up, like the rest
        truth = self.labels.to_numpy()[:, None] == np.array(self.classes)
        return float(((self.chances - truth) ** 2).sum(axis=1).mean())

    def confusion(self) -> Any:
        return sklearn.confusion_matrix(self.labels, self.guesses, labels=self.classes)

    def by_class(self) -> Any:
        """Precision, recall and F1 (rows) of each class."""
        found = sklearn.precision_recall_fscore_support(
            self.labels, self.guesses, labels=self.classes, zero_division=0
        )
        return np.array(found[:3])


class Shown:
    """The page as a reader has it."""

    def __init__(self, html: str, runs: list[Run], decimal: str, names: dict[str, str]) -> None:
        self.soup, self.decimal, self.names = BeautifulSoup(html, "html.parser"), decimal, names
        self.runs = sorted(runs, key=lambda run: (run.library, run.seed))

    def of(self, library: str) -> list[Run]:
        return [run for run in self.runs if run.library == library]

    @property
    def libraries(self) -> list[str]:
        return sorted({run.library for run in self.runs})

    def rows(self, table: Tag) -> list[list[str]]:
        return [
            [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
            for row in table.select("tbody tr")
        ]

    def table(self, label: str) -> list[list[str]]:
        return self.rows(self.soup.select_one(f'[aria-labelledby="{label}"] table'))

    def settings(self) -> Iterator[tuple[str, Tag]]:
        for section in self.soup.select(".mm-setting"):
            yield str(section["data-pick-library"]), section

    def numbers(self, text: str) -> list[float]:
        plain = text.replace("−", "-").replace(self.decimal, ".")
        return [float(number) for number in re.findall(r"[+-]?\d+(?:\.\d+)?", plain)]


def interval(values: list[float], *, share: bool = False) -> list[float]:
    """Return mean and 95% interval as SciPy has it."""
    if len(set(values)) == 1:  # SciPy has none for these
        return [values[0]] * 3
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return [float(np.mean(values)), *np.clip([low, high], *((0, 1) if share else (-np.inf, np.inf)))]


def runs_of(root: Path, experiment_id: str) -> list[Run]:
    return [Run(place) for place in sorted((root / "experiments" / "results" / experiment_id).iterdir())]


@pytest.fixture(scope="module", params=["tiny, en", "tiny, es", "digits, en", "digits, es"])
def shown(
    request: pytest.FixtureRequest,
    guide: Guide,
    strings: dict[str, Strings],
    tmp_path_factory: pytest.TempPathFactory,
) -> Shown:
    """The page of the small guide's experiment as built, and that of the real one as compiled."""
    experiment_id, locale = request.param.split(", ")
    decimal = {"en": ".", "es": ","}[locale]
    if experiment_id == "tiny":
        site: Path = request.getfixturevalue("site")
        names = {"en": {"0": "zero", "1": "one"}, "es": {"0": "cero", "1": "uno"}}[locale]
        html = (site / locale / "experiments" / "tiny.html").read_text()
        return Shown(html, runs_of(site.parents[1], "tiny"), decimal, names)
    t = strings[locale]
    digits = next(one for one in load_experiments(REPOSITORY)[0] if one.id == "digits")
    published = tmp_path_factory.mktemp("published")  # without what this machine has measured itself
    (published / "experiments").symlink_to(REPOSITORY / "experiments")
    measured, view = [measure(published, digits)], GuideView(guide)
    assert not measured[0].is_own
    page = next(one for one in site_pages(view, t, measured, Origins()) if one.path == "experiments/digits")
    text = render(
        page, environment(REPOSITORY / "site" / "templates"), t, shared_data(view, t, measured, Origins())
    )
    runs = runs_of(REPOSITORY, "digits")
    return Shown(text, runs, decimal, {label: label for label in runs[0].classes})


def test_results(shown: Shown) -> None:
    rows = shown.table("results")
    assert len(rows) == len(shown.libraries)
    for library, row in zip(shown.libraries, rows, strict=True):
        assert row[0].casefold() == library
        assert int(row[1]) == len(shown.of(library))
        for place, metric in ((2, "accuracy"), (4, "macro_f1"), (5, "loss")):
            expected = interval([run.test(metric) for run in shown.of(library)], share=metric != "loss")
            assert shown.numbers(row[place]) == pytest.approx(expected, abs=0.000501), (library, metric)
        seconds = interval([run.epochs["seconds"].median() for run in shown.of(library)])
        assert shown.numbers(row[6]) == pytest.approx(
            [seconds[0], max(seconds[1], 0), seconds[2]], abs=0.000501
        )


def test_differences_are_paired_on_seeds(shown: Shown) -> None:
    rows, (a, b) = shown.table("differences"), shown.libraries
    for row, metric in zip(rows, ("accuracy", "macro_f1", "loss", "validation_accuracy"), strict=True):
        pairs = zip(shown.of(a), shown.of(b), strict=True)
        expected = interval([one.test(metric) - other.test(metric) for one, other in pairs])
        assert shown.numbers(row[3]) == pytest.approx(expected, abs=0.000501), metric
    accuracy = [
        one.test("accuracy") - two.test("accuracy") for one, two in zip(shown.of(a), shown.of(b), strict=True)
    ]
    said = shown.soup.select_one(".mm-findings li").get_text(" ")
    assert f"{100 * abs(np.mean(accuracy)):.1f}".replace(".", shown.decimal) in said


def test_every_run_is_listed_with_its_files(shown: Shown) -> None:
    rows = shown.table("runs")
    assert len(rows) == len(shown.runs)
    for run, row in zip(shown.runs, rows, strict=True):
        expected = [
            run.test("accuracy"),
            run.test("macro_f1"),
            run.test("loss"),
            run.metrics["validation"]["accuracy"],
        ]
        assert (row[0].casefold(), int(row[1])) == (run.library, run.seed)
        assert [shown.numbers(cell)[0] for cell in row[2:6]] == pytest.approx(expected, abs=0.0000501)
    links = [str(link["href"]) for link in shown.soup.select(".mm-runs a")]
    assert len(links) == sum(len(list(run.place.iterdir())) for run in shown.runs)
    for run in shown.runs:
        for file in run.place.iterdir():
            assert any(link.endswith(f"/{run.place.name}/{file.name}") for link in links)


def test_confusion_matrices(shown: Shown) -> None:
    found = list(shown.settings())
    assert [library for library, _ in found] == shown.libraries
    for library, section in found:
        matrices = [
            [[int(cell) for cell in row[1:]] for row in shown.rows(table)]
            for table in section.select(".mm-confusion")
        ]
        expected = [run.confusion() for run in shown.of(library)]
        assert matrices[0] == sum(expected).tolist()
        assert matrices[1:] == [matrix.tolist() for matrix in expected]
        heads = [
            cell.get_text() for cell in section.select_one(".mm-confusion").select("thead tr:last-child th")
        ]
        assert heads[1:] == [shown.names[label] for label in shown.runs[0].classes]


def test_most_frequent_mistakes(shown: Shown) -> None:
    for library, section in shown.settings():
        total = sum(run.confusion() for run in shown.of(library))
        np.fill_diagonal(total, 0)
        said = [item.get_text(" ") for item in section.select("ol.mm-mistakes li")]
        counts = [int(shown.numbers(text)[-1]) for text in said]
        assert counts == sorted(total[total > 0].tolist(), reverse=True)[:5]
        label, guess = np.unravel_index(total.argmax(), total.shape)
        classes = [shown.names[one] for one in shown.runs[0].classes]
        if (total == total.max()).sum() == 1:
            assert classes[label] in said[0]
            assert classes[guess] in said[0]


def test_figures_of_each_class(shown: Shown) -> None:
    for library, section in shown.settings():
        by_run = np.array([run.by_class() for run in shown.of(library)])
        table = section.select_one(".mm-setting__sides > div:last-child table")
        for number, row in enumerate(shown.rows(table)):
            assert row[0] == shown.names[shown.runs[0].classes[number]]
            assert int(row[1]) == (shown.runs[0].labels == shown.runs[0].classes[number]).sum()
            for part in range(3):
                values = by_run[:, part, number].tolist()
                assert shown.numbers(row[2 + part]) == pytest.approx(
                    interval(values, share=True), abs=0.000501
                )


def test_curves_as_a_table(shown: Shown) -> None:
    columns = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    rows = shown.rows(shown.soup.select_one(".mm-curves:not(.mm-curves--narrow) ~ details table"))
    expected = []
    for library in shown.libraries:
        tables = np.array([run.epochs[columns].to_numpy() for run in shown.of(library)])
        expected += np.stack([tables.mean(0), tables.min(0), tables.max(0)], axis=2).tolist()
    assert len(rows) == len(expected)
    for row, figures in zip(rows, expected, strict=True):
        for cell, values in zip(row[3:], figures, strict=True):
            assert shown.numbers(cell) == pytest.approx(values, abs=0.000501)


def test_other_images(shown: Shown) -> None:
    """The sign test over images, against SciPy's binomial distribution."""
    a, b = shown.libraries
    ahead = sum(
        (one.labels == one.guesses).astype(int) - (two.labels == two.guesses).astype(int)
        for one, two in zip(shown.of(a), shown.of(b), strict=True)
    )
    wins, losses = int((ahead > 0).sum()), int((ahead < 0).sum())
    p = min(1.0, 2 * stats.binom.cdf(min(wins, losses), wins + losses, 0.5))
    ((row),) = shown.table("chance")
    assert [int(cell) for cell in row[2:5]] == [wins, losses, len(ahead) - wins - losses]
    assert shown.numbers(row[5])[-1] == pytest.approx(max(p, 0.001), abs=0.000501)
    details = shown.rows(shown.soup.select_one(".mm-by-seed table"))
    for (seed, *counts, cell), one, two in zip(
        [r[1:] for r in details], shown.of(a), shown.of(b), strict=True
    ):
        right = [(run.labels == run.guesses).astype(int) for run in (one, two)]
        table = pd.crosstab(*right).reindex(index=[1, 0], columns=[1, 0], fill_value=0).to_numpy()
        assert (int(seed), [int(count) for count in counts]) == (one.seed, table.ravel().tolist())
        expected = stats.binomtest(int(table[0, 1]), int(table[0, 1] + table[1, 0])).pvalue
        assert shown.numbers(cell)[-1] == pytest.approx(max(expected, 0.001), abs=0.000501)


def test_calibration_of_each_library(shown: Shown) -> None:
    """Brier score and gap by hand; the error with scikit-learn's bins, weighted."""
    from sklearn.calibration import calibration_curve

    rows = shown.table("calibration")
    assert len(rows) == len(shown.libraries)
    for library, row in zip(shown.libraries, rows, strict=True):
        errors, gaps, briers = [], [], []
        for run in shown.of(library):
            sure = run.chances.max(axis=1)
            right = (run.labels == run.guesses).to_numpy()
            accuracies, confidences = calibration_curve(right, sure, n_bins=10, strategy="uniform")
            counts = np.histogram(np.nextafter(sure, 0), np.linspace(0, 1, 11))[0]
            errors.append(np.average(np.abs(accuracies - confidences), weights=counts[counts > 0]))
            gaps.append(sure.mean() - right.mean())
            briers.append(run.brier())
        assert shown.numbers(row[2])[:2] == pytest.approx(interval(errors, share=True)[:2], abs=0.000501)
        assert shown.numbers(row[3]) == pytest.approx(interval(gaps), abs=0.000501)
        assert shown.numbers(row[4])[0] == pytest.approx(np.mean(briers), abs=0.000501)


def test_images_of_the_highest_loss(shown: Shown) -> None:
    sections = shown.soup.select(".mm-errors table")
    assert len(sections) == len(shown.libraries)
    for library, table in zip(shown.libraries, sections, strict=True):
        runs = shown.of(library)
        place = [runs[0].classes.index(label) for label in runs[0].labels]
        rows = np.arange(len(place))
        losses = np.mean([-np.log(np.maximum(run.chances[rows, place], 1e-12)) for run in runs], axis=0)
        said = [shown.numbers(row[-1])[0] for row in shown.rows(table)]
        assert said == pytest.approx(np.sort(losses)[::-1][:9], abs=0.00501)
        chances = np.mean([run.chances[rows, place] for run in runs], axis=0)
        first = shown.rows(table)[0]
        ids = [str(one) for one in runs[0].ids]
        assert shown.numbers(first[2])[0] == pytest.approx(100 * chances[ids.index(first[0])], abs=0.0501)


def test_time_to_an_accuracy(shown: Shown) -> None:
    finals = [
        np.mean([run.epochs["validation_accuracy"].iloc[-1] for run in shown.of(library)])
        for library in shown.libraries
    ]
    for library, row in zip(shown.libraries, shown.table("arrivals"), strict=True):
        assert shown.numbers(row[1])[0] == pytest.approx(0.95 * min(finals), abs=0.000501)
        there = [
            run.epochs["validation_accuracy"].to_numpy() >= 0.95 * min(finals) for run in shown.of(library)
        ]
        first = [int(np.argmax(one)) + 1 for one in there if one.any()]
        assert shown.numbers(row[2]) == [len(first), len(shown.of(library))]
        assert shown.numbers(row[3])[0] == pytest.approx(np.mean(first), abs=0.0501)


def test_settings_side_by_side(shown: Shown) -> None:
    table = shown.soup.select_one("table.mm-settings")
    rows = {row[0]: row[1:] for row in shown.rows(table)}
    phases = shown.runs[0].spec["phases"]
    said = [cells for name, cells in rows.items() if name.startswith(("Epochs", "Épocas"))]
    assert said == [[str(phase["epochs"])] * 2 for phase in phases]
    rates = [
        cells for name, cells in rows.items() if name.startswith(("Learning rate:", "Tasa de aprendizaje:"))
    ]
    assert [shown.numbers(cells[0].replace("e−", "e-"))[0] for cells in rates][:1] == [phases[0]["lr"]]
    seeds = ", ".join(str(run.seed) for run in shown.of(shown.libraries[0]))
    assert [seeds] * 2 in rows.values()
    assert not table.select(".mm-settings__differs"), "both libraries follow one recipe"


def test_a_page_of_many_settings_is_folded(
    bare_root: Path, guide: Guide, strings: dict[str, Strings], write_records: Callable[..., None]
) -> None:
    path = bare_root / "experiments" / "tiny.yml"
    path.write_text(path.read_text().replace("models: [small-cnn]", "models: [small-cnn, vgg16, vgg19]"))
    write_records(bare_root, "tiny")
    tiny = measure(bare_root, next(one for one in load_experiments(bare_root)[0] if one.id == "tiny"))
    view, t = GuideView(guide), strings["es"]
    page = next(one for one in site_pages(view, t, [tiny], Origins()) if one.path == "experiments/tiny")
    text = render(
        page, environment(REPOSITORY / "site" / "templates"), t, shared_data(view, t, [tiny], Origins())
    )
    soup = BeautifulSoup(text, "html.parser")
    assert len(soup.select("details.mm-setting")) == 6
    assert not soup.select(".mm-matrices"), "the matrices of each seed would be too many"
    assert all(image["loading"] == "lazy" for image in soup.select("figure img"))
    by_model = soup.select("table.mm-by-model")
    assert [len(table.select("tbody tr")) for table in by_model] == [3, 3]
    cell = by_model[0].select_one('tr[data-pick-model="vgg16"]').get_text(" ")
    assert "publicado: 0,610" in cell


def test_phases_that_stopped_early_are_told_apart(
    bare_root: Path, guide: Guide, strings: dict[str, Strings], write_records: Callable[..., None]
) -> None:
    path = bare_root / "experiments" / "tiny.yml"
    stops = "    early_stopping: {monitor: validation_loss, patience: 1}\n"
    path.write_text(path.read_text().replace("    batch_size: 16\n", "    batch_size: 16\n" + stops))
    write_records(bare_root, "tiny")
    cut = bare_root / "experiments" / "results" / "tiny" / "keras-small-cnn-matched-seed1" / "epochs.csv"
    pd.read_csv(cut).iloc[:-1].to_csv(cut, index=False)
    tiny = measure(bare_root, next(one for one in load_experiments(bare_root)[0] if one.id == "tiny"))
    view, t = GuideView(guide), strings["en"]
    page = next(one for one in site_pages(view, t, [tiny], Origins()) if one.path == "experiments/tiny")
    text = render(
        page, environment(REPOSITORY / "site" / "templates"), t, shared_data(view, t, [tiny], Origins())
    )
    soup = BeautifulSoup(text, "html.parser")
    table = soup.select_one(".mm-curves:not(.mm-curves--narrow) ~ details table")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])][:4] for row in table.select("tbody tr")]
    assert ["Keras", "whole network", "3", "2"] in rows, "n stands beside the epoch"
    assert ["fastai", "whole network", "3", "3"] in rows
    settings = soup.select_one("table.mm-settings").get_text(" ")
    assert "when validation loss has not improved for 1 epoch" in settings
    assert len(drawings(tiny, t)) == 4


def test_published_figures_stand_beside_the_measured_ones(site: Path) -> None:
    soup = BeautifulSoup((site / "es" / "experiments" / "tiny.html").read_text(), "html.parser")
    rows = [
        [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        for row in soup.select('[aria-labelledby="published"] tbody tr')
    ]
    assert rows[0][:5] == ["Keras", "small-cnn", "lo mismo para ambas", "Exactitud", "0,95"]
    assert rows[0][5].startswith("0,750 (")
    assert rows[0][6:] == ["3", "−0,200", "lo medido es menor"]
    assert rows[1][4:] == ["0,905", rows[1][5], "3", "−0,005", "la cifra publicada cae en el intervalo"]
    assert rows[2][4:] == ["0,61", "–", "–", "–", "sin medir"]
    assert soup.select_one("#published + p a")["href"] == "https://example.org/paper"


def test_an_experiment_without_records_shows_what_is_published(
    bare_root: Path, guide: Guide, strings: dict[str, Strings]
) -> None:
    published = bare_root / "experiments" / "published"
    (published / "later.yml").write_text((published / "tiny.yml").read_text())
    later = measure(bare_root, next(one for one in load_experiments(bare_root)[0] if one.id == "later"))
    assert [one.verdict for one in later.beside_published] == ["missing"] * 3
    view, t = GuideView(guide), strings["en"]
    page = next(one for one in site_pages(view, t, [later], Origins()) if one.path == "experiments/later")
    text = render(
        page, environment(REPOSITORY / "site" / "templates"), t, shared_data(view, t, [later], Origins())
    )
    soup = BeautifulSoup(text, "html.parser")
    assert len(soup.select('[aria-labelledby="published"] tbody tr')) == 3
    (by_model,) = soup.select("table.mm-by-model")
    assert "published: 0.610" in by_model.get_text(" "), "nothing measured, and yet there is the table"
    assert not soup.select(".mm-confusion, form, img")
    assert "moocmap experiment run later" in soup.select_one(".mm-notice").get_text()


def test_wrong_published_figures_are_named_with_their_place(bare_root: Path) -> None:
    from moocmap.diagnostics import DiagnosticsError

    path = bare_root / "experiments" / "published" / "tiny.yml"
    path.write_text(
        path.read_text().replace("metric: accuracy, value: 0.95", "metric: accurracy, value: 0.95")
    )
    tiny = next(one for one in load_experiments(bare_root)[0] if one.id == "tiny")
    with pytest.raises(DiagnosticsError, match=r"experiments/published/tiny.yml:5:"):
        measure(bare_root, tiny)


@pytest.mark.parametrize(("locale", "state"), [("en", "measured"), ("es", "medido")])
def test_the_index_tells_state_and_finding(site: Path, locale: str, state: str) -> None:
    soup = BeautifulSoup((site / locale / "experiments" / "index.html").read_text(), "html.parser")
    later, tiny = sorted(soup.select(".mm-experiment"), key=lambda card: card.a["href"])
    assert tiny.select_one(".mm-badge").get_text() == state
    said = tiny.select_one(".mm-findings li").get_text(" ")
    assert "15" in said
    assert "fastai" in said
    assert not later.select(".mm-findings")
