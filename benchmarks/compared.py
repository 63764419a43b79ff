"""Our build beside MkDocs alone and Zensical on the same Markdown, our check beside a validator of schemas.

    python -m venv build/tools && build/tools/bin/pip install zensical==0.0.73 check-jsonschema==0.39.0
    python benchmarks/compared.py [--repeat 3]

The guide of this repository is copied to `build/compared` and built with `moocmap build`. Then MkDocs renders
the Markdown that this left, with the same configuration and theme, both languages side by side as ours does;
what it lacks is compiling, the security policy and the check of links. Zensical renders the same files with
the same configuration, but for two things: it takes folders by names relative to the configuration alone, and
its check of anchors, which knows none of the theme's drawings, is switched off.

`moocmap check` reads all of the data and applies all rules; `check-jsonschema` holds the same files against
our JSON Schemas, with one process for each kind of file, as its command line asks for.

All in one run and by turns, so that ratios hold on a busy machine too: those of CPU time do best. There is
no budget; the project's is that of `size.py`: at most 10 % of a build's time is ours.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

import yaml
from figures import Figure, write
from mkdocs.utils.yaml import yaml_load
from size import MOOCMAP, REPOSITORY, Cost, cost_of

from moocmap.curriculum.schema import SCHEMAS, kind_of

TOOLS = REPOSITORY / "build" / "tools" / "bin"
GUIDE = REPOSITORY / "build" / "compared"
PARTS = ("curriculum", "experiments", "site", "mkdocs.yml")
LOCALES = ("en", "es")


def copy_guide() -> None:
    """Copy this repository's guide without anything built."""
    shutil.rmtree(GUIDE, ignore_errors=True)
    GUIDE.mkdir(parents=True)
    for part in PARTS:
        copy = shutil.copytree if (REPOSITORY / part).is_dir() else shutil.copyfile
        copy(REPOSITORY / part, GUIDE / part)


def ours() -> Cost:
    return cost_of(*MOOCMAP, "--root", GUIDE, "build")


def mkdocs() -> Cost:
    command = (sys.executable, "-m", "mkdocs", "build", "--quiet")
    places = {locale: GUIDE / "build" / "mkdocs" / locale for locale in LOCALES}
    commands = [(*command, "-f", f"build/mkdocs.{one}.yml", "-d", place) for one, place in places.items()]
    return side_by_side(commands, NO_MKDOCS_2_WARNING="1")


def zensical() -> Cost:
    for locale in LOCALES:
        settings = yaml_load((GUIDE / "build" / f"mkdocs.{locale}.yml").open(encoding="utf-8"))
        settings |= {"docs_dir": f"build/pages/{locale}", "site_dir": f"build/zensical/{locale}"}
        settings["validation"] = False
        settings["theme"]["custom_dir"] = "site/theme"
        text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
        (GUIDE / f"zensical.{locale}.yml").write_text(text, encoding="utf-8")
    commands = [
        (TOOLS / "zensical", "build", "--clean", "-f", f"zensical.{locale}.yml") for locale in LOCALES
    ]
    return side_by_side(commands)


def side_by_side(commands: Sequence[Sequence[str | Path]], **environment: str) -> Cost:
    """Run commands at the same time in the guide's folder; return their sum, but the time until all ended."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(len(commands)) as pool:
        costs = list(pool.map(lambda one: cost_of(*one, folder=GUIDE, **environment), commands))
    wall = time.perf_counter() - begin
    return Cost(wall, sum(cost.cpu for cost in costs), max(cost.peak for cost in costs))


def check() -> Cost:
    shutil.rmtree(GUIDE / "build" / "cache", ignore_errors=True)
    return cost_of(*MOOCMAP, "--root", GUIDE, "check")


def check_jsonschema() -> Cost:
    """Hold all files against their schemas, kind by kind; return the sum."""
    folder, kinds = GUIDE / SCHEMAS.parent, dict[str, list[Path]]()
    for path in sorted(folder.rglob("*.yml")):
        kind = kind_of(PurePath(path.relative_to(folder)))
        if kind:
            kinds.setdefault(kind, []).append(path)
    costs = [
        cost_of(TOOLS / "check-jsonschema", "--schemafile", GUIDE / SCHEMAS / f"{kind}.json", *paths)
        for kind, paths in kinds.items()
    ]
    return Cost(sum(c.wall for c in costs), sum(c.cpu for c in costs), max(c.peak for c in costs))


BUILDS: dict[str, Callable[[], Cost]] = {
    "moocmap build": ours,
    "MkDocs alone": mkdocs,
    "Zensical": zensical,
}
CHECKS: dict[str, Callable[[], Cost]] = {"moocmap check": check, "check-jsonschema": check_jsonschema}


def measure(runs: dict[str, Callable[[], Cost]], repeat: int) -> dict[str, Figure]:
    """Run each in turn, some times over; return medians, and ratios of the first to each other one."""
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(repeat):
        for name, run in runs.items():
            costs[name].append(run())
    first, *others = runs
    figures: dict[str, Figure] = {}
    for name, found in costs.items():
        cpu, wall = (statistics.median(getattr(cost, key) for cost in found) for key in ("cpu", "wall"))
        peak = max(cost.peak for cost in found)
        print(f"  {name:18} {cpu:8.2f} s CPU {wall:8.2f} s wall {peak:6.0f} MiB")
        figures[f"{name}, CPU"] = Figure(round(cpu, 2), "s")
        figures[f"{name}, wall"] = Figure(round(wall, 2), "s")
        figures[f"{name}, memory of the largest process"] = Figure(round(peak), "MiB")
    for other in others:
        for key in ("cpu", "wall"):
            pairs = zip(costs[first], costs[other], strict=True)
            ratio = statistics.median(getattr(mine, key) / getattr(its, key) for mine, its in pairs)
            print(f"  {first} / {other}, {key}: {ratio:.2f}")
            figures[f"{first} / {other}, {key}"] = Figure(round(ratio, 3), "times")
    return figures


def pages_of(folder: str) -> int:
    """Count the pages that a renderer made, without those for errors."""
    made = (GUIDE / "build" / folder / locale for locale in LOCALES)
    return sum(path.name != "404.html" for place in made for path in place.rglob("*.html"))


def main() -> int:
    """Print the figures; return the exit code: 1 where the renderers did not make the same pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3, help="how often each build is made")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    for tool in ("zensical", "check-jsonschema"):
        if not (TOOLS / tool).is_file():
            parser.error(f"{tool} is missing: install it as {Path(__file__).name} --help says")
    versions = [
        subprocess.run([TOOLS / tool, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        for tool in ("zensical", "check-jsonschema")
    ]
    print("; ".join(versions))
    copy_guide()
    figures = measure(CHECKS, 5) | measure(BUILDS, options.repeat)
    counts = {name: pages_of(name) for name in ("site", "mkdocs", "zensical")}
    print("  pages: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    figures["pages"] = Figure(counts["site"], "pages")
    if options.json:
        write(options.json, "compared", figures)
    return int(len(set(counts.values())) > 1)


if __name__ == "__main__":
    sys.exit(main())
