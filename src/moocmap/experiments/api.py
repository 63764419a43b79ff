"""Experiments from Python, with the words of the command line.

>>> from moocmap.experiments import api
>>> digits = api.load(".")["digits"]
>>> [run.id for run in digits.runs()][:2]
['keras-small-cnn-matched-seed0', 'fastai-small-cnn-matched-seed0']

`api.run(digits, "build/results")` trains what is not recorded yet, `api.records(digits, "build/results")`
reads the records, `api.summary` and `api.difference` turn them into tables, `api.find_lr` searches learning
rates. Everything here raises a `moocmap.diagnostics.UsableError`, whose message says what to do, where
something cannot be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from moocmap.diagnostics import Diagnostic, DiagnosticsError
from moocmap.experiments.running.places import Places
from moocmap.experiments.running.runner import Event, Summary, is_recorded, run_experiment
from moocmap.experiments.running.status import WORK
from moocmap.experiments.running.whereabouts import check_data, is_here
from moocmap.experiments.running.workers import require_libraries
from moocmap.experiments.settings.load import load_experiments
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.training.lr_finder import Request

if TYPE_CHECKING:
    import pandas as pd

    from moocmap.experiments.results.record import Record
    from moocmap.experiments.running.lr_find import FoundRates

__all__ = ["difference", "find_lr", "load", "records", "run", "summary"]

LR_WORK = Path("build", "lr")
"""Where searches of learning rates work and leave their plots, seen from the guide's folder."""


def load(root: str | Path) -> dict[str, Experiment]:
    """Load the experiments of a guide, `experiments/*.yml` in the folder `root`, by their ids.

    >>> load(".")["digits"].settings.libraries
    ['keras', 'fastai']

    Raises:
        DiagnosticsError: with every mistake in their files, each with its place.
    """
    experiments, problems = load_experiments(Path(root))
    if problems:
        raise DiagnosticsError(problems)
    return {experiment.id: experiment for experiment in experiments}


def run(
    experiment: Experiment,
    results: str | Path,
    *,
    root: str | Path = ".",
    runs: Sequence[Run] | None = None,
    places: Places | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Summary:
    """Train the runs that are not recorded yet, and record each in `results/<experiment>/<run>/`.

    `runs` restricts to some of `experiment.runs()`. Images and weights are looked for as `places` says, else
    in the folders of the guide `root`; checkpoints lie in its `build/runs`. `on_event` is told the progress.
    Images are looked at before anything is trained. Interrupted, the same call goes on where it stopped.

    >>> summary = run(load(".")["digits"], "build/results")  # doctest: +SKIP
    >>> summary.recorded, summary.failed  # doctest: +SKIP
    (['keras-small-cnn-matched-seed0', ...], {})

    Raises:
        ExperimentError: if nothing can be trained: a library, images or weights are missing, a class folder
            or an image is not as it should be, or a record has other settings.
        LockedError: if another process works on the experiment.
    """
    root, results = Path(root), Path(results)
    chosen = list(experiment.runs() if runs is None else runs)
    places = places or Places.of_guide(root)
    _check_before(experiment, chosen, results, places)
    return run_experiment(experiment, results, root / WORK, on_event, chosen, places)


def _check_before(experiment: Experiment, runs: Sequence[Run], results: Path, places: Places) -> None:
    """Look at the images of what is to be trained; each set of tasks once, and only where images are here."""
    home = results / experiment.id
    pending = [one for one in runs if not is_recorded(one, home)]
    require_libraries({one.library for one in pending})
    if all(is_here(data, places) for data in experiment.tasks().values()):
        for one in {repr(one.spec["tasks"]): one for one in pending}.values():
            check_data(experiment, one, places)


def records(experiment: Experiment, results: str | Path) -> list[Record]:
    """Read the records of an experiment's runs, as they are written today, from a results folder.

    >>> from moocmap.experiments import api
    >>> found = records(load(".")["digits"], "experiments/results")
    >>> all(record.model == "small-cnn" for record in found)
    True

    Raises:
        DiagnosticsError: if a record is damaged.
    """
    from moocmap.experiments.results.shelf import read_shelf

    results = Path(results).absolute()
    shelf = read_shelf(results.parent, Path(results.name), experiment)
    damaged: list[Diagnostic] = [problem for problem in shelf.problems if problem.severity == "error"]
    if damaged:
        raise DiagnosticsError(damaged)
    return shelf.records


def summary(records: Iterable[Record]) -> pd.DataFrame:
    """Tabulate what each library came to: means over seeds with 95% intervals; see `compare.summary`.

    >>> summary([]).empty
    True
    """
    from moocmap.experiments.results import compare

    return compare.summary(records)


def difference(records: Iterable[Record], metric: str = "accuracy") -> pd.DataFrame:
    """Tabulate how far libraries are apart, paired on seeds; see `compare.paired_difference`.

    `metric` is one of the test set: "accuracy", "macro_f1" or "loss".

    >>> list(difference([]).columns)
    ['a', 'b', 'model', 'recipe', 'metric', 'n', 'mean', 'low', 'high']
    """
    from moocmap.experiments.results import compare

    return compare.paired_difference(records, metric)


def find_lr(
    experiment: Experiment,
    run: Run,
    *,
    phase: str | None = None,
    root: str | Path = ".",
    places: Places | None = None,
    request: Request | None = None,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> FoundRates:
    """Search the learning rate of one phase of a run; see `lr_find.find_rates`.

    >>> digits = load(".")["digits"]
    >>> find_lr(digits, digits.runs()[0], phase="all").suggestions.valley  # doctest: +SKIP
    0.0052

    Raises:
        ExperimentError: if the search is not possible; the message says why.
    """
    from moocmap.experiments.running.lr_find import find_rates

    root = Path(root)
    places = places or Places.of_guide(root)
    work = root / LR_WORK / experiment.id
    return find_rates(experiment, run, work, places, phase, request, on_step)
