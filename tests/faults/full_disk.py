"""Runs commands on a disk that is full from one write on, and looks at what they say and leave."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from moocmap.experiments.results.record import read_record

from . import builds, trainings
from .processes import MOOCMAP, completed, start

HOOK = Path(__file__).parent / "hook"
FULL = ("No space left on device", "out of space", "File too large")
Files = dict[str, bytes]


Look = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """A command and the guide that it works on, which `fresh` makes in a folder.

    `derived` are beginnings of paths, seen from the guide's folder, that hold what is made anew each time and
    may be left half: compiled pages, checkpoints, caches. `look` raises AssertionError when something else is
    wrong with a guide.
    """

    words: Sequence[str]
    fresh: Callable[[Path], Path]
    derived: tuple[str, ...] = ()
    program: Sequence[str] = MOOCMAP
    look: Look = lambda root: None

    @property
    def name(self) -> str:
        return " ".join(self.words[:2])


@dataclass
class Found:
    """How many writes a command does, and at how many of them the disk was full."""

    writes: int = 0
    tried: int = 0
    sentences: set[str] = field(default_factory=set)


def examine(case: Case, place: Path, most: int, seed: int = 0) -> Found:
    """Let the disk be full from `most` of a command's writes on, the first and the last among them.

    The command must end with one sentence and leave every file as it was or as it was to become; with room
    again, which is tried after the first, a middle and the last write, it must do its work, or say that it is
    done but for what comes of it. Raises AssertionError at the first fault.
    """
    root = case.fresh(place / "whole")
    before = files(root, case.derived)
    status, said, writes = run(case, root, place, after=-1)
    assert status == 0, said
    whole, found = files(root, case.derived), Found(writes)
    for number in some_of(writes, most, random.Random(seed)):
        root = case.fresh(place / f"full-{number}")
        status, said, _ = run(case, root, place, after=number)
        where = f"{' '.join(case.words)}, full from write {number} of {writes} on: {said}"
        judge(status, said, where)
        found.tried += 1
        if status:
            found.sentences.add(sentence(said))
        assert_whole(files(root, case.derived), before, whole, where)
        case.look(root)
        if number in (0, writes // 2, writes - 1):
            status, said, _ = run(case, root, place, after=-1)
            is_there = case.words[0] == "new" and "exists; choose another id" in said
            assert status == 0 or is_there, f"with room again: {said}"
        shutil.rmtree(root)
    shutil.rmtree(place / "whole")
    return found


def judge(status: int, said: str, where: str) -> None:
    """See that a command did its work (what only saves time need not be kept), or says what was wrong."""
    assert status in (0, 1, 2), f"status {status}: {where}"
    assert "Traceback" not in said, where
    assert "[Errno" not in said, where
    if status:
        assert any(reason in said for reason in FULL), where


def run(case: Case, root: Path, place: Path, *, after: int) -> tuple[int, str, int]:
    """Run a command; return its status, what it said, and how many writes it did or tried."""
    count = place / "count"
    count.unlink(missing_ok=True)
    command = start(
        case.words,
        root,
        place / "output.txt",
        program=case.program,
        PYTHONPATH=os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")])),
        PYTHONDONTWRITEBYTECODE="1",
        FULL_BELOW=str(root),
        FULL_AFTER=str(after),
        FULL_COUNT=str(count),
    )
    return command.ended(), command.said, count.stat().st_size if count.exists() else 0


def some_of(writes: int, most: int, drawn: random.Random) -> Iterable[int]:
    """Return how many writes go well before the disk is full: all numbers, or so many of them."""
    if writes <= most:
        return range(writes)
    return sorted({0, writes - 1, *drawn.sample(range(writes), most - 2)})


def files(root: Path, derived: tuple[str, ...] = ()) -> Files:
    """Return the files of a guide by their names, without what is derived."""
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(derived)}


def assert_whole(found: Files, before: Files, after: Files, where: str) -> None:
    """See that each file is as it was or as it was to become, and that none is there that is neither."""
    for name, content in found.items():
        assert name in before or name in after, f"{name} was left over: {where}"
        wanted = [state[name] for state in (before, after) if name in state]
        assert content in wanted, f"{name} is half: {where}"
    gone = before.keys() - found.keys()
    assert not gone, f"{sorted(gone)[:3]} are gone: {where}"


def sentence(said: str) -> str:
    """Return the line that tells of the full disk."""
    return next(line.strip() for line in said.splitlines() if any(reason in line for reason in FULL))


# What is examined -------------------------------------------------------------------------------------

BREAD = Path(__file__).parents[1] / "guides" / "bread"
TEXTS = ("--definition", "en=A cereal.", "--definition", "es=Un cereal.")
TERM = ("new", "term", "rye", "--term", "en=rye", "--term", "es=centeno", *TEXTS)
PLAN = ("plan", "--goal", "sourdough", "-w", "6", "--allow-superseded", "--ics", "out/plan.ics")
EXPORTS = {"json": "guide.json", "csv": "coverage.csv", "bibtex": "works.bib", "anki": "terms.apkg"}


def bread(root: Path) -> Path:
    return Path(shutil.copytree(BREAD, root))


def photos(root: Path) -> Path:
    """Make a folder of small images of two classes."""
    from PIL import Image

    (root / "experiments").mkdir(parents=True)
    for number in range(20):
        place = root / "data" / "photos" / ("daisy" if number % 2 else "rose")
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 48), (200, 10 * number, 60)).save(place / f"{number}.png")
    return root


def commands() -> list[Case]:
    """Return every command that writes, without those that build or train."""
    return [
        Case(("fmt",), bread),
        Case(TERM, bread),
        Case(("new", "topic", "rye", "--area", "dough", *TEXTS), bread),
        Case(("new", "course", "rye-bread", "--title", "Rye"), bread),
        *(Case(("export", kind, "--out", f"out/{name}"), bread) for kind, name in EXPORTS.items()),
        Case(("schema", "--out", "schemas"), bread),
        Case(("schema", "--modelines"), bread),
        Case(PLAN, bread),
        Case(("init", "my-guide", "--title", "Mine"), bread),
        Case(("experiment", "new", "flowers", "--folder", "data/photos"), photos),
        Case(("experiment", "report", "tiny"), builds.make_guide),
    ]


def training() -> Case:
    def fresh(root: Path) -> Path:
        return trainings.make_guide(root, "keras")

    def look(root: Path) -> None:
        for place in (root / "experiments" / "results" / "killed").glob("*"):
            assert not place.name.startswith("."), f"{place} was left over"
            read_record(place)

    derived = ("build/", "experiments/results/")
    return Case(("experiment", "run", "killed"), fresh, derived, trainings.NUMPY, look)


def building(place: Path, words: Sequence[str] = ("build",)) -> Case:
    """Return the build of a changed guide that has an older site, which must stay or be replaced whole."""
    root = builds.make_guide(place / "with-site")
    completed(["build"], root, place / "output.txt")
    builds.retitle(root, 0, 1)
    old = builds.digest(root / "build" / "site")

    def look(other: Path) -> None:
        assert builds.digest(other / "build" / "site") == old
        assert not list((other / "build").glob(".*"))

    return Case(words, lambda other: Path(shutil.copytree(root, other)), ("build/",), look=look)
