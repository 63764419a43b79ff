"""Whether `moocmap check` stands whatever may become of the guide's files: thousands of random mutations.

    python benchmarks/hostile_yaml.py [--mutations 5000] [--first 0] [--jobs 2] [--cli 20] [--json FILE]
    python benchmarks/hostile_yaml.py --show SEED

Each seed changes one real file of `curriculum/` or `experiments/` (bytes flipped, lines dropped, doubled and
swapped, other indentation, values of other types, keys renamed, tokens and odd characters put in), and the
whole guide is checked with it, every rule included; the other files are read only once. Of every fifth seed
`moocmap fmt` is asked to format the file too, and the first `--cli` seeds are checked again by the real
command. The budget: never a traceback, never more than 10 s of processor time or 1 GiB, and each finding is
one line that names a place in its file. Prints what was found, and the seeds of all failures; exit code 1
when there are any.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import figures
from figures import Figure

from moocmap.curriculum.check import examine
from moocmap.curriculum.formatting import format_text
from moocmap.curriculum.schema import kind_of
from moocmap.diagnostics import Diagnostic, DiagnosticsError, as_json
from moocmap.experiments.settings.load import load_experiments
from moocmap.parsed import ParsedFiles
from moocmap.reports import as_github

REPOSITORY = Path(__file__).parent.parent
SECONDS, MEBIBYTES = 10, 1024
WAITING = 120
"""Seconds after which a check that computes nothing waits for ever, however busy the machine is."""

# Mutations -------------------------------------------------------------------------------------------

VALUES = r"""null ~ [] {} [[]] [{}] {a:1} true yes 0 -1 1e400 -0.0 .inf -.inf .nan 0x1F 0o17 1_000 1:30
2020-13-45 9999-12-31 0000-00-00 2020-02-30T25:61:61Z 😀 é "\0" "\e[2J" "\ud800" "\u202e" "a\nb" '' ""
' | > |2 & * *a &a ! !!set !!python/object/apply:os.system !!timestamp !!bool !!int !!float !!binary !!merge
<<: @ ` % # - ? : , [ ] { } " --- ... {{7*7}} ${HOME} ../../../etc/passwd <script>alert(1)</script> NaN en es
javascript:alert(1) file:///etc/passwd http://[::1 https://a.b/%zz C:\x id"""
SEEN = [*VALUES.split(), "\u202eabc\u202c", "\u200b", "\ufeff", "\ufffd", "\u0301"]
TAGS = [
    *(
        "!!set",
        "!!omap",
        "!!pairs",
        "!!str",
        "!!int",
        "!!float",
        "!!bool",
        "!!null",
        "!!timestamp",
        "!!binary",
    ),
    *("!!merge", "!!python/none", "!x", "&a", "*a"),
]
TOKENS = [
    *SEEN,
    "\t",
    "\0",
    "\x1b[31m",
    "\r",
    "\x85",
    "\u2028",
    "\ud7ff",
    "\U0010ffff",
    "\x7f",
    ": ",
    "- ",
    "? ",
    " #",
]
BYTES = [
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r\n",
]
_KEY = re.compile(rb"^(?P<before>\s*(?:- )*(?:\{ ?)?)(?P<key>[\w-]+):(?= |$)(?P<value>.*)$")


def _value(chance: random.Random) -> bytes:
    kind = chance.randrange(8)
    if kind == 0:
        return b"9" * chance.choice([20, 400, 4301, 100_000])
    if kind == 1:
        return chance.choice([b"a", "ñ ".encode(), b"a-", b"1.", b"'", b"x: "]) * chance.choice(
            [300, 5000, 200_000]
        )
    if kind == 2:
        levels = chance.choice([3, 50, 99, 101, 10_000])
        return b"[" * levels + b"]" * chance.choice([levels, levels - 1])
    return chance.choice(SEEN).encode()


def _flip_bits(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice([1, 1, 10, 100])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _insert(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data) + 1)
    data[place:place] = chance.choice([*BYTES, *(token.encode() for token in TOKENS), _value(chance)])


def _cut(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.choice([1, 2, 10, 1000, len(data)])]


def _repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + chance.choice([1, 10, 1000])] * chance.choice([1, 2, 50])


def _line_ends(chance: random.Random, data: bytearray) -> None:
    data[:] = data.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\n", b"\n\t", b" \n", b"\xc2\x85"]))


def _on_lines(
    change: Callable[[random.Random, list[bytes], int], None],
) -> Callable[[random.Random, bytearray], None]:
    def mutation(chance: random.Random, data: bytearray) -> None:
        lines = bytes(data).split(b"\n")
        change(chance, lines, chance.randrange(len(lines)))
        data[:] = b"\n".join(lines)

    return mutation


def _drop_lines(chance: random.Random, lines: list[bytes], at: int) -> None:
    del lines[at : at + chance.choice([1, 1, 2, 20])]


def _double_lines(chance: random.Random, lines: list[bytes], at: int) -> None:
    lines[at:at] = lines[at : at + chance.choice([1, 1, 5, 50])]


def _swap_lines(chance: random.Random, lines: list[bytes], at: int) -> None:
    other = chance.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _indent(chance: random.Random, lines: list[bytes], at: int) -> None:
    for number in range(at, min(at + chance.choice([1, 1, 5, 100]), len(lines))):
        lines[number] = chance.choice([b" ", b"  ", b"\t", b"- ", b" " * 200]) + lines[number]


def _dedent(chance: random.Random, lines: list[bytes], at: int) -> None:
    for number in range(at, min(at + chance.choice([1, 1, 5, 100]), len(lines))):
        lines[number] = lines[number].removeprefix(chance.choice([b" ", b"  ", b"- "]))


def _at_key(
    change: Callable[[random.Random, re.Match[bytes]], bytes],
) -> Callable[[random.Random, bytearray], None]:
    """Change a line with a key: most of what a file means hangs on these."""

    def on_line(chance: random.Random, lines: list[bytes], at: int) -> None:
        places = [*range(at, len(lines)), *range(at)]
        found = next(((place, match) for place in places if (match := _KEY.match(lines[place]))), None)
        if found:
            lines[found[0]] = change(chance, found[1])

    return _on_lines(on_line)


def _other_value(chance: random.Random, line: re.Match[bytes]) -> bytes:
    return line["before"] + line["key"] + b": " + _value(chance)


def _other_key(chance: random.Random, line: re.Match[bytes]) -> bytes:
    key = chance.choice(
        [line["key"] + b"x", line["key"][:-1], line["key"].upper(), b"id", b"refs", _value(chance)]
    )
    return line["before"] + key + b":" + line["value"]


def _no_key(chance: random.Random, line: re.Match[bytes]) -> bytes:
    return line["before"] + line["value"].strip()


def _tagged(chance: random.Random, line: re.Match[bytes]) -> bytes:
    return line["before"] + line["key"] + b": " + chance.choice(TAGS).encode() + line["value"]


MUTATIONS: tuple[Callable[[random.Random, bytearray], None], ...] = (
    _flip_bits,
    _insert,
    _cut,
    _repeat,
    _line_ends,
    *map(_on_lines, (_drop_lines, _double_lines, _swap_lines, _indent, _dedent)),
    *map(_at_key, (_other_value, _other_value, _other_value, _other_key, _no_key, _tagged)),
)


def data_files(root: Path) -> list[Path]:
    """Return the files that are mutated, in an order that is the same everywhere."""
    folder = root / "curriculum"
    found = [*folder.rglob("*.yml"), folder / "references.bib", *(root / "experiments").glob("*.yml")]
    return sorted(path for path in found if ".schemas" not in path.parts)


def mutated(seed: int, root: Path) -> tuple[Path, bytes]:
    """Return which file a seed changes, and what it makes of it."""
    chance = random.Random(seed)
    path = chance.choice(data_files(root))
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        if data:
            chance.choice(MUTATIONS)(chance, data)
    return path, bytes(data)


# Checking --------------------------------------------------------------------------------------------


class Guide:
    """A copy of the guide in which one file at a time is changed; what was read of the others is kept."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place = root, place
        for path in data_files(root):
            self._restore(path)
        self._parsed = ParsedFiles(place)
        self._problems(place / "curriculum" / "guide.yml")

    def check(self, path: Path, data: bytes, with_form: bool) -> list[Diagnostic]:
        """Check the guide with a file changed. Raises AssertionError when a finding names no place in it."""
        changed = self.place / path.relative_to(self.root)
        changed.write_bytes(data)
        try:
            problems = self._problems(changed)
        finally:
            self._restore(path)
        lines = 2 + len(data.decode("utf-8", "replace").splitlines())
        for problem in problems:
            shown = str(problem)
            assert shown.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", shown), repr(
                shown
            )
            assert problem.line >= 1, shown
            assert problem.column >= 1, shown
            assert problem.line <= lines or changed.name != Path(problem.file).name, shown
        (as_json(problems) + as_github(problems)).encode()
        if with_form and "experiments" not in changed.parts and changed.suffix == ".yml":
            self._format(changed, data)
        return problems

    def _problems(self, changed: Path) -> list[Diagnostic]:
        if changed.parent.name != "experiments":
            return examine(self.place, datetime.now(UTC).date(), self._parsed).problems
        alone = self.place / "alone" / "experiments"
        shutil.rmtree(alone, ignore_errors=True)
        alone.mkdir(parents=True)
        shutil.copyfile(changed, alone / changed.name)
        return load_experiments(alone.parent)[1]

    def _format(self, path: Path, data: bytes) -> None:
        kind = kind_of(path.relative_to(self.place / "curriculum"))
        try:
            text = data.decode("utf-8-sig")
            if kind:
                format_text(text, kind, path.name, ["en", "es"])
        except (DiagnosticsError, UnicodeDecodeError):
            pass  # refused by name: what is to be seen is that nothing else comes

    def _restore(self, path: Path) -> None:
        target = self.place / path.relative_to(self.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def work(first: int, past: int, root: Path) -> None:
    """Check seed after seed and print a line of JSON before and after each."""
    faulthandler.register(signal.SIGPROF, chain=True)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    with tempfile.TemporaryDirectory() as place:
        guide = Guide(root, Path(place))
        for seed in range(first, past):
            _say(seed=seed)
            faulthandler.dump_traceback_later(WAITING, exit=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process
            started, failure, problems = time.process_time(), "", []
            path, data = mutated(seed, root)
            try:
                problems = guide.check(path, data, with_form=seed % 5 == 0)
            except Exception:
                failure = traceback.format_exc()
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.cancel_dump_traceback_later()
            _say(
                done=seed,
                file=path.relative_to(root).as_posix(),
                seconds=time.process_time() - started,
                mebibytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                rules=sorted({problem.rule for problem in problems if problem.severity == "error"}),
                failure=failure,
            )


def _say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


# Many at once ----------------------------------------------------------------------------------------


def results(first: int, past: int, root: Path) -> Iterator[dict[str, Any]]:
    """Check a range of seeds in a process; one that ends is a failure of its seed, and the next goes on."""
    while first < past:
        command = [sys.executable, __file__, "--worker", str(first), str(past), str(root)]
        with tempfile.TemporaryFile("w+") as errors:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    facts = json.loads(line)
                    if "done" in facts:
                        yield facts
                        first = facts["done"] + 1
            if first < past:
                errors.seek(0)
                said = "\n".join(errors.read().splitlines()[-30:])
                yield {"done": first, "failure": f"the process ended with {process.returncode}\n{said}"}
                first += 1


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check_by_command(seed: int, root: Path) -> dict[str, Any]:
    """Run `moocmap check` on a copy of the guide with a seed's file changed."""
    path, data = mutated(seed, root)
    with tempfile.TemporaryDirectory() as place:
        for source in data_files(root):
            target = Path(place) / source.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (Path(place) / path.relative_to(root)).write_bytes(data)
        command = [sys.executable, "-m", "moocmap", "--root", place, "check", "--all"]
        before = _seconds_of_children()
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                timeout=WAITING,
                env={**os.environ, "NO_COLOR": "1"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"done": seed, "failure": f"moocmap check took more than {WAITING} s"}
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        is_fine = done.returncode in (0, 1) and "Traceback" not in said
        return {
            "done": seed,
            "seconds": _seconds_of_children() - before,
            "mebibytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "failure": "" if is_fine else f"exit code {done.returncode}\n{said[-3000:]}",
        }


def show(seed: int, root: Path) -> None:
    """Check one seed and print what is found."""
    path, data = mutated(seed, root)
    with tempfile.TemporaryDirectory() as place:
        for problem in Guide(root, Path(place)).check(path, data, with_form=True):
            print(problem)


def _summary(found: list[dict[str, Any]], name: str) -> tuple[float, float]:
    slowest = max(found, key=lambda one: one.get("seconds", 0))
    largest = max(one.get("mebibytes", 0) for one in found)
    print(
        f"{name}: {len(found)} mutations, {sum(bool(one['failure']) for one in found)} failures; slowest "
        f"{slowest.get('seconds', 0):.1f} s (seed {slowest['done']}), most memory {largest:.0f} MiB"
    )
    return slowest.get("seconds", 0), largest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cli", type=int, default=20, help="so many of them by the real command too")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the guide")
    parser.add_argument("--show", type=int, metavar="SEED")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.worker:
        work(int(options.worker[0]), int(options.worker[1]), Path(options.worker[2]))
        return
    if options.show is not None:
        show(options.show, options.root)
        return
    past, size = options.first + options.mutations, -(-options.mutations // options.jobs)
    parts = [(start, min(start + size, past)) for start in range(options.first, past, size)]
    with ThreadPoolExecutor(options.jobs) as pool:
        found = [
            one for part in pool.map(lambda part: list(results(*part, options.root)), parts) for one in part
        ]
    by_command = [
        check_by_command(seed, options.root) for seed in range(options.first, options.first + options.cli)
    ]
    _report(found, by_command, options.json)


def _report(found: list[dict[str, Any]], by_command: list[dict[str, Any]], place: Path | None) -> None:
    seconds, memory = _summary(found, "in one process")
    failures = [one for one in [*found, *by_command] if one["failure"]]
    rules = Counter(rule for one in found for rule in one.get("rules", []))
    refused = sum(bool(one.get("rules")) for one in found)
    counts = ", ".join(f"{number} {rule}" for rule, number in rules.most_common())
    print(f"{refused} gave errors, by {len(rules)} rules: {counts}")
    measured = {
        "mutations": Figure(len(found), "mutations"),
        "mutations with errors found": Figure(refused, "mutations"),
        "failures": Figure(len(failures), "mutations", 0),
        "slowest check": Figure(round(seconds, 2), "s", SECONDS),
        "most memory": Figure(round(memory), "MiB", MEBIBYTES),
    }
    if by_command:
        seconds, memory = _summary(by_command, "moocmap check")
        measured["slowest moocmap check"] = Figure(round(seconds, 2), "s", SECONDS)
        measured["most memory of moocmap check"] = Figure(round(memory), "MiB", MEBIBYTES)
    for one in failures:
        print(f"\nseed {one['done']} {one.get('file', '')}\n{one['failure']}")
    if place:
        figures.write(place, "hostile-yaml", measured)
    missed = [
        name for name, figure in measured.items() if figure.most is not None and figure.value > figure.most
    ]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
