"""Two processes on one guide at once: both end well, or one says that it does not work beside another."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from . import full_disk, trainings
from .builds import TITLES, UNTIL_WATCHING, Builds, Servers, digest
from .processes import MOOCMAP, Command, completed, kill_all, start

WAITING = "waiting for it"
REFUSED = "another process is at work in"


def both(
    first: Sequence[str], second: Sequence[str], root: Path, program: Sequence[str] = MOOCMAP
) -> list[Command]:
    """Start two commands at once; return them when both have ended, neither with a traceback."""
    commands = [
        start(words, root, root.parent / f"{number}.txt", program=program)
        for number, words in enumerate((first, second), start=1)
    ]
    for command in commands:
        command.ended()
    assert not any("Traceback" in command.said for command in commands), commands[0].said + commands[1].said
    return commands


def trained_twice(root: Path, program: Sequence[str] = trainings.NUMPY) -> None:
    """Train one experiment from two processes: one records, the other refuses, and the record is right."""
    trained = trainings.Trainings(trainings.make_guide(root, "keras"), program=program)
    words = ["experiment", "run", "killed"]
    commands = both(words, words, root, program)
    statuses = sorted(command.process.returncode for command in commands)
    said = "".join(command.said for command in commands)
    assert statuses in ([0, 1], [0, 0]), said  # the second may come when the first has ended
    assert statuses == [0, 0] or REFUSED in said
    trained.finish(next(command for command in commands if command.process.returncode == 0))


def built_twice(root: Path) -> None:
    """Build one guide from two processes: one waits, and the site is whole."""
    guide = Builds(root)
    commands = both(["build"], ["build"], root)
    _assert_built(guide, commands)
    assert any(WAITING in command.said for command in commands)


def built_beside_pages(root: Path) -> None:
    """Compile the pages while a build reads them: one waits."""
    guide = Builds(root)
    _assert_built(guide, both(["pages"], ["build"], root))


def built_beside_a_server(root: Path) -> None:
    """Build while a server reads a change: the site is that of the change, and the server shows it."""
    guide = Servers(root)
    server, address = guide.start()
    try:
        guide.wait_for(server, "Serving")
        time.sleep(UNTIL_WATCHING)
        guide.turn_to(1 - guide.variant)
        completed(["build"], root, root.parent / "build.txt")
        guide.wait_for(server, "Read again", times=2)
        with urllib.request.urlopen(f"{address}/en/courses/alpha.html", timeout=60) as answer:
            assert (TITLES[1] in answer.read().decode()) == (guide.variant == 1)
    finally:
        kill_all(server)
    assert digest(guide.site) == guide.wanted[guide.variant]
    assert "Traceback" not in server.said


def formatted_twice(root: Path) -> None:
    """Format one guide from two processes: the files are those that one makes alone."""
    alone, pair = full_disk.bread(root / "alone"), full_disk.bread(root / "pair")
    completed(["fmt"], alone, root / "alone.txt")
    commands = both(["fmt"], ["fmt"], pair)
    assert [command.process.returncode for command in commands] == [0, 0], commands[0].said + commands[1].said
    assert full_disk.files(pair) == full_disk.files(alone)


def _assert_built(guide: Builds, commands: Sequence[Command]) -> None:
    said = "".join(command.said for command in commands)
    assert [command.process.returncode for command in commands] == [0, 0], said
    assert digest(guide.site) == guide.wanted[guide.variant]
    assert not guide.leftovers()


CASES: dict[str, Callable[[Path], None]] = {
    "experiment run twice": trained_twice,
    "build twice": built_twice,
    "build beside pages": built_beside_pages,
    "build beside serve": built_beside_a_server,
    "fmt twice": formatted_twice,
}
