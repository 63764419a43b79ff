"""The settings of an experiment side by side, in the words and numbers of a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moocmap.experiments.results.settings_table import Column, Row, columns, settings_table
from moocmap.site.locales import Strings
from moocmap.site.wording import Wording

OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


@dataclass(frozen=True)
class Settings:
    """The settings of one recipe: a column for each library, a row each (name, cells, differs)."""

    recipe: str
    libraries: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str], bool]]


def settings_of(specs: Sequence[Mapping[str, Any]], strings: Strings) -> list[Settings]:
    """Return a table for each recipe."""
    say = SettingWords(strings)
    by_recipe: dict[str, list[Column]] = {}
    for column in columns(specs):
        by_recipe.setdefault(column.recipe, []).append(column)
    return [
        Settings(
            recipe,
            [column.library for column in table],
            [(say.name(row), [say.cell(row, cell) for cell in row.cells], row.differs) for row in rows],
        )
        for recipe, table in by_recipe.items()
        if (rows := settings_table(table))
    ]


class SettingWords:
    """Says what settings are called and what their values mean."""

    def __init__(self, strings: Strings) -> None:
        self.t = strings
        self.say = Wording(strings)

    def name(self, row: Row) -> str:
        """Return what a setting is called, with its phase."""
        name = str(self.t(f"experiment.setting.{row.key}"))
        return f"{name}: {self.say.phase(row.phase)}" if row.phase else name

    def cell(self, row: Row, values: Sequence[Any]) -> str:
        """Return the values of a setting; runs of one library may have several."""
        if not values:
            return "–"
        separator = ", " if row.key == "seed" else " / "
        return separator.join(self.value(row.key, value) for value in values)

    def value(self, key: str, value: Any) -> str:
        """Return one value in words."""
        special = getattr(self, f"_{key}", None)
        if special:
            return str(special(value))
        if isinstance(value, bool):
            return str(self.t(f"experiment.said.{'is' if value else 'not'}"))
        if isinstance(value, int | float):
            return self.t.number(value)
        if isinstance(value, list):  # phases differ in it
            return ", ".join(self.value(key, one) for one in value)
        return self._known(f"experiment.values.{value}", str(value))

    def _known(self, key: str, otherwise: str) -> str:
        return str(self.t(key)) if self.t.has(key) else otherwise

    def _image_size(self, value: Any) -> str:
        sides = value if isinstance(value, list) else [value, value]
        return " × ".join(self.t.number(side) for side in sides[:2])

    def _augment(self, transforms: Sequence[str]) -> str:
        names = [self._known(f"experiment.transform.{one}", one.replace("-", " ")) for one in transforms]
        return ", ".join(names) or str(self.t("experiment.no_augmentation"))

    def _optimizer(self, value: Mapping[str, Any]) -> str:
        name = OPTIMIZERS.get(value["kind"], value["kind"])
        momentum = value.get("momentum")
        values = momentum if isinstance(momentum, list) else [momentum]
        said = " → ".join(self.t.number(one) for one in values if one is not None)
        if "beta2" in value:
            parts = [f"β₁ = {said}" if said else "", f"β₂ = {self.t.number(value['beta2'])}"]
        else:
            parts = [f"{self.t('experiment.momentum')} = {said}" if said else ""]
        inside = "; ".join(filter(None, parts))
        return f"{name} ({inside})" if inside else name

    def _lr(self, value: Any) -> str:
        """Return a rate, or from which to which they go between the first layers and the last."""
        if not isinstance(value, list):
            return self.say.rate(value)
        low, high = map(self.say.rate, value)
        return str(self.t("experiment.rates", low=low, high=high))

    def _head(self, layers: Sequence[Mapping[str, Any]]) -> str:
        return " → ".join(map(self._layer, layers))

    def _layer(self, layer: Mapping[str, Any]) -> str:
        if layer["layer"] == "batchnorm" and "keep" in layer:  # libraries differ in these by default
            keep, epsilon = self.t.number(layer["keep"]), self.say.rate(layer["epsilon"])
            return f"batchnorm ({keep}; {epsilon})"
        size = layer.get("units", layer.get("rate"))
        return f"{layer['layer']} {self.t.number(size)}" if size is not None else str(layer["layer"])

    def _frozen_batchnorm(self, value: str) -> str:
        return str(self.t(f"experiment.frozen.{value}"))

    def _weights(self, value: Any) -> str:
        if not isinstance(value, Mapping):
            return str(value)
        kind = self._known(f"experiment.values.{value['kind']}", value["kind"])
        return f"{kind} ({value['source']})" if "source" in value else kind

    def _early_stopping(self, value: Mapping[str, Any]) -> str:
        monitor = self.t(f"experiment.metric.{value['monitor']}")
        return str(self.t("experiment.stops", monitor=str(monitor).lower(), n=value["patience"]))

    def _class_weights(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return ", ".join(f"{label}: {self.t.number(weight)}" for label, weight in value.items())
        return self.value("", value)

    def _pretrained_by(self, library: str) -> str:
        return self.say.library(library)
