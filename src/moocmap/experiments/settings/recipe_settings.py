"""What experimenters write under `recipes`: how to train, in the words of the field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from moocmap.experiments.settings.weights_settings import AnyWeights
from moocmap.experiments.spec import ExperimentError, Selection, Training
from moocmap.experiments.training.augmentations import named_or_listed
from moocmap.fields import Closed, Share, kind_or_whole, one_of

Chance = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]

LibraryName = Literal["keras", "keras-jax", "keras-torch", "fastai"]
"""Keras runs on TensorFlow unless its name says otherwise; each backend counts as a library of its own."""


# Schedules ------------------------------------------------------------------------------------------


class ConstantSchedule(Closed):
    """The learning rate stays; `momentum` is beta 1 of Adam."""

    kind: Literal["constant"]
    momentum: Chance = 0.9


class OneCycleSchedule(Closed):
    """Learning rate up and down, momentum down and up; see `schedules.one_cycle` for the parameters."""

    kind: Literal["one-cycle"]
    warmup: Share = 0.25
    start_div: Positive = 25.0
    final_div: Positive = 1e5
    momentum: tuple[Share, Share, Share] = (0.95, 0.85, 0.95)


class CosineSchedule(Closed):
    """The learning rate falls along half a cosine wave; see `schedules.cosine` for the parameters."""

    kind: Literal["cosine"]
    warmup: Chance = 0.0
    final_share: Chance = 0.0
    momentum: Chance = 0.9


Schedule = Annotated[
    Annotated[ConstantSchedule | OneCycleSchedule | CosineSchedule, Field(discriminator="kind")],
    kind_or_whole("constant", "one-cycle", "cosine"),
]


# Optimizers -----------------------------------------------------------------------------------------


class AdamSettings(Closed):
    """Adam; beta 1 comes from the schedule. "adamw" has decoupled weight decay, "adam" none."""

    kind: Literal["adam", "adamw"] = "adamw"
    beta2: Share = 0.99
    epsilon: Positive = 1e-7


class SgdSettings(Closed):
    """Stochastic gradient descent; momentum comes from the schedule and may be 0."""

    kind: Literal["sgd"]


Optimizer = Annotated[
    Annotated[AdamSettings | SgdSettings, Field(discriminator="kind")],
    kind_or_whole("adam", "adamw", "sgd", default="adamw"),
]


# Phases, head, augmentation ---------------------------------------------------------------------------


def _check_ascending(value: float | tuple[float, float]) -> float | tuple[float, float]:
    if isinstance(value, tuple) and value[0] > value[1]:
        raise PydanticCustomError("rates", "expected the rate of the first layers, then that of the last")
    return value


Rate = Annotated[Positive | tuple[Positive, Positive], AfterValidator(_check_ascending)]
"""A learning rate, or the first and the last group's: discriminative rates."""


class Head(Closed):
    """What stands on the body: pooling, then for each of `hidden` a dense layer with ReLU, then the logits.

    `batchnorm` and `dropout` stand before each dense layer; `dropout` is one rate, or one for each dense
    layer. A BatchNorm has the constants of the body's architecture, or those that "keras" or "torch" take by
    default. Without `bias` the dense layers have none.
    """

    pooling: Literal["none", "average", "max", "max-and-average"] | None = Field(
        None,
        description="How feature maps become a vector; without it average, for bodies that end in maps.",
    )
    hidden: list[Count] = []
    batchnorm: bool | Literal["keras", "torch"] = False
    dropout: Chance | list[Chance] = 0.0
    bias: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Head:
        if isinstance(self.dropout, list) and len(self.dropout) != len(self.hidden) + 1:
            raise PydanticCustomError(
                "dropout", f"expected {len(self.hidden) + 1} rates: one for each dense layer, logits included"
            )
        return self


HEADS: dict[str, Head] = {
    "fastai": Head(
        pooling="max-and-average", hidden=[512], batchnorm="torch", dropout=[0.25, 0.5], bias=False
    ),
    "keras": Head(pooling="average", dropout=0.2),
}
"""Each library's default head: fastai's `create_head`; that of Keras' guide to transfer learning."""


def _head_form(value: Any) -> Any:
    """Let `own` stand for the head of the run's own library, and a library's name for its head."""
    if isinstance(value, str):
        one_of(value, ("own", *HEADS))
        return value if value == "own" else HEADS[value].model_dump()
    return value


AnyHead = Annotated[Head | Literal["own"], BeforeValidator(_head_form)]


def _augment_form(value: Any) -> Any:
    try:
        return named_or_listed(value)
    except ExperimentError as error:
        raise PydanticCustomError("augment", "{why}", {"why": str(error)}) from error


