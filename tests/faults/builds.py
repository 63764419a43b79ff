"""Kills builds of the small guide, and servers of it while it is edited, and looks at what they leave."""

from __future__ import annotations

import hashlib
import math
import random
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .loading import loaded
from .processes import Command

TITLE = "Alpha Course"
UNTIL_WATCHING = 1.0
"""Seconds after which a server that says it serves surely watches the guide's files."""
TITLES = (TITLE, "Alpha Course, second edition")
"""What one course is called by turns, so that an old site and a new one differ."""


def make_guide(root: Path) -> Path:
    """Copy the small guide of the tests of the site, with its made-up records."""
    return Path(loaded("site/conftest.py").copy_guide(root))


def digest(folder: Path) -> str:
    """Return a hash of all names and contents; that of nothing where there is no folder."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def retitle(root: Path, old: int, new: int) -> None:
    """Change one title of a small guide."""
    path = root / "curriculum" / "courses" / "alpha.yml"
    text = path.read_text(encoding="utf-8")
    line, other = (f"title: {TITLES[number]}\n" for number in (old, new))
    assert line in text
    path.write_text(text.replace(line, other), encoding="utf-8")


@dataclass
class Tally:
    """What happened: kills by way and moment, which site a kill left, leftovers at one time, good ends."""

    kills: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    most_leftovers: int = 0
    ended: int = 0


class Builds:
    """One guide, built again and again under fire. Raises AssertionError at the first fault."""

    def __init__(self, root: Path, seed: int = 0, ways: Sequence[str] = ("all", "parent")) -> None:
        self.root, self.ways = make_guide(root), ways
        self.random = random.Random(seed)
        self.site, self.log = root / "build" / "site", root.parent / "output.txt"
        self.tally = Tally()
        self.wanted = []
        self.variant = 0
        for variant in range(2):
            self.turn_to(variant)
            began = time.monotonic()
            processes.completed(["build"], self.root, self.log)
            self.seconds = time.monotonic() - began
            self.wanted.append(digest(self.site))
        assert self.wanted[0] != self.wanted[1]

    def turn_to(self, variant: int) -> None:
        """Change the guide so that its next site is another."""
        retitle(self.root, self.variant, variant)
        self.variant = variant

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.site.parent.glob(".*"))

    def look(self) -> None:
        """See that there is a whole site: the old or the new one."""
        assert self.site.is_dir(), f"no site; there are {self.leftovers()}"
        found = digest(self.site)
        assert found in self.wanted, "the site is neither the old one nor the new one"
        self.tally.sites["new" if found == self.wanted[self.variant] else "old"] += 1
        self.tally.most_leftovers = max(self.tally.most_leftovers, len(self.leftovers()))

    def under_fire(self, kills: int, seconds: float = math.inf) -> Tally:
        """Kill so many builds, for so long at most; each tenth or so may end, and the last must."""
        end = time.monotonic() + seconds
        while sum(self.tally.kills.values()) < kills and time.monotonic() < end:
            self.turn_to(1 - self.variant)
            is_to_end = self.random.random() < 0.1
            command = processes.start(["build"], self.root, self.log)
            moment = "any" if self.random.random() < 0.7 else "end"
            at = self.random.uniform(0 if moment == "any" else 0.85, 1.1) * self.seconds
            if not is_to_end and not _has_ended(command, at):
                self.kill(command, moment)
            else:
                self.let_end(command)
        self.let_end(processes.start(["build"], self.root, self.log))
        return self.tally

    def kill(self, command: Command, moment: str) -> None:
        way = self.random.choice(self.ways)
        orphans = processes.WAYS[way](command)
        self.tally.kills[f"{way}, {moment}"] += 1
        self.look()
        if self.random.random() < 0.5:  # else the next build meets a MkDocs that is still at work
            processes.seconds_to_end(orphans, 300)

    def let_end(self, command: Command) -> None:
        """See that a build that ends makes the site it should, and that it or the one after clears up."""
        assert command.ended() == 0, command.said
        assert digest(self.site) == self.wanted[self.variant]
        self.tally.ended += 1
        if self.leftovers():  # an orphaned MkDocs wrote on
            time.sleep(2 * self.seconds)
            processes.completed(["build"], self.root, self.log)
            assert not self.leftovers()


class Servers(Builds):
    """One guide, served while it is edited, with the server killed. It shows edits, and builds nothing."""

    def __init__(self, root: Path, seed: int = 0, ways: Sequence[str] = ("all", "parent")) -> None:
        super().__init__(root, seed, ways)
        self.built = digest(self.site)
        self.serve_well()

    def look(self) -> None:
        """See that the built site is as it was."""
        assert digest(self.site) == self.built
        self.tally.sites["untouched"] += 1
        self.tally.most_leftovers = max(self.tally.most_leftovers, len(self.leftovers()))

    def under_fire(self, kills: int, seconds: float = math.inf) -> Tally:
        """Kill so many servers, for so long at most; each tenth and the last must show the newest edit."""
        end = time.monotonic() + seconds
        while sum(self.tally.kills.values()) < kills and time.monotonic() < end:
            command, _ = self.start()
            try:
                moment = self.wait_for_a_moment(command)
            except BaseException:
                processes.kill_all(command)  # a server does not end by itself
                raise
            self.kill(command, moment)
            if self.random.random() < 0.1:
                self.serve_well()
        self.serve_well()
        return self.tally

    def wait_for_a_moment(self, command: Command) -> str:
        """Wait for a moment to kill at, in the start of a server or after an edit; tell which it was."""
        moment = self.random.choice(("start", "after an edit"))
        if moment == "after an edit":
            self.wait_for(command, "Serving")
            time.sleep(UNTIL_WATCHING)
            self.turn_to(1 - self.variant)
        _has_ended(command, self.random.uniform(0, self.seconds))
        assert command.process.poll() is None, command.said
        return moment

    def start(self) -> tuple[Command, str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = processes.start(["serve", "--port", str(port)], self.root, self.log)
        return command, f"http://127.0.0.1:{port}"

    @staticmethod
    def wait_for(command: Command, word: str, times: int = 1) -> None:
        """Wait until a server has said a word so many times."""
        began = time.monotonic()
        while command.said.count(word) < times:
            assert command.process.poll() is None, command.said
            assert time.monotonic() - began < processes.PATIENCE, command.said
            time.sleep(0.02)

    def serve_well(self) -> None:
        """See that a server starts and shows the newest edit, and remember how long its start takes."""
        began = time.monotonic()
        command, address = self.start()
        try:
            self.wait_for(command, "Serving")
            self.seconds = time.monotonic() - began
            with urllib.request.urlopen(f"{address}/en/courses/alpha.html", timeout=60) as answer:
                shown = answer.read().decode()
        finally:
            processes.kill_all(command)
        assert (TITLES[1] in shown) == (self.variant == 1)
        assert TITLE in shown
        self.look()
        self.tally.ended += 1


def _has_ended(command: Command, seconds: float) -> bool:
    """Wait so long; tell whether the command ended before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if command.process.poll() is not None:
            return True
        time.sleep(0.005)
    return command.process.poll() is not None
