"""Lists what moocmap stands on: every package with its version, its licence and what is known against it.

    python benchmarks/supply_chain.py              names, versions, licences, from what is installed here
    python benchmarks/supply_chain.py --audit      asks pip-audit too, which needs a network
    python benchmarks/supply_chain.py --audit-file FILE   the same from `pip-audit --format json`

It ends with 1 where a package has no known licence, has no pin or another version than its pin, where an
advisory is found, or where `--audit` was asked for and could not be done. A package that the audit skipped is
named: it is not called safe.

The budget: no finding, no unknown licence, and a core of at most 64 packages with all that they need.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([0-9][0-9a-z.!+]*)")
LICENCES = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|NVIDIA)\b", re.IGNORECASE
)
"""Words of licences under which moocmap may stand on a package; some of NVIDIA's serve its GPUs alone."""
STATED = {"cuda-toolkit": "none named; it holds no files, and asks for packages of NVIDIA"}
"""Of packages that name no licence: what we found out about it."""
MOST_OF_CORE = 64
Figures = dict[str, tuple[int, int | None]]
"""Numbers of packages by what they count, each with its budget, where it has one."""


@dataclass(frozen=True)
class Package:
    """One package, as it is installed here."""

    name: str
    version: str
    licence: str
    core: bool


def declared(root: Path = ROOT) -> dict[str, list[Requirement]]:
    """Return the packages that pyproject.toml names: those of the core as "", those of each extra."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {name: [Requirement(text) for text in group] for name, group in groups.items()}


def pins(root: Path = ROOT) -> dict[str, str]:
    """Return each pinned package with its version.

    Raises ValueError at a line that is no `name==version`: an address, a range, an option.
    """
    found: dict[str, str] = {}
    for number, line in enumerate((root / "constraints.txt").read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        pin = PIN.fullmatch(line)
        if pin is None or pin[1] in found:
            raise ValueError(f"constraints.txt:{number}: expected one pin `name==version`, got '{line}'")
        found[pin[1]] = pin[2]
    return found


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Return the names of these packages and of all that they need on this system, as installed here."""
    found: set[tuple[str, str]] = set()
    open_ = [(one, "") for one in requirements]
    while open_:
        one, extra = open_.pop()
        if one.marker and not one.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(one.name)
        for asked in ("", *one.extras):
            if (name, asked) not in found:
                found.add((name, asked))
                open_ += [(one, asked) for one in _requires(name)]
    return {name for name, _ in found}


