"""An ablation: one library's recipe becomes another's, step by step, so that each step's part can be told.

The steps are cumulative: each takes over more of the other recipe and keeps what the earlier ones took. What
a step brings depends on its place in the order; with another order the parts come out differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from moocmap.experiments.settings.recipe_settings import LibraryName, Recipe
from moocmap.experiments.spec import ExperimentError
from moocmap.fields import Closed, Id, Text, one_of

OF_PHASES = ("epochs", "lr", "but")
PARTS = (*OF_PHASES, *(name for name in Recipe.model_fields if name != "phases"))
"""What a step can take over: settings of the phases, or of the recipe."""


class AblationStep(Closed):
    """What a step takes over from the recipe at the end; the first takes nothing."""

    id: Id
    take: list[Annotated[str, AfterValidator(lambda value: one_of(value, PARTS))]]
    title: Text
    note: Text | None = None


class Ablation(Closed):
    """Which recipe is taken apart: from the `start` library's version of it to the `end` library's.

    One library trains all steps, so that it is the recipe alone that changes.
    """

    title: Text
    recipe: Id
    start: LibraryName
    end: LibraryName
    library: LibraryName = Field(description="The library that trains the steps.")
    steps: Annotated[list[AblationStep], Field(min_length=2)]

    def recipe_of(self, step: AblationStep) -> str:
        """Return the name of the recipe that a step makes.

        It is the recipe itself where the library would follow it so anyway: at its own end.
        """
        own: dict[Any, AblationStep] = {self.end: self.steps[-1], self.start: self.steps[0]}
        return self.recipe if own.get(self.library) is step else f"{self.recipe}-{step.id}"

    @property
    def made(self) -> dict[str, AblationStep]:
        """The recipes that there would not be without the ablation, with the step that makes each."""
        named = {self.recipe_of(step): step for step in self.steps}
        return {name: step for name, step in named.items() if name != self.recipe}

    @property
    def chain(self) -> list[tuple[LibraryName, str, AblationStep | None]]:
        """The way from one library's recipe to the other's, as (library, recipe, step).

        Both ends are what each library comes to with its own recipe; there, no step may be needed.
        """
        steps: list[tuple[LibraryName, str, AblationStep | None]] = [
            (self.library, self.recipe_of(step), step) for step in self.steps
        ]
        first: list[tuple[LibraryName, str, AblationStep | None]] = [(self.start, self.recipe, None)]
        last: list[tuple[LibraryName, str, AblationStep | None]] = [(self.end, self.recipe, None)]
        return [
            *(first if self.library != self.start else []),
            *steps,
            *(last if self.library != self.end else []),
        ]

    def recipes(self, start: Recipe, end: Recipe) -> Iterator[tuple[AblationStep, Recipe]]:
        """Go through the steps with the recipe that each makes.

        Raises:
            ExperimentError: if a step makes no valid recipe, or the last one is not the end's.
        """
        recipe = start
        for step in self.steps:
            recipe = taken_over(recipe, end, step)
            yield step, recipe
        left = [part for part in PARTS if _part(recipe, part) != _part(end, part)]
        if left:
            raise ExperimentError(
                f"the steps do not arrive at {self.end}'s recipe; let one of them take {', '.join(left)}"
            )


def taken_over(recipe: Recipe, end: Recipe, step: AblationStep) -> Recipe:
    """Return a recipe with what a step takes from another.

    Raises:
        ExperimentError: if the recipes' phases do not match, or what comes out is no valid recipe.
    """
    if [phase.train for phase in recipe.phases] != [phase.train for phase in end.phases]:
        raise ExperimentError(
            "the phases of the two recipes do not train the same; let them have the same `train`"
        )
    of_phases = [part for part in step.take if part in OF_PHASES]
    changed = {part: getattr(end, part) for part in step.take if part not in OF_PHASES}
    changed["phases"] = [
        phase.model_copy(update={part: getattr(other, part) for part in of_phases})
        for phase, other in zip(recipe.phases, end.phases, strict=True)
    ]
    made = recipe.model_copy(update=changed)
    try:
        return Recipe.model_validate(made.model_dump())
    except ValidationError as error:
        raise ExperimentError(f"step '{step.id}' makes no recipe: {error.errors()[0]['msg']}") from error


def _part(recipe: Recipe, part: str) -> Any:
    if part in OF_PHASES:
        return [getattr(phase, part) for phase in recipe.phases]
    return getattr(recipe, part)
