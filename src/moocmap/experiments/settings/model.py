"""What experimenters write in `experiments/*.yml`, and the runs that it expands to.

The classes are the schema: an unknown key is an error. An experiment is library × model × recipe × seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from moocmap.diagnostics import did_you_mean
from moocmap.experiments.models import zoo
from moocmap.experiments.models.published_weights import VARIANT_OF
from moocmap.experiments.settings.ablation import Ablation
from moocmap.experiments.settings.data_settings import Classes, DataSettings, SplitShares
from moocmap.experiments.settings.recipe_settings import AnyRecipe, Count, LibraryName, Recipe
from moocmap.experiments.settings.weights_settings import AnyWeights, RandomWeights, WeightsSettings
from moocmap.experiments.spec import PROTOCOL, ExperimentError, Phase, Spec, hash_of
from moocmap.fields import Closed, Distinct, Id, Text, one_of

Seed = Annotated[int, Field(ge=0, lt=2**32)]


ModelName = Annotated[str, AfterValidator(lambda value: one_of(value, zoo.MODELS))]
"""The name of a body in `models.zoo`."""


class Pretraining(Closed):
    """The source task that the body is trained on first, with the recipe's settings but these.

    What is left out of `source`, `clean` and `image_size` is as in the target task. Bodies are cached by
    content: runs that would train the same body share it.
    """

    data: DataSettings | None = Field(None, description="Another data set; else `classes` of the target's.")
    classes: Classes | None = None
    split: SplitShares | None = None
    epochs: Count
    lr: Annotated[float, Field(gt=0)]
    recipe: Id | None = Field(None, description="Pre-train by this recipe, whichever recipe follows.")
    seed: Seed | None = Field(None, description="One body for all seeds; without it, one for each.")
    library: LibraryName | None = Field(
        None, description="The library that trains the bodies of all; without it, each its own."
    )

    @model_validator(mode="after")
    def _names_its_data(self) -> Pretraining:
        if (self.data is None) != (self.classes is not None and self.split is not None):
            raise PydanticCustomError(
                "source_task", "expected either data, or classes and split of the target's data"
            )
        return self


class Named(Closed):
    """What readers see in place of an id, and a sentence to explain it."""

    title: Text
    note: Text | None = None


class Names(Closed):
    """Words for readers. They are no part of a run's specification: records stay valid when they change."""

    data: Named | None = None
    recipes: dict[Id, Named] = {}
    models: dict[str, Named] = {}
    classes: dict[str, Text] = Field({}, description="By the class as records spell it.")


class ExperimentSettings(Closed):
    """The content of `experiments/<id>.yml`."""

    title: Text
    summary: Text
    names: Names = Names()
    data: DataSettings
    weights: AnyWeights = Field(
        RandomWeights(),
        description="Where the body's first weights come from; a recipe may say otherwise.",
    )
    pretrain: Pretraining | None = None
    models: Annotated[list[ModelName], Field(min_length=1), Distinct]
    libraries: Annotated[list[LibraryName], Field(min_length=1), Distinct]
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]
    threads: Count | None = Field(None, description="Threads of a run; without it, the library's default.")
    explain: Annotated[int, Field(ge=0, le=64)] = Field(
        0, description="For how many test images a record explains the prediction (Grad-CAM, activations)."
    )
    show_images: bool = Field(
        False,
        description="Whether records may hold these images: whether their licence allows it.",
    )
    recipes: Annotated[dict[Id, AnyRecipe], Field(min_length=1)]
    ablations: list[Ablation] = Field(
        [], description="Take recipes apart: turn one library's into another's, step by step."
    )

    @model_validator(mode="after")
    def _pretrains_on_what_is_there(self) -> ExperimentSettings:
        if self.pretrain and self.pretrain.split:
            self.data.check_split(self.pretrain.split)
        if self.pretrain and self.pretrain.recipe and self.pretrain.recipe not in self.recipes:
            raise PydanticCustomError("pretrain", f"no recipe '{self.pretrain.recipe}' to pre-train by")
        return self

    @model_validator(mode="after")
    def _names_what_exists(self) -> ExperimentSettings:
        known: dict[str, tuple[Iterable[str], Iterable[str]]] = {
            "recipe": (self.names.recipes, self.recipes),
            "model": (self.names.models, self.models),
            "class": (self.names.classes, map(str, self.data.classes)),
        }
        for kind, (named, there) in known.items():
            for name in sorted(set(named) - set(there)):
                raise PydanticCustomError("names", f"names a {kind} '{name}' that is not in the experiment")
        return self


