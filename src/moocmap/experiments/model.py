"""What experimenters write in `experiments/*.yml`, and the runs that it expands to.

The classes are the schema: an unknown key is an error. An experiment is library × model × recipe × seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from moocmap.experiments import zoo
from moocmap.experiments.spec import PROTOCOL, Data, Phase, Spec, Training, hash_of
from moocmap.fields import Closed, Id, NonEmpty, Text

T = TypeVar("T")
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

LibraryName = Literal["keras", "fastai"]


def _check_distinct(values: list[T]) -> list[T]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("repeated", "expected each value once")
    return values


def _one_of(value: str, known: Iterable[str]) -> str:
    if value not in known:
        raise PydanticKnownError("literal_error", {"expected": " or ".join(f"'{name}'" for name in known)})
    return value


Distinct = AfterValidator(_check_distinct)
ModelName = Annotated[str, AfterValidator(lambda value: _one_of(value, zoo.MODELS))]
"""The name of a body in `moocmap.experiments.zoo`."""


class SklearnSource(Closed):
    """Images that scikit-learn carries: `name` is that of its loader without `load_`."""

    kind: Literal["sklearn"]
    name: NonEmpty


class SplitShares(Closed):
    """Shares of each class for each part; without `train`, training gets all that is left."""

    train: Share | None = None
    validation: Share
    test: Share
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _fits(self) -> SplitShares:
        if (self.train or 0.0) + self.validation + self.test > 1.0 + 1e-9:
            raise PydanticCustomError("shares", "expected shares that sum to 1 at most")
        return self


Classes = Annotated[list[int], Field(min_length=2), Distinct]


class DataSettings(Closed):
    """The images of the target task. Pixels are scaled from `pixel_range` to 0..1."""

    source: SklearnSource
    pixel_range: tuple[float, float]
    classes: Classes
    split: SplitShares

    @model_validator(mode="after")
    def _ordered(self) -> DataSettings:
        if self.pixel_range[0] >= self.pixel_range[1]:
            raise PydanticCustomError("pixel_range", "expected the lowest pixel value, then the highest")
        return self


class ConstantSchedule(Closed):
    """The learning rate stays; `momentum` is beta 1 of Adam."""

    kind: Literal["constant"]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9


class OneCycleSchedule(Closed):
    """Learning rate up and down, momentum down and up; see `schedules.one_cycle` for the parameters."""

    kind: Literal["one-cycle"]
    warmup: Share = 0.25
    start_div: Positive = 25.0
    final_div: Positive = 1e5
    momentum: tuple[Share, Share, Share] = (0.95, 0.85, 0.95)


def _schedule_form(value: Any) -> Any:
    """Let `one-cycle` stand for `{kind: one-cycle}`, and name an unknown kind well."""
    if isinstance(value, str):
        value = {"kind": value}
    if isinstance(value, dict) and isinstance(value.get("kind"), str):
        _one_of(value["kind"], ("constant", "one-cycle"))
    return value


Schedule = Annotated[
    Annotated[ConstantSchedule | OneCycleSchedule, Field(discriminator="kind")],
    BeforeValidator(_schedule_form),
]


class Optimizer(Closed):
    """AdamW: weight decay is decoupled and spares biases and BatchNorms; beta 1 comes from the schedule."""

    kind: Literal["adamw"] = "adamw"
    beta2: Share = 0.99
    epsilon: Positive = 1e-7


class PhaseSettings(Closed):
    """A phase: what trains (the head on a frozen body, or all), how long, at which (peak) learning rate."""

    train: Literal["head", "all"]
    epochs: Count
    lr: Positive


class Head(Closed):
    """What stands on the body: dense layers of `hidden` units with ReLU, then the logits."""

    hidden: list[Count] = []


class Recipe(Closed):
    """How to train. Every phase starts with a fresh optimizer and runs the schedule once."""

    phases: Annotated[list[PhaseSettings], Field(min_length=1)]
    schedule: Schedule
    optimizer: Optimizer = Optimizer()
    weight_decay: Annotated[float, Field(ge=0)]
    batch_size: Count
    head: Head = Head()
    frozen_batchnorm: Literal["inference", "training"] = Field(
        description="How BatchNorm runs in a frozen body: with its stored statistics, or training on."
    )
    selection: Literal["last"] = Field("last", description="Which epoch's weights are tested: the last.")


def _recipe_form(value: Any) -> str:
    is_by_library = isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values())
    return "by-library" if is_by_library else "shared"


AnyRecipe = Annotated[
    Annotated[Recipe, Tag("shared")] | Annotated[dict[LibraryName, Recipe], Tag("by-library")],
    Discriminator(_recipe_form),
]
"""One recipe for all libraries, or one for each: `{keras: …, fastai: …}`."""


class Pretraining(Closed):
    """The source task that the body is trained on first, with the recipe's settings but these."""

    classes: Classes
    split: SplitShares
    epochs: Count
    lr: Positive


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
    pretrain: Pretraining | None = None
    models: Annotated[list[ModelName], Field(min_length=1), Distinct]
    libraries: Annotated[list[LibraryName], Field(min_length=1), Distinct]
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1), Distinct]
    threads: Count | None = Field(None, description="Threads of a run; without it, the library's default.")
    recipes: Annotated[dict[Id, AnyRecipe], Field(min_length=1)]

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

    def recipe_for(self, name: str, library: str) -> Recipe:
        """Return a recipe as it is for one library.

        Raises:
            KeyError: if there is no such recipe, or none for the library.
        """
        recipe = self.settings.recipes[name]
        return recipe if isinstance(recipe, Recipe) else dict(recipe)[library]  # type: ignore[index]

    def runs(self) -> list[Run]:
        """Expand to runs: recipe by recipe, model by model, seed by seed, the libraries side by side."""
        return list(self._runs())

    def _runs(self) -> Iterator[Run]:
        settings = self.settings
        for recipe in settings.recipes:
            for model in settings.models:
                for seed in settings.seeds:
                    for library in settings.libraries:
                        name = f"{library}-{model}-{recipe}-seed{seed}"
                        yield Run(
                            name, library, model, recipe, seed, self._spec(name, library, model, recipe, seed)
                        )

    def _spec(self, run: str, library: str, model: str, recipe_name: str, seed: int) -> Spec:
        settings, recipe = self.settings, self.recipe_for(recipe_name, library)
        target: Data = settings.data.model_dump(mode="json")  # type: ignore[assignment]  # same keys
        tasks, classes = {"target": target}, len(target["classes"])
        heads = {"target": zoo.head(recipe.head.hidden, classes)}
        if settings.pretrain:
            source = settings.pretrain.model_dump(mode="json", include={"classes", "split"})
            tasks["source"] = {**target, **source}  # type: ignore[typeddict-item]  # same keys
            heads["source"] = zoo.head(recipe.head.hidden, len(source["classes"]), prefix="source")
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
            "body": zoo.body(model),
            "heads": heads,
            "phases": list(_phases(recipe, settings.pretrain)),
        }


def _phases(recipe: Recipe, pretrain: Pretraining | None) -> Iterator[Phase]:
    """Write out the phases with all settings. A second phase of the same kind is called "all-2"."""
    if pretrain:
        yield {
            "name": "pretrain",
            "task": "source",
            "train": "all",
            "epochs": pretrain.epochs,
            "lr": pretrain.lr,
            **_training(recipe),
        }
    seen: list[str] = []
    for phase in recipe.phases:
        seen.append(phase.train)
        number = seen.count(phase.train)
        name = phase.train if number == 1 else f"{phase.train}-{number}"
        yield {
            "name": name,
            "task": "target",
            "train": phase.train,
            "epochs": phase.epochs,
            "lr": phase.lr,
            **_training(recipe),
        }


def _training(recipe: Recipe) -> Training:
    return {
        "schedule": recipe.schedule.model_dump(mode="json"),
        "optimizer": recipe.optimizer.model_dump(mode="json"),
        "weight_decay": recipe.weight_decay,
        "batch_size": recipe.batch_size,
        "frozen_batchnorm": recipe.frozen_batchnorm,
    }
