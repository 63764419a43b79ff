"""What a run needs to know of the machine it runs on, in `machine.json` beside its `spec.json`.

Nothing in it decides a result: it says where files lie.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "machine.json"


@dataclass(frozen=True)
class Machine:
    """Where a run finds its files.

    `data` has the folder or file of each task's source (nothing for those that need none), `weights` is the
    file of the body's weights, `cache` the folder of decoded images and pre-trained bodies. A worker that is
    to `only_pretrain` ends when the body is in the cache.
    """

    data: Mapping[str, str] = field(default_factory=dict)
    weights: str | None = None
    cache: str | None = None
    only_pretrain: bool = False

    def write(self, folder: Path) -> None:
        """Write `machine.json` into a worker's folder."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read_machine(folder: Path) -> Machine:
    """Read `machine.json` from a worker's folder; without it, nothing is known."""
    try:
        return Machine(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Machine()
