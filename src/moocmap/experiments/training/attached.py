"""Ends a worker with the process that started it, however that one ends."""

from __future__ import annotations

import os
import threading

ATTACHED = "--attached"
"""The option of a worker whose standard input is held open by its starter."""


def end_with_starter() -> None:
    """End this process, from a thread of its own, when the one that started it is gone.

    That one's end of standard input is closed then, even where it was killed. Checkpoints are written whole
    or not at all, so any moment will do.
    """
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)