@cache
def _requires(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []


def licence_of(found: metadata.Distribution) -> str:
    """Return the licence that a package names, "" where it names none that we know."""
    return next((text for text in _told(found) if LICENCES.search(text)), "")


def _told(found: metadata.Distribution) -> Iterator[str]:
    """Yield what a package says of its licence, the clearest first."""
    said = found.metadata
    classes = [one for one in said.get_all("Classifier") or [] if one.startswith("License ::")]
    yield str(said.get("License-Expression") or "")
    yield ", ".join(one.rpartition(" :: ")[2] for one in classes)
    yield str(said.get("License") or "").strip().partition("\n")[0]
    yield STATED.get(canonicalize_name(said["Name"]), "")
    yield from _titles(found)


def _titles(found: metadata.Distribution) -> Iterator[str]:
    """Yield the lines at the beginning of a package's licence files that name a licence."""
    for file in found.files or []:
        if ".dist-info" in str(file) and file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            lines = file.read_text().splitlines()[:5]
            yield from (line.strip() for line in lines if LICENCES.search(line))


def installed(names: Iterable[str], core: Iterable[str]) -> list[Package]:
    """Return those of the packages that are installed here, by name."""
    core, found = set(core), []
    for name in sorted(names):
        try:
            one = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(Package(name, one.version, licence_of(one), name in core))
    return found


def audited(report: Mapping[str, Any]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return what `pip-audit --format json` found: advisories by package, and why packages were skipped."""
    advisories = {
        one["name"]: [vulnerability["id"] for vulnerability in one["vulns"]]
        for one in report["dependencies"]
        if one.get("vulns")
    }
    skipped = {one["name"]: one["skip_reason"] for one in report["dependencies"] if "skip_reason" in one}
    return advisories, skipped


def ask_audit() -> Mapping[str, Any]:
    """Ask pip-audit about all pins. Raises RuntimeError where it gave no report."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "constraints.txt")]
    command += ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def problems_of(packages: Iterable[Package], pinned: Mapping[str, str]) -> list[str]:
    """Return what is wrong with packages: no licence that we know, no pin, another version than the pin."""
    found = []
    for one in packages:
        if not one.licence:
            found.append(f"{one.name}: no known licence; look it up, then name it in STATED")
        if one.name not in pinned:
            found.append(f"{one.name}: not pinned in constraints.txt; run make constraints")
        elif pinned[one.name] != one.version:
            found.append(f"{one.name}: {one.version} is installed, {pinned[one.name]} is pinned")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    audit = parser.add_mutually_exclusive_group()
    audit.add_argument("--audit", action="store_true", help="ask pip-audit, which needs a network")
    audit.add_argument("--audit-file", type=Path, help="what `pip-audit --format json` wrote")
    options = parser.parse_args()

    groups, pinned = declared(), pins()
    core = closure(groups[""])
    packages = installed(closure(one for group in groups.values() for one in group), core)
    for one in packages:
        print(f"{one.name:32} {one.version:14} {'core' if one.core else '    '}  {one.licence or 'UNKNOWN'}")
    problems = problems_of(packages, pinned)
    lacking = sorted(pinned.keys() - {one.name for one in packages})
    in_core = sum(one.core for one in packages)
    figures: Figures = {
        "packages": (len(packages), None),
        "core packages, with all that they need": (in_core, MOST_OF_CORE),
        "core packages that are named": (len(groups[""]), None),
        "licences unknown": (sum(not one.licence for one in packages), 0),
    }
    print(f"\n{len(packages)} packages, {in_core} of them in the core")
    if lacking:
        print(f"pinned, and not needed or not installed here: {', '.join(lacking)}")
    problems += _audit(options, pinned, figures)
    if options.json:
        _write(options.json, figures)
    problems += [
        f"{name}: {value}, more than {most}"
        for name, (value, most) in figures.items()
        if most is not None and value > most
    ]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _write(path: Path, figures: Figures) -> None:
    from figures import Figure, write  # pandas and SciPy stand behind it

    made = {name: Figure(value, "packages", most) for name, (value, most) in figures.items()}
    write(path, "supply-chain", made)


def _audit(options: argparse.Namespace, pinned: Mapping[str, str], figures: Figures) -> list[str]:
    """Print what the audit found, add it to the figures and return what is wrong."""
    if not options.audit and not options.audit_file:
        print("audit: not asked for; --audit asks pip-audit, which needs a network")
        figures["packages audited"] = (0, None)
        return []
    try:
        report = json.loads(options.audit_file.read_text()) if options.audit_file else ask_audit()
        advisories, skipped = audited(report)
        done = {one["name"] for one in report["dependencies"]} - skipped.keys()
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        return [f"the audit was not done: {error}"]
    figures["packages audited"] = (len(done), None)
    figures["packages with an advisory"] = (len(advisories), 0)
    print(f"audit: {len(done)} of {len(pinned)} packages, {len(advisories)} with an advisory")
    for name, reason in sorted(skipped.items()):
        print(f"  not audited: {name} ({reason})")
    found = [f"{name}: {', '.join(ids)}; take a mended version" for name, ids in sorted(advisories.items())]
    return found if done else ["the audit was not done: every package was skipped", *found]


if __name__ == "__main__":
    raise SystemExit(main())
