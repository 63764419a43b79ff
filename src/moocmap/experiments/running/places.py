"""Where a machine keeps what runs need: images, weights, and what was made of them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moocmap.experiments.data import sources
from moocmap.experiments.models import weights_files
from moocmap.experiments.settings.data_settings import DataSettings
from moocmap.experiments.settings.model import Experiment, Run
from moocmap.experiments.training.machine import Machine
from moocmap.files import CACHE


@dataclass
class Places:
    """Folders to look in, in their order, and the folder of the cache.

    `on_download` is told in a sentence what is being fetched.
    """

    data: Sequence[Path]
    weights: Sequence[Path]
    cache: Path
    on_download: Callable[[str], None] = lambda sentence: None
    _found: dict[str, Path | None] = field(default_factory=dict)

    @classmethod
    def of_guide(
        cls,
        root: Path,
        data: Path | None = None,
        weights: Path | None = None,
        on_download: Callable[[str], None] = lambda sentence: None,
    ) -> Places:
        """Return the places of a guide in folder `root`; `data` and `weights` are looked in first."""
        return cls(
            sources.folders_of_data(root, data),
            weights_files.search_folders([weights] if weights else [], root),
            root / CACHE,
            on_download,
        )

    @property
    def downloads(self) -> Path:
        """The folder of what was fetched."""
        return self.cache / "downloads"

    def machine_for(self, experiment: Experiment, run: Run) -> Machine:
        """Find the files of a run; what is nowhere is downloaded.

        Raises:
            ExperimentError: if something can neither be found nor fetched.
        """
        located = {task: self._data(data) for task, data in experiment.tasks().items()}
        weights = self._weights(run.spec["weights"])
        return Machine(
            data={task: str(path.absolute()) for task, path in located.items() if path},
            weights=str(weights.absolute()) if weights else None,
            cache=str(self.cache.absolute()),
        )

    def _data(self, data: DataSettings) -> Path | None:
        source = data.where()
        return self._once(
            repr(source),
            lambda: sources.locate(source, self.data, classes=data.classes, cache=self.downloads),
        )

    def _weights(self, spec: dict[str, Any]) -> Path | None:
        if spec["kind"] == "random":
            return None
        folder = self.cache / "weights"
        return self._once(
            repr(spec), lambda: weights_files.locate(spec, self.weights, folder, self.on_download)
        )

    def _once(self, key: str, find: Callable[[], Path | None]) -> Path | None:
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]
