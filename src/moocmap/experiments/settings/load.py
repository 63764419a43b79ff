"""Loads `experiments/*.yml`: every mistake of every file at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from moocmap import shapes, text_files
from moocmap.diagnostics import Diagnostic
from moocmap.documents import Document
from moocmap.experiments.settings.model import Experiment, ExperimentSettings
from moocmap.experiments.settings.recipe_settings import Recipe
from moocmap.experiments.spec import ExperimentError
from moocmap.parsed import ParsedFiles

FOLDER = "experiments"


def load_experiments(
    root: Path, parsed: ParsedFiles | None = None
) -> tuple[list[Experiment], list[Diagnostic]]:
    """Read all experiments of a project, in the order of their ids.

    `root` is the folder that holds `experiments/`; messages name files relative to it. An experiment with
    any error is left out of the list. `parsed` knows the files that have not changed.
    """
    parsed = parsed or ParsedFiles(root)
    experiments: list[Experiment] = []
    taken: dict[str, str] = {}
    paths, found = text_files.listed(root / FOLDER, root, (".yml", ".yaml"))
    for path in paths:
        experiment, problems = _load(path, parsed)
        other = taken.setdefault(path.stem, path.name)
        if other != path.name:
            label = text_files.label(path, root)
            message = f"experiment '{text_files.visible(path.stem)}' is already in {other}"
            problems.append(
                Diagnostic(label, 1, 1, "error", "duplicate-id", message, "rename one of the files")
            )
            experiment = None
        found += problems
        if experiment:
            experiments.append(experiment)
    return experiments, sorted(found)


def _load(path: Path, parsed: ParsedFiles) -> tuple[Experiment | None, list[Diagnostic]]:
    document, found = parsed.document(path)
    if document is None:
        return None, found
    settings, problems = shapes.validate(document, ExperimentSettings)
    found += problems
    if settings is not None:
        found += [*_file_name(path, document), *_recipes_for_libraries(document, settings)]
        found += [] if found else _ablations(path, document, settings)
        found += [] if found else _runs(path, document, settings)
    return (None, found) if found else (Experiment(path.stem, settings), [])


def _file_name(path: Path, document: Document) -> Iterator[Diagnostic]:
    """Ask for a file name that can be an id, and so part of a URL."""
    from pydantic import TypeAdapter, ValidationError

    from moocmap.fields import Id

    try:
        TypeAdapter(Id).validate_python(path.stem)
    except ValidationError:
        message = f"expected a file name in kebab-case, got '{path.name}'"
        yield document.diagnostic((), "wrong-id", message, "the name is the experiment's id; rename the file")


def _recipes_for_libraries(document: Document, settings: ExperimentSettings) -> Iterator[Diagnostic]:
    """Ask a recipe by library to have each of the experiment's libraries, and no other.

    What is said of `keras` serves its other backends too.
    """
    for name, recipe in settings.recipes.items():
        if isinstance(recipe, Recipe):
            continue
        served = {library: {library, library.partition("-")[0]} for library in settings.libraries}
        for library, keys in served.items():
            if not keys & set(recipe):
                message = f"recipe '{name}' has nothing for library '{library}'"
                yield document.diagnostic(
                    ("recipes", name), "missing-recipe", message, "add it, or drop the library", of_key=True
                )
        for library in recipe:
            if not any(library in keys for keys in served.values()):
                message = f"recipe '{name}' is for library '{library}', which the experiment does not run"
                yield document.diagnostic(
                    ("recipes", name, library), "unused-recipe", message, "add it to libraries", of_key=True
                )


def _ablations(path: Path, document: Document, settings: ExperimentSettings) -> Iterator[Diagnostic]:
    """Ask ablations for a recipe by library, for libraries that run, and for steps that make recipes."""

    def problem(place: tuple[str | int, ...], message: str, hint: str) -> Diagnostic:
        return document.diagnostic(("ablations", *place), "wrong-ablation", message, hint)

    found = []
    for number, ablation in enumerate(settings.ablations):
        if not isinstance(settings.recipes.get(ablation.recipe), dict):
            message = f"no recipe '{ablation.recipe}' that differs by library"
            hint = "name one that is written like {keras: …, fastai: …}"
            found.append(problem((number, "recipe"), message, hint))
        for key in ("start", "end", "library"):
            if (library := getattr(ablation, key)) not in settings.libraries:
                message = f"the experiment does not run library '{library}'"
                found.append(problem((number, key), message, "add it to libraries"))
        if ablation.steps[0].take:
            message = "the first step is the start, which takes nothing over"
            found.append(problem((number, "steps", 0, "take"), message, "write take: []"))
    if not found:
        try:
            _ = Experiment(path.stem, settings).recipes
        except ExperimentError as error:
            message, _, hint = str(error).partition("; ")
            found.append(problem((), message, hint))
    yield from found


def _runs(path: Path, document: Document, settings: ExperimentSettings) -> Iterator[Diagnostic]:
    """Ask each recipe to fit each model: its weights, its architecture, its classes."""
    experiment = Experiment(path.stem, settings)
    for name in experiment.recipes:
        place = ("recipes", name) if name in settings.recipes else ("ablations",)
        try:
            experiment.runs_of(name)
        except ExperimentError as error:
            message, _, hint = str(error).partition("; ")
            yield document.diagnostic(place, "impossible-recipe", message, hint, of_key=True)
