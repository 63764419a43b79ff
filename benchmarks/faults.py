"""Kills, full disks, two at once: what is left of trainings and sites, and whether the next start mends it.

    python benchmarks/faults.py kill [--library keras|fastai|numpy] [--times 100] [--minutes M] [--seed 0]
    python benchmarks/faults.py build|serve [--times 100] [--minutes M] [--seed 0]
    python benchmarks/faults.py full [--only WORD] [--tmpfs] [--times 20] [--seed 0]
    python benchmarks/faults.py twice

`kill` trains one small run, again and again, and kills it at random moments: of its whole duration, of its
training proper, or at the sight of a file that is being written. By turns it kills everything, the command
alone (its worker then has to end by itself) or the worker alone, and goes on with the same command, in half
of the cases while an old worker may still be there. Every record must be whole at every moment, and when a
training gets to its end, equal to an uninterrupted one: epochs, predictions, weights, all but times.

`build` does so with the builds of a small guide: the site must be the old one or the new one, whole, at every
moment, and the next build clears up. `serve` does so with servers while the guide is edited: the built site
must stay as it is, and the next server shows the newest edit.

`full` lets every command that writes run on a disk that is full from its k-th write on, for all k up to
`--times` or as many drawn ones: it must say so in one sentence, leave each file as it was or as it was to
become, and work when there is room again. `--tmpfs` trains and builds on real file systems too small for it,
in namespaces of their own (unshare, mount).

`twice` starts two processes on the same experiment or the same guide at once: both end well, or one refuses.

The first fault ends a command with an AssertionError that says what was found. `--keep DIR` works there and
leaves everything to look at. `--json FILE` adds the figures to those that the file has of other commands.
Budget: no fault. For Linux.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import figures
from figures import Figure

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.faults import builds, full_disk, small_disk, trainings
from tests.faults import twice as at_once

Figures = dict[str, Figure]


@contextmanager
def place_for(options: argparse.Namespace, name: str) -> Iterator[Path]:
    """Give a new folder: below `--keep`, else one that goes at the end."""
    with tempfile.TemporaryDirectory(prefix="moocmap-faults-") as temporary:
        place = (options.keep or Path(temporary)) / name
        place.mkdir(parents=True)
        yield place


def kill(options: argparse.Namespace) -> Figures:
    library = options.library
    with place_for(options, library) as place:
        is_pretended = library == "numpy"
        root = trainings.make_guide(place, "keras" if is_pretended else library)
        program = trainings.NUMPY if is_pretended else trainings.MOOCMAP
        fire = trainings.Trainings(root, program=program, seed=options.seed)
        seconds = f"{fire.seconds:.1f} s, from the first checkpoint on {fire.training:.1f} s"
        print(f"uninterrupted: {seconds}", flush=True)
        tally = fire.under_fire(options.times, 60 * options.minutes)
    for how, count in sorted(tally.kills.items()):
        print(f"  {count:3} kills: {how}")
    ends = tally.seconds_to_end or [0.0]
    print(
        f"  {tally.recorded} records, all equal to the uninterrupted one; no half record, nothing left over"
    )
    print(f"  orphans ended after {statistics.median(ends):.2f} s (median), {max(ends):.2f} s (longest)")
    print(f"  unfinished files and folders at one time: {tally.most_unfinished} at most")
    return {
        f"{library}: kills": Figure(sum(tally.kills.values()), "kills"),
        f"{library}: records resumed and equal": Figure(tally.recorded, "records"),
        f"{library}: half or differing records": Figure(0, "records", 0),
        f"{library}: longest life of an orphaned worker": Figure(round(max(ends), 2), "s"),
        f"{library}: unfinished files at one time": Figure(tally.most_unfinished, "files"),
    }


def build(options: argparse.Namespace) -> Figures:
    return shelled(options, builds.Builds)


def serve(options: argparse.Namespace) -> Figures:
    return shelled(options, builds.Servers)


def shelled(options: argparse.Namespace, kind: type[builds.Builds]) -> Figures:
    name = options.command
    with place_for(options, name) as place:
        fire = kind(place / "guide", options.seed)
        print(f"uninterrupted: {fire.seconds:.1f} s", flush=True)
        tally = fire.under_fire(options.times, 60 * options.minutes)
    for how, count in sorted(tally.kills.items()):
        print(f"  {count:3} kills: {how}")
    print(
        f"  left a whole site each time: {tally.sites['old']} times the old, {tally.sites['new']} the new one"
    )
    print(f"  {tally.ended} builds that were let end made the right site and left nothing over")
    print(f"  folders of killed builds at one time: {tally.most_leftovers} at most")
    return {
        f"{name}: kills": Figure(sum(tally.kills.values()), "kills"),
        f"{name}: broken or missing sites": Figure(0, "sites", 0),
        f"{name}: folders of killed builds at one time": Figure(tally.most_leftovers, "folders"),
    }


def full(options: argparse.Namespace) -> Figures:
    tried, called = 0, 0
    with place_for(options, "full") as place:
        if options.tmpfs:
            return too_small(place, options)
        cases = [*full_disk.commands(), full_disk.training()]
        cases += [full_disk.building(place / words, (words,)) for words in ("build", "pages")]
        for number, case in enumerate(cases):
            if options.only not in " ".join(case.words):
                continue
            (place / str(number)).mkdir()
            found = full_disk.examine(case, place / str(number), options.times, options.seed)
            tried, called = tried + found.tried, called + 1
            print(f"{case.name}: full at {found.tried} of {found.writes} writes; whole each time", flush=True)
            for sentence in sorted(found.sentences, key=len)[:1]:
                print(f"  {sentence}")
    return {
        "full disk: commands": Figure(called, "commands"),
        "full disk: writes at which it was full": Figure(tried, "writes"),
        "full disk: tracebacks, half files": Figure(0, "faults", 0),
    }


def too_small(place: Path, options: argparse.Namespace) -> Figures:
    """Train and build on real file systems of memory that are full at some moment."""
    tried = {}
    for case in (full_disk.training(), full_disk.building(place)):
        tried[case.name] = small_disk.examine(case, place, options.times, options.seed)
        print(f"{case.name}: {tried[case.name]} sizes of a full tmpfs; whole each time", flush=True)
    return {f"full tmpfs: {name}": Figure(count, "sizes") for name, count in tried.items()}


def twice(options: argparse.Namespace) -> Figures:
    with place_for(options, "twice") as place:
        for number, (name, check) in enumerate(at_once.CASES.items()):
            check(place / str(number) / "guide")
            print(f"{name}: nothing lost", flush=True)
    return {"twice: pairs of commands": Figure(len(at_once.CASES), "pairs")}


COMMANDS = {"kill": kill, "build": build, "serve": serve, "full": full, "twice": twice}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--library", default="keras", choices=("keras", "fastai", "numpy"))
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="full: only commands with this word")
    parser.add_argument("--tmpfs", action="store_true", help="full: on real small file systems")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = COMMANDS[options.command](options)
    if options.json:
        figures.add(options.json, "faults", found)


if __name__ == "__main__":
    main()
