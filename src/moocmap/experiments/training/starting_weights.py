"""The weights that a run starts with: drawn, and those of the body read from a file where there is one."""

from __future__ import annotations

from pathlib import Path

from moocmap.experiments.models import weights, zoo
from moocmap.experiments.models.weights import Weights
from moocmap.experiments.models.weights_files import read_body
from moocmap.experiments.spec import ExperimentError, Spec, layers_of
from moocmap.experiments.training import pretrained


def of_run(spec: Spec, channels: int, file: Path | None) -> Weights:
    """Return the weights of a run's body and heads, for images of `channels` channels.

    What no file has is drawn, each array from a stream of its own. A pre-trained body and its head come from
    the pre-training's seed, the target's head from the run's.

    Raises:
        ExperimentError: if the file is missing or does not fit the model.
    """
    drawn = weights.draw(layers_of(spec, "target"), channels, spec["seed"], spec["initialization"])
    if "source" in spec["tasks"]:
        source = weights.draw(
            layers_of(spec, "source"), channels, pretrained.seed_of(spec), spec["initialization"]
        )
        drawn |= source
    if spec["weights"]["kind"] != "random":
        if file is None:
            raise ExperimentError(f"the weights {spec['weights'].get('file', '')} were not found")
        declared = spec["weights"].get("publisher") or spec["weights"].get("format")
        body = read_body(file, spec["model"], spec["architecture"], declared)
        _check_fit(body, drawn, zoo.names(spec["body"]))
        drawn |= body
    return drawn


def _check_fit(body: Weights, drawn: Weights, names: frozenset[str]) -> None:
    for name, array in drawn.items():
        if name.partition("/")[0] in names and (name not in body or body[name].shape != array.shape):
            found = body[name].shape if name in body else "none"
            raise ExperimentError(
                f"the weights do not fit the images: '{name}' is {found}, expected {array.shape}"
            )


def description(spec: Spec) -> str:
    """Say in a few words where a run's first weights come from."""
    drawn = f"drawn with NumPy ({spec['initialization']}), the same arrays for every library"
    kind = spec["weights"]["kind"]
    if kind == "random":
        return drawn
    origin = spec["weights"].get("publisher") or spec["weights"].get("format")
    return f"body: {kind} ({origin}, {spec['weights']['file']}); the rest {drawn}"