@dataclass(frozen=True)
class Run:
    """One training: `id` names it in readable words, `spec` is its whole configuration."""

    id: str
    library: str
    model: str
    recipe: str
    seed: int
    spec: Spec

    @property
    def spec_hash(self) -> str:
        """The hash of the specification: equal hashes mean the same training."""
        return hash_of(self.spec)

    @property
    def epochs(self) -> int:
        """The epochs of all phases."""
        return sum(phase["epochs"] for phase in self.spec["phases"])


@dataclass(frozen=True)
class Experiment:
    """An experiment: its id (the name of its file, without the ending) and its settings."""

    id: str
    settings: ExperimentSettings

    def tasks(self) -> dict[str, DataSettings]:
        """Return the data of each task: "target", and "source" where the body is pre-trained."""
        target, pretrain = self.settings.data, self.settings.pretrain
        if pretrain is None:
            return {"target": target}
        changed = {"classes": pretrain.classes, "split": pretrain.split}
        return {"target": target, "source": pretrain.data or target.model_copy(update=changed)}

    @cached_property
    def recipes(self) -> dict[str, AnyRecipe]:
        """All recipes by name: those that are written, and those that the steps of ablations make.

        Raises:
            ExperimentError: if a step makes no valid recipe or has another's name, or the steps miss the end.
        """
        found: dict[str, AnyRecipe] = dict(self.settings.recipes)
        for ablation in self.settings.ablations:
            start, end = (
                _for_library(self.settings.recipes[ablation.recipe], library)
                for library in (ablation.start, ablation.end)
            )
            for step, recipe in ablation.recipes(start, end):
                name = ablation.recipe_of(step)
                made: AnyRecipe = {ablation.library: recipe}
                if name != ablation.recipe and found.setdefault(name, made) != made:
                    raise ExperimentError(
                        f"step '{step.id}' makes another recipe than the '{name}' that is there; "
                        "give the step another id"
                    )
        return found

    def libraries_of(self, recipe: str) -> list[LibraryName]:
        """Return the libraries that follow a recipe; an ablation's steps are for one alone."""
        made = self.recipes[recipe]
        if recipe in self.settings.recipes or isinstance(made, Recipe):
            return self.settings.libraries
        return list(made)

    def recipe_for(self, name: str, library: str) -> Recipe:
        """Return a recipe as it is for one library; Keras' serves all its backends.

        Raises:
            KeyError: if there is no such recipe, or none for the library.
            ExperimentError: if the ablation's steps make no recipes.
        """
        return _for_library(self.recipes[name], library)

    def runs(self) -> list[Run]:
        """Expand to runs: recipe by recipe, model by model, seed by seed, the libraries side by side.

        Raises:
            ExperimentError: if a recipe asks for weights that do not fit a model's architecture.
        """
        return [run for recipe in self.recipes for run in self.runs_of(recipe)]

    def runs_of(self, recipe: str) -> list[Run]:
        """Expand one recipe to its runs.

        Raises:
            ExperimentError: if it asks for weights that do not fit a model's architecture, or a class that is
                not there.
        """
        settings = self.settings
        return [
            Run(name, library, model, recipe, seed, self._spec(name, library, model, recipe, seed))
            for model in settings.models
            for seed in settings.seeds
            for library in self.libraries_of(recipe)
            for name in [f"{library}-{model}-{recipe}-seed{seed}"]
        ]

    def _spec(self, run: str, library: str, model: str, recipe_name: str, seed: int) -> Spec:
        settings, recipe = self.settings, self.recipe_for(recipe_name, library)
        pretrain = settings.pretrain
        weights = recipe.weights or settings.weights
        architecture = _architecture(recipe, weights, model, library)
        publisher = weights.publisher_for(library)
        head = recipe.head_for(library).model_dump()
        if head["pooling"] is None and zoo.MODELS[model].ends_in_maps:
            head["pooling"] = "average"
        if head["batchnorm"] is True:
            own = "torch" if library == "fastai" else "keras"
            head["batchnorm"] = own if recipe.architecture == "own" else architecture
        tasks = {name: data.as_spec() for name, data in self.tasks().items()}
        prefixes = {"target": "head", "source": "source"}
        heads = {
            name: zoo.head(len(task["classes"]), **head, prefix=prefixes[name])
            for name, task in tasks.items()
        }
        prepared = zoo.preprocessing(model, VARIANT_OF[publisher]) if publisher else []
        return {
            "protocol": PROTOCOL,
            "experiment": self.id,
            "run": run,
            "library": library,
            "model": model,
            "recipe": recipe_name,
            "seed": seed,
            "threads": settings.threads,
            "selection": recipe.selection,
            "tasks": tasks,
            "architecture": architecture,
            "weights": weights.as_spec(library, model),
            "initialization": recipe.initialization,
            "body": [*prepared, *zoo.body(model, architecture)],
            "groups": list(zoo.MODELS[model].splits),
            "heads": heads,
            "pretrained_by": pretrain.library if pretrain else None,
            "pretrain_seed": pretrain.seed if pretrain else None,
            "phases": list(self._phases(recipe, library)),
            "explain": settings.explain,
            "show_images": settings.show_images,
        }

    def _phases(self, recipe: Recipe, library: str) -> Iterator[Phase]:
        """Write out the phases with all settings. A second phase of the same kind is called "all-2"."""
        pretrain = self.settings.pretrain
        if pretrain:
            trains = self.recipe_for(pretrain.recipe, library) if pretrain.recipe else recipe
            yield {
                "name": "pretrain",
                "task": "source",
                "train": "all",
                "epochs": pretrain.epochs,
                "lr": pretrain.lr,
                **trains.training(),
                "class_weights": "balanced" if trains.class_weights == "balanced" else None,
            }
        seen: list[str] = []
        for phase in recipe.phases:
            seen.append(phase.train)
            number = seen.count(phase.train)
            yield {
                "name": phase.train if number == 1 else f"{phase.train}-{number}",
                "task": "target",
                "train": phase.train,
                "epochs": phase.epochs,
                "lr": list(phase.lr) if isinstance(phase.lr, tuple) else phase.lr,
                **recipe.training(phase),
                "class_weights": self._class_weights(recipe),
            }

    def _class_weights(self, recipe: Recipe) -> list[float] | Literal["balanced"] | None:
        """Return a recipe's class weights in the order of the classes; a class not named keeps 1."""
        if not isinstance(recipe.class_weights, dict):
            return recipe.class_weights
        known = list(map(str, self.settings.data.classes))
        for name in recipe.class_weights:
            if name not in known:
                raise ExperimentError(f"class_weights: no class '{name}'; {did_you_mean(name, known)}")
        return [recipe.class_weights.get(name, 1.0) for name in known]


def _for_library(recipe: AnyRecipe, library: str) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    by_library: dict[str, Recipe] = dict(recipe)  # type: ignore[arg-type]  # its keys are literals
    return by_library.get(library) or by_library[library.partition("-")[0]]


def _architecture(recipe: Recipe, weights: WeightsSettings, model: str, library: str) -> str:
    """Return the variant of a model that a recipe asks for; see `Recipe.architecture`."""
    there = zoo.MODELS[model].variants
    own = "torch" if library == "fastai" else "keras"
    asked: dict[str, Any] = {"shared": None, "own": own if own in there else None}
    return weights.variant_of(library, model, asked.get(recipe.architecture, recipe.architecture))
