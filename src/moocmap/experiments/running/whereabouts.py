"""What a machine already has of an experiment's images and weights: looked up, and never downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moocmap.experiments.data import sources
from moocmap.experiments.data.tasks import arrange
from moocmap.experiments.running.layer_costs import Shape
from moocmap.experiments.running.places import Places
from moocmap.experiments.settings.data_settings import DataSettings
from moocmap.experiments.settings.model import Experiment, Run


@dataclass(frozen=True)
class TaskSize:
    """How many images a task has in each part (train, validation, test), and the shape of one."""

    parts: Mapping[str, int]
    image: Shape

    @property
    def images(self) -> int:
        """The number of images of all parts."""
        return sum(self.parts.values())


def is_here(data: DataSettings, places: Places) -> bool:
    """Tell whether a task's images lie on this machine, so that nothing need be downloaded."""
    return data.source.kind == "sklearn" or find_data(data, places) is not None


def find_data(data: DataSettings, places: Places) -> Path | None:
    """Return where a task's images lie, None where they would have to be downloaded (or need no place)."""
    return sources.find(data.where(), [*places.data, places.downloads], classes=data.classes)


def task_size(data: DataSettings, spec: Mapping[str, Any], place: Path | None, cache: Path) -> TaskSize:
    """Count the images of a task that lie at `place`.

    Raises:
        ExperimentError: naming the folder, class or file that is not as the experiment says.
    """
    source = sources.read(data.where(), place, cache)
    counts = arrange(spec, source.listing).used["use"].value_counts()
    parts = {name: int(counts[name]) for name in ("train", "validation", "test")}
    if source.images is None:
        size = int(data.image_size or 0)
        return TaskSize(parts, (size, size, 3))
    _, height, width, channels = source.images.shape
    return TaskSize(parts, (height, width, channels))


def sizes_of(experiment: Experiment, run: Run, places: Places) -> dict[str, TaskSize]:
    """Count the images of a run's tasks; a task whose images are not here yet is left out.

    Raises:
        ExperimentError: if images that are here are not as the experiment says.
    """
    found = {}
    for task, data in experiment.tasks().items():
        if is_here(data, places):
            spec = run.spec["tasks"][task]
            found[task] = task_size(data, spec, find_data(data, places), places.cache)
    return found


def check_data(experiment: Experiment, run: Run, places: Places) -> None:
    """Look at the images of a run's tasks before anything is trained on them.

    Raises:
        ExperimentError: naming the folder, class or file that is not as the experiment says.
    """
    sizes_of(experiment, run, places)


def missing_weights(run: Run, places: Places) -> str | None:
    """Return the name of the file of weights that a run needs and this machine has not; None if it has it."""
    spec = run.spec["weights"]
    if spec["kind"] == "random":
        return None
    names = (spec["file"], f"{Path(spec['file']).stem}.safetensors")
    folders = [*places.weights, places.cache / "weights"]
    return None if any((folder / name).is_file() for folder in folders for name in names) else spec["file"]
