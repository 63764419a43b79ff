"""Searches learning rates of an experiment's runs, and draws what was found.

Each search is a worker of its own in a folder of its own, on freshly made weights: records, checkpoints and
weights of runs are neither read nor touched. Only a pre-trained body is taken from the cache, where there is
one. See `training.lr_finder` for the method.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.running.places import Places
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.spec import ExperimentError
from moocmap.experiments.training.lock import locked
from moocmap.experiments.training.lr_finder import RESULT, Request, Suggestions, suggest
from moocmap.experiments.training.machine import Machine
from moocmap.files import write_atomically

LABELS = {
    "title": "Learning rates and the loss",
    "rate": "learning rate (of the head)",
    "loss": "loss, smoothed",
    "valley": "valley",
}
"""The English wording of the plot; a library's name may be given a label too."""


@dataclass(frozen=True)
class FoundRates:
    """What a search found: the smoothed loss at each rate, and the rates to try."""

    run: Run
    phase: str
    rates: list[float]
    losses: list[float]
    suggestions: Suggestions


def phase_number(run: Run, wanted: str | None) -> int:
    """Return the position of a phase that is named by its name or its number (from 1).

    Without one, it is the first on the target task.

    Raises:
        ExperimentError: if the run has no such phase.
    """
    phases = run.spec["phases"]
    names = [phase["name"] for phase in phases]
    if wanted is None:
        return next(number for number, phase in enumerate(phases) if phase["task"] == "target")
    if wanted in names:
        return names.index(wanted)
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    hint = did_you_mean(wanted, names)
    raise ExperimentError(
        f"no phase '{wanted}' in recipe '{run.recipe}'; {f'{hint} ' if hint else ''}"
        f"It has {', '.join(f'{number} {name}' for number, name in enumerate(names, start=1))}"
    )


def find_rates(  # noqa: PLR0917 (the last three are seldom given)
    experiment: Experiment,
    run: Run,
    work: Path,
    places: Places,
    phase: str | None = None,
    request: Request | None = None,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> FoundRates:
    """Search the learning rate of one phase of a run; `work` is a folder for the search alone.

    `request` says from which rate to which and in how many steps; `phase` is a name or a number (see
    `phase_number`). `on_step` is told how many steps of how many are done; a search may end before.

    Raises:
        ExperimentError: if the library is not installed, images or weights are nowhere, or the loss grows at
            once.
        LockedError: if another search works in the same folder.
    """
    from moocmap.experiments.running.workers import require_libraries

    require_libraries({run.library, run.spec["pretrained_by"] or run.library})
    asked = request or Request()
    request = Request(phase_number(run, phase), asked.start, asked.end, asked.steps)
    machine = places.machine_for(experiment, run)
    work.mkdir(parents=True, exist_ok=True)
    with locked(work):
        if run.spec["phases"][request.phase]["task"] == "target":
            _pretrain(run, work, machine)
        found = _search(run, work, machine, request, on_step)
    try:
        suggestions = suggest(found["rates"], found["losses"])
    except ValueError as error:
        raise ExperimentError(f"{run.id}: {error} (--from), or take more steps (--steps)") from error
    name = run.spec["phases"][request.phase]["name"]
    return FoundRates(run, name, found["rates"], found["losses"], suggestions)


def _search(
    run: Run, work: Path, machine: Machine, request: Request, on_step: Callable[[int, int], None]
) -> dict[str, list[float]]:
    from moocmap.experiments.running.runner import discard, prepare_folder
    from moocmap.experiments.running.workers import worker_events

    discard(work / run.id)
    folder = prepare_folder(work / run.id, run, machine)
    request.write(folder)
    for event in worker_events(run, folder):
        if event["event"] == "step":
            on_step(event["done"], event["of"])
    found: dict[str, list[float]] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    discard(folder)
    return found


def _pretrain(run: Run, work: Path, machine: Machine) -> None:
    """Let the body be pre-trained, as a run would, where the experiment says so and the cache lacks it."""
    from moocmap.experiments.running.runner import body_run, discard, prepare_folder
    from moocmap.experiments.running.workers import worker_events

    trains = body_run(run, machine)
    if trains is None:
        return
    folder = prepare_folder(work / f"{run.id}-pretrain", trains, replace(machine, only_pretrain=True))
    for _ in worker_events(trains, folder):
        pass
    discard(folder)


# Files ------------------------------------------------------------------------------------------------


def write_search(searches: Sequence[FoundRates], folder: Path) -> list[Path]:
    """Write `lr-find.csv`, and `lr-find.svg` for light and dark pages; return their paths."""
    lines = ["run,library,phase,step,learning_rate,loss"]
    for found in searches:
        lines += [
            f"{found.run.id},{found.run.library},{found.phase},{step},{rate!r},{loss!r}"
            for step, (rate, loss) in enumerate(zip(found.rates, found.losses, strict=True), start=1)
        ]
    files = {
        "lr-find.csv": "\n".join(lines) + "\n",
        "lr-find.svg": search_plot(searches, dark=False),
        "lr-find-dark.svg": search_plot(searches, dark=True),
    }
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]


def search_plot(searches: Sequence[FoundRates], dark: bool, labels: dict[str, str] | None = None) -> str:
    """Draw the loss by rate, a line for each search, with a mark at its valley; return an SVG.

    Equal searches give equal bytes. `labels` overrides `LABELS` (translations).
    """
    from moocmap.experiments.results.plots import as_svg

    words = {**LABELS, **(labels or {})}
    return as_svg(lambda colours: _draw(searches, words, colours), words["title"], dark)


def _draw(searches: Sequence[FoundRates], words: Mapping[str, str], colours: Mapping[str, Any]) -> Any:
    from matplotlib.figure import Figure

    from moocmap.experiments.results.plots import STYLES

    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    plot = figure.subplots()
    plot.patch.set_alpha(0)
    for number, found in enumerate(searches):
        colour = colours["lines"][number % len(colours["lines"])]
        style = STYLES[number % len(STYLES)]
        called = words.get(found.run.library, found.run.library)
        label = called if _differ_in_library(searches) else found.run.id
        plot.plot(found.rates, found.losses, color=colour, linestyle=style, linewidth=2, label=label)
        valley = found.suggestions.valley
        height = found.losses[found.rates.index(valley)]
        plot.plot([valley], [height], "o", color=colour, label=f"{words['valley']}: {valley:.2g}")
    low = min(loss for found in searches for loss in found.losses)
    drop = max(found.losses[0] for found in searches) - low or 1.0
    plot.set_ylim(low - 0.05 * drop, low + 1.5 * drop)
    plot.set_xscale("log")
    plot.set_xlabel(words["rate"])
    plot.set_ylabel(words["loss"])
    plot.grid(color=colours["faint"])
    plot.legend(frameon=False)
    return figure


def _differ_in_library(searches: Sequence[FoundRates]) -> bool:
    return len({found.run.library for found in searches}) == len(searches)
