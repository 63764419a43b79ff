"""Writes the progress of runs as TensorBoard's event files, in a folder for each run.

The runner's events are all that is needed, so the workers train exactly as without. The records of a file are
written with TensorBoard's own `RecordWriter`; its `EventFileWriter` would import TensorFlow for it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from moocmap.experiments.spec import METRICS, ExperimentError

if TYPE_CHECKING:
    from moocmap.experiments.running.runner import Event

TAGS = {
    name: f"{name.split('_', 1)[1]}/{name.split('_', 1)[0]}"
    if name.startswith(("train_", "validation_"))
    else name
    for name in METRICS
}
"""Where TensorBoard shows each metric: losses in one chart group, accuracies in another."""


class EventFiles:
    """Listens to a runner, and writes each epoch's metrics into `<folder>/<run>/`.

    A step is an epoch of the run, over all phases. A run that goes on later gets another file beside the
    first, which TensorBoard shows as one curve. To be used in a `with` statement.

    Raises:
        ExperimentError: if the package `tensorboard` is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise ExperimentError(
                "tensorboard is not installed; install what experiments need: pip install -e '.[experiments]'"
            )
        self.folder = folder
        self._open: dict[str, Any] = {}

    def __enter__(self) -> EventFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files of runs that were interrupted."""
        for run in list(self._open):
            self._close(run)

    def __call__(self, event: Event) -> None:
        """Take what the runner tells."""
        if event.kind == "epoch":
            self._write(event)
        elif event.kind in ("finished", "failed"):
            self._close(event.run.id)

    def _write(self, event: Event) -> None:
        from tensorboard.compat.proto.event_pb2 import Event as Entry
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [
            Summary.Value(tag=tag, simple_value=event.metrics[name])
            for name, tag in TAGS.items()
            if name in event.metrics
        ]
        entry = Entry(wall_time=time(), step=event.epoch, summary=Summary(value=values))
        writer = self._writer(event.run.id)
        writer.write(entry.SerializeToString())
        writer.flush()

    def _writer(self, run: str) -> Any:
        from tensorboard.compat.proto.event_pb2 import Event as Entry
        from tensorboard.summary.writer.record_writer import RecordWriter

        if run not in self._open:
            place = self.folder / run
            place.mkdir(parents=True, exist_ok=True)
            now = time()
            self._open[run] = RecordWriter((place / f"events.out.tfevents.{now:.6f}.moocmap").open("wb"))
            self._open[run].write(Entry(wall_time=now, file_version="brain.Event:2").SerializeToString())
        return self._open[run]

    def _close(self, run: str) -> None:
        if run in self._open:
            self._open.pop(run).close()