Augmentation = Annotated[Any, BeforeValidator(_augment_form)]
"""The name of a set in `augmentations.SETS`, or `{transforms: […], fill: reflect}`."""


class EarlyStoppingSettings(Closed):
    """Ends a phase when `monitor` has not become better for `patience` epochs."""

    monitor: Literal["validation_loss", "validation_accuracy"] = "validation_loss"
    patience: Count


Precision = Literal["float32", "float16", "bfloat16"]


class PhaseChanges(Closed):
    """What one phase does in another way than its recipe."""

    schedule: Schedule | None = None
    augment: Augmentation | None = None
    batch_size: Count | None = None
    weight_decay: NotNegative | None = None
    l2: NotNegative | None = None
    mixup: NotNegative | None = None
    label_smoothing: Chance | None = None
    early_stopping: EarlyStoppingSettings | None = None


class PhaseSettings(Closed):
    """A phase: what trains (the head on a frozen body, or all), how long, at which (peak) learning rate.

    Any setting of the recipe but the head's and the body's may be given anew for one phase in `but`.
    """

    train: Literal["head", "all"]
    epochs: Count
    lr: Rate
    but: PhaseChanges | None = None


class Recipe(Closed):
    """How to train. Every phase starts with a fresh optimizer and runs the schedule once."""

    phases: Annotated[list[PhaseSettings], Field(min_length=1)]
    schedule: Schedule
    optimizer: Optimizer = AdamSettings()
    weight_decay: NotNegative = Field(
        0.0, description="Decoupled weight decay; biases and BatchNorms are spared."
    )
    l2: NotNegative = Field(
        0.0, description="Penalty in the loss: l2 times the sum of the squared kernels, as Keras' L2 has it."
    )
    batch_size: Count
    architecture: Literal["shared", "own", "keras", "torch"] = Field(
        "shared",
        description="Whose variant of the model: one for all libraries (that of the weights), each library's "
        "own, Keras' or torchvision's.",
    )
    weights: AnyWeights | None = Field(None, description="In place of the experiment's weights.")
    initialization: Literal["he-normal", "he-uniform", "glorot-uniform"] = Field(
        "he-normal", description="How kernels without published weights are drawn."
    )
    head: AnyHead = Head()
    frozen_batchnorm: Literal["inference", "training"] = Field(
        description="How BatchNorm runs in a frozen body: with its stored statistics, or training on."
    )
    augment: Augmentation = Field(default_factory=lambda: named_or_listed("none"))
    label_smoothing: Chance = 0.0
    mixup: NotNegative = Field(0.0, description="Alpha of the Beta distribution that shares are drawn from.")
    class_weights: Literal["balanced"] | dict[str, Positive] | None = Field(
        None, description="Factors of each class's loss: balanced by its images, or a number for each class."
    )
    clip_norm: Positive | None = Field(
        None, description="The largest norm of all gradients together, l2's left out."
    )
    precision: Precision = Field("float32", description="Of the arithmetic; weights stay float32.")
    early_stopping: EarlyStoppingSettings | None = None
    selection: Selection = Field(
        "last", description="Which epoch's weights end a phase, and so are tested in the end."
    )

    @model_validator(mode="after")
    def _decays_once(self) -> Recipe:
        if self.optimizer.kind == "adam" and self.weight_decay:
            raise PydanticCustomError(
                "decay", "adam has no decoupled weight_decay; use adamw, or l2 for a penalty in the loss"
            )
        return self

    def head_for(self, library: str) -> Head:
        """Return the head as it is for one library."""
        if isinstance(self.head, Head):
            return self.head
        return HEADS["fastai" if library == "fastai" else "keras"]

    def training(self, phase: PhaseSettings | None = None) -> Training:
        """Return a phase's settings as a specification writes them, with what the phase changes."""
        found: dict[str, Any] = self.model_dump(mode="json", include=set(Training.__annotations__))
        if phase is not None and phase.but is not None:
            found |= phase.but.model_dump(mode="json", exclude_none=True)
        return found  # type: ignore[return-value]  # same keys


def _recipe_form(value: Any) -> str:
    # A value is a recipe when it is written out again, and a mapping when it is read.
    parts = value.values() if isinstance(value, dict) else ()
    is_by_library = parts and all(isinstance(part, dict | Recipe) for part in parts)
    return "by-library" if is_by_library else "shared"


AnyRecipe = Annotated[
    Annotated[Recipe, Tag("shared")] | Annotated[dict[LibraryName, Recipe], Tag("by-library")],
    Discriminator(_recipe_form),
]
"""One recipe for all libraries, or one for each: `{keras: …, fastai: …}`; `keras` serves all its backends."""
