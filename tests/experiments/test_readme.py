"""experiments/README.md explains every key that an experiment can have, and its commands exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel

from moocmap.cli import app_for
from moocmap.experiments.running.workers import WORKERS
from moocmap.experiments.settings import recipe_settings
from moocmap.experiments.settings.model import ExperimentSettings, Names, Pretraining
from moocmap.experiments.settings.recipe_settings import HEADS, Recipe
from moocmap.experiments.training import augmentations

TEXT = (Path(__file__).parent.parent.parent / "experiments" / "README.md").read_text(encoding="utf-8")
KEYS = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))


def models() -> list[type[BaseModel]]:
    """Return every class of settings that the schema of an experiment mentions."""
    names = ExperimentSettings.model_json_schema()["$defs"]
    everyone = {one.__name__: one for one in subclasses(BaseModel)}
    return [ExperimentSettings, *(everyone[name] for name in sorted(names) if name in everyone)]


def subclasses(one: type[Any]) -> list[type[Any]]:
    return [found for child in one.__subclasses__() for found in (child, *subclasses(child))]


def test_the_classes_are_found() -> None:
    assert {ExperimentSettings, Recipe, Pretraining, Names} <= set(models())
    assert len(models()) > 15


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    left = set(model.model_fields) - KEYS
    assert left == set()


def test_words_that_a_key_can_have_are_there() -> None:
    for word in (*WORKERS, *HEADS, "one-cycle", "cosine", "constant", "common"):
        assert f"`{word}`" in TEXT, word
    assert "common" in augmentations.SETS
    assert recipe_settings.HEADS


def test_every_command_is_in_its_table() -> None:
    group = typer.main.get_command(app_for([])).commands["experiment"]  # type: ignore[attr-defined]
    for name in group.commands:
        assert re.search(rf"`{name}[` ]", TEXT), name
