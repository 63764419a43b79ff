"""Starts the real command line, kills it in several ways, and tells what is left of it.

For Linux: it reads /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOOCMAP = (sys.executable, "-m", "moocmap")
ENVIRONMENT = {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
PATIENCE = 300.0
"""Seconds after which a command that should have ended is a fault."""


@dataclass
class Command:
    """A command in a session of its own, whose output goes to a file."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for the end; return the exit status."""
        return self.process.wait(seconds)


def start(
    words: Sequence[str], root: Path, log: Path, *, program: Sequence[str] = MOOCMAP, **variables: str
) -> Command:
    environment: Mapping[str, str] = {**os.environ, **ENVIRONMENT, **variables}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*program, *words],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Command(process, log)


def completed(words: Sequence[str], root: Path, log: Path, **options: str) -> Command:
    """Run a command to its end, which must be a good one."""
    command = start(words, root, log, **options)
    assert command.ended() == 0, command.said
    return command


# Killing ----------------------------------------------------------------------------------------------


def kill_all(command: Command) -> list[int]:
    """Kill a command with all that it started."""
    doomed = descendants(command.process.pid)
    for pid in (command.process.pid, *doomed):
        _kill(pid)
    command.process.wait()
    return doomed


def kill_parent(command: Command) -> list[int]:
    """Kill a command alone; return what it had started and what now has to end of its own accord."""
    orphans = descendants(command.process.pid)
    _kill(command.process.pid)
    command.process.wait()
    return orphans


def kill_worker(command: Command) -> list[int]:
    """Kill what a command started; the command itself has to end with a message."""
    started = descendants(command.process.pid)
    for pid in started:
        _kill(pid)
    if not started:
        _kill(command.process.pid)
    command.process.wait(PATIENCE)
    return started


WAYS: dict[str, Callable[[Command], list[int]]] = {
    "all": kill_all,
    "parent": kill_parent,
    "worker": kill_worker,
}


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Return what a process started, and what that started, and so on."""
    parents: dict[int, list[int]] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and (fields := _stat(int(place.name))):
            parents.setdefault(int(fields[1]), []).append(int(place.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def is_alive(pid: int) -> bool:
    fields = _stat(pid)
    return fields is not None and fields[0] not in "ZX"


def seconds_to_end(pids: Sequence[int], most: float = 60.0) -> float:
    """Wait until these processes are gone; return how long that took."""
    began = time.monotonic()
    while any(map(is_alive, pids)):
        assert time.monotonic() - began < most, f"still there after {most:.0f} s: {pids}"
        time.sleep(0.01)
    return time.monotonic() - began


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the state on; None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
