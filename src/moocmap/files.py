"""Writes files so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file through a temporary one beside it; folders are made as needed.

    Raises OSError when the disk refuses; the old file then stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def recall(memory: Path) -> dict[str, Any]:
    """Return what `remember` kept in a file; {} where there is none, or none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        kept = json.loads(memory.read_text(encoding="utf-8"))
        return kept if isinstance(kept, dict) else {}
    return {}


def remember(memory: Path, known: dict[str, Any]) -> None:
    """Keep what is known for the next time; a disk that is full or read-only costs time, not the result."""
    with suppress(OSError):
        write_atomically(memory, json.dumps(known))
