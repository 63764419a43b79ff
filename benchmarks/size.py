"""How time and memory of `check`, `pages` and `build` grow with a guide's size.

    python benchmarks/size.py [--lessons 344 1000 3000 10000] [--build 1000 3000] [--open] [--kept]

Checks and builds today's guide, then checks it and makes its pages again with what it then remembers; then
takes guides of `big_guide.py` of so many lessons: `moocmap check` from cold, that is in a new process
without what earlier ones remembered, `moocmap pages`, and for the sizes behind `--build` the whole build,
divided into reading, our pages, MkDocs, the security policy and the check of links. Runs below 20 s are
done five times, others three times. The guides lie in `build/size`; `--kept` uses those of an
earlier run. `--open` opens the heaviest pages of the largest site built in Chromium (CHROMIUM names another
than /usr/bin/chromium).

The budgets hold for a machine that does nothing else. Wall times on a busy one say little; CPU time (of all
processes, in user and system mode) grows less by others' work, so budgets are held against it. The fastest
run counts, as `timeit` advises: what makes others slower is not ours.

Budgets: `check` 0.5 s for today's guide, 5 s at 10,000 lessons; a page of the largest guide costs at most
1.3 times one of the smallest; less than 2 GiB of memory; at most 10 % of a build's time is ours, the rest
MkDocs'.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from big_guide import write_guide
from figures import Figure, write

REPOSITORY = Path(__file__).resolve().parent.parent
MOOCMAP = (sys.executable, "-m", "moocmap")
GUIDES = REPOSITORY / "build" / "size"
ENOUGH_SECONDS, REPEATS, LONG_REPEATS = 20, 5, 3
CHECK_SECONDS = {"today": 0.5, "10000": 5.0}
GROWTH, MEMORY_MIB, OUR_PERCENT = 1.3, 2048, 10
HEAVY = ("compare", "topics/index", "map", "references", "planner", "glossary", "courses/index")
STAGES = {
    "reading": "compile_site",
    "pages": "write_pages",
    "MkDocs": "_render_locales",
    "policy": "_protect",
    "links": "links.check",
}
"""What `engine.build` calls one after the other; their names within it."""

Figures = dict[str, Figure]


@dataclass(frozen=True)
class Cost:
    """What a process and those that it started took: seconds, and MiB at the worst moment of one of them."""

    wall: float
    cpu: float
    peak: float
    said: str = ""


def cost_of(*command: str | Path, folder: Path = REPOSITORY, **environment: str) -> Cost:
    """Run a command in a folder. Raises CalledProcessError, after showing its complaints, when it fails."""
    environment = {**os.environ, **environment}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users' Python keeps what it has compiled
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
        begin = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            stdout=output,
            stderr=complaints,
            cwd=folder,
            env=environment,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        said, complained = (file.seek(0) or file.read() for file in (output, complaints))
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.write(complained)
        raise subprocess.CalledProcessError(process.returncode, process.args, said)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said)


def repeated(run: Callable[[], Cost]) -> Cost:
    """Return the fastest of five runs; of three where they take long."""
    costs = [run()]
    while len(costs) < (REPEATS if costs[0].wall < ENOUGH_SECONDS else LONG_REPEATS):
        costs.append(run())
    return min(costs, key=lambda cost: cost.cpu)


def check(guide: Path) -> Cost:
    """Check a guide from cold: nothing is left of what an earlier run may have remembered."""
    shutil.rmtree(guide / "build", ignore_errors=True)
    with tempfile.TemporaryDirectory() as cache:
        return cost_of(*MOOCMAP, "--root", guide, "check", XDG_CACHE_HOME=cache)


def pages(guide: Path) -> Cost:
    """Compile a guide's pages from cold."""
    shutil.rmtree(guide / "build", ignore_errors=True)
    with tempfile.TemporaryDirectory() as cache:
        return cost_of(*MOOCMAP, "--root", guide, "pages", XDG_CACHE_HOME=cache)


def build(guide: Path) -> tuple[Cost, dict[str, Any]]:
    """Build a guide's site in a process that notes what it spends on what."""
    shutil.rmtree(guide / "build", ignore_errors=True)
    cost = cost_of(sys.executable, __file__, "--divide", guide)
    return cost, json.loads(cost.said.splitlines()[-1])


def divide(guide: Path) -> dict[str, Any]:
    """Build a site in this process; return its pages, and seconds by stage: wall, own CPU, MkDocs' CPU."""
    from moocmap.site import engine

    spent: dict[str, list[float]] = {}
    for stage, name in STAGES.items():
        holder: Any = engine
        *path, last = name.split(".")
        for part in path:
            holder = getattr(holder, part)
        setattr(holder, last, _clocked(getattr(holder, last), spent.setdefault(stage, [0.0, 0.0, 0.0])))
    begin = _clock()
    built = engine.build(guide.resolve(), today=datetime.now(UTC).date())
    whole = [now - then for now, then in zip(_clock(), begin, strict=True)]
    return {"pages": built.pages, "spent": {**spent, "all": whole}}


def _clocked(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        begin = _clock()
        result = function(*arguments, **options)
        spent[:] = [sum_ + now - then for sum_, now, then in zip(spent, _clock(), begin, strict=True)]
        return result

    return run


def _clock() -> tuple[float, float, float]:
    """Return wall time, this process' CPU time and that of processes that it started and that ended."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return time.perf_counter(), own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


# Measuring ------------------------------------------------------------------------------------------


def measure_check(name: str, guide: Path) -> Figures:
    cost = repeated(lambda: check(guide))
    print(f"  check: {cost.cpu:.2f} s CPU, {cost.wall:.2f} s wall, {cost.peak:.0f} MiB")
    return {
        f"{name}: check, CPU": Figure(round(cost.cpu, 2), "s", CHECK_SECONDS.get(name)),
        f"{name}: check, wall": Figure(round(cost.wall, 2), "s"),
        f"{name}: check, memory": Figure(round(cost.peak), "MiB", MEMORY_MIB),
    }


def measure_pages(name: str, guide: Path) -> Figures:
    cost = repeated(lambda: pages(guide))
    count = int(cost.said.split()[0])
    each = 1000 * cost.cpu / count
    print(
        f"  pages: {count} in {cost.cpu:.1f} s CPU, {cost.wall:.1f} s wall, {each:.2f} ms a page,"
        f" {cost.peak:.0f} MiB"
    )
    return {
        f"{name}: pages": Figure(count, "pages"),
        f"{name}: pages, CPU": Figure(round(cost.cpu, 1), "s"),
        f"{name}: pages, wall": Figure(round(cost.wall, 1), "s"),
        f"{name}: pages, CPU a page": Figure(round(each, 2), "ms"),
        f"{name}: pages, memory": Figure(round(cost.peak), "MiB", MEMORY_MIB),
    }


def measure_build(name: str, guide: Path) -> Figures:
    cost, found = min(
        (build(guide) for _ in range(LONG_REPEATS)), key=lambda one: sum(one[1]["spent"]["all"][1:])
    )
    spent = found["spent"]
    wall, own, mkdocs = spent["all"]
    share, wall_share = 100 * own / (own + mkdocs), 100 * (1 - spent["MkDocs"][0] / wall)
    print(
        f"  build: {found['pages']} pages in {own + mkdocs:.0f} s CPU, {wall:.0f} s wall, {cost.peak:.0f} MiB"
    )
    for stage in STAGES:
        print(f"    {stage:8} {spent[stage][1] + spent[stage][2]:8.1f} s CPU {spent[stage][0]:8.1f} s wall")
    print(f"    ours: {share:.0f} % of the CPU time, {wall_share:.0f} % of the wall time")
    figures = {
        f"{name}: build, {stage}, CPU": Figure(round(spent[stage][1] + spent[stage][2], 1), "s")
        for stage in STAGES
    }
    return figures | {
        f"{name}: build, CPU": Figure(round(own + mkdocs, 1), "s"),
        f"{name}: build, wall": Figure(round(wall, 1), "s"),
        f"{name}: build, CPU a page": Figure(round(1000 * (own + mkdocs) / found["pages"], 2), "ms"),
        f"{name}: build, our share of CPU": Figure(round(share, 1), "%", OUR_PERCENT),
        f"{name}: build, our share of wall": Figure(round(wall_share, 1), "%", OUR_PERCENT),
        f"{name}: build, memory of the largest process": Figure(round(cost.peak), "MiB", MEMORY_MIB),
    }


def measure_again(name: str, guide: Path) -> Figures:
    """Check and compile a guide once more, with what the build before remembered of it."""
    found = {}
    for command in ("check", "pages"):
        cost = repeated(lambda command=command: cost_of(*MOOCMAP, "--root", guide, command))
        print(f"  {command} again: {cost.cpu:.2f} s CPU, {cost.wall:.2f} s wall")
        found[f"{name}: {command} again, CPU"] = Figure(round(cost.cpu, 2), "s")
    return found


def growth(figures: Figures, names: list[str], what: str) -> Figures:
    """Return by how much the cost of a page grew from the smallest to the largest size measured."""
    costs = [figures[key].value for name in names if (key := f"{name}: {what}, CPU a page") in figures]
    if len(costs) < 2:
        return {}
    ratio = costs[-1] / costs[0]
    print(f"{what}: a page of the largest guide costs {ratio:.2f} times one of the smallest")
    return {f"{what}, growth of the cost of a page": Figure(round(ratio, 2), "times", GROWTH)}


# In the browser -------------------------------------------------------------------------------------

LOADED = """() => {
  const [entry] = performance.getEntriesByType("navigation");
  return {
    ready: entry.domContentLoadedEventEnd,
    loaded: entry.loadEventEnd,
    nodes: document.querySelectorAll("*").length,
  };
}"""


def measure_browser(name: str, site: Path) -> Figures:
    """Open the heaviest pages of a site in a browser, each with an empty cache, and ask its search."""
    from compressed_server import served
    from playwright.sync_api import sync_playwright

    figures: Figures = {}
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with served(site / "en") as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for path in HEAVY:
            found = [_opened(browser, f"{base}/{path}.html") for _ in range(3)]
            middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
            size = (site / "en" / f"{path}.html").stat().st_size / 2**20
            print(
                f"  {path:16} {size:6.1f} MiB, {middle['sent']:6.2f} MiB sent, {middle['nodes']:8.0f} nodes,"
                f" ready {middle['ready']:6.0f} ms, loaded {middle['loaded']:6.0f} ms,"
                f" answers {middle['answers']:6.0f} ms later"
            )
            figures[f"{name}: {path}, HTML"] = Figure(round(size, 2), "MiB")
            figures[f"{name}: {path}, sent"] = Figure(round(middle["sent"], 2), "MiB")
            figures[f"{name}: {path}, nodes"] = Figure(round(middle["nodes"]), "nodes")
            figures[f"{name}: {path}, DOM ready"] = Figure(round(middle["ready"]), "ms")
            figures[f"{name}: {path}, loaded and answering"] = Figure(
                round(middle["loaded"] + middle["answers"]), "ms"
            )
        found = [_asked(browser, f"{base}/index.html") for _ in range(3)]
        middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
        browser.close()
    size = (site / "en" / "assets" / "js" / "search-index.js").stat().st_size / 2**20
    print(
        f"  search: index {size:.1f} MiB, first answer {middle['first']:.0f} ms, next {middle['next']:.0f} ms"
    )
    figures[f"{name}: search, index"] = Figure(round(size, 2), "MiB")
    figures[f"{name}: search, first answer"] = Figure(round(middle["first"]), "ms")
    figures[f"{name}: search, next answer"] = Figure(round(middle["next"]), "ms")
    return figures


def _opened(browser: Any, address: str) -> dict[str, float]:
    """Load a page into an empty cache; say when it was ready, and how long it then took to lay itself out."""
    with closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        sent: list[float] = []
        devtools.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
        page.goto(address, wait_until="load", timeout=120_000)
        begin = time.perf_counter()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        answers = 1000 * (time.perf_counter() - begin)
        return {**page.evaluate(LOADED), "answers": answers, "sent": sum(sent) / 2**20}


def _asked(browser: Any, address: str) -> dict[str, float]:
    """Open the search and type: the milliseconds until its index is there and answers, and to the next."""
    with closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        found = page.locator(".mm-found__title").first
        begin = time.perf_counter()
        page.keyboard.press("/")
        page.locator(".mm-search__input").fill("sparse net")
        found.wait_for()
        first, begin = time.perf_counter() - begin, time.perf_counter()
        page.locator(".mm-search__input").fill("lesson 3: linear")
        page.wait_for_function(
            "() => document.querySelector('.mm-found__title')?.innerText.includes('inear')"
        )
        return {"first": 1000 * first, "next": 1000 * (time.perf_counter() - begin)}


# ----------------------------------------------------------------------------------------------------


def todays_guide() -> Path:
    """Copy the guide of this repository, so that nothing of its own is thrown away."""
    guide = GUIDES / "today"
    shutil.rmtree(guide, ignore_errors=True)
    for part in ("curriculum", "experiments", "site", "benchmarks/results"):
        shutil.copytree(REPOSITORY / part, guide / part)
    shutil.copyfile(REPOSITORY / "mkdocs.yml", guide / "mkdocs.yml")
    return guide


def made(lessons: int, *, is_kept: bool) -> Path:
    guide = GUIDES / str(lessons)
    if not (is_kept and guide.exists()):
        shutil.rmtree(guide, ignore_errors=True)
        write_guide(guide, lessons, year=datetime.now(UTC).year)
    return guide


def measure(options: argparse.Namespace) -> Figures:
    print("today's guide")
    today = todays_guide()
    figures = measure_check("today", today) | measure_pages("today", today) | measure_build("today", today)
    figures |= measure_again("today", today)
    names = [str(lessons) for lessons in sorted({*options.lessons, *options.build})]
    site: tuple[str, Path] | None = None
    for name in names:
        print(f"{int(name):,} lessons")
        guide = made(int(name), is_kept=options.kept)
        if int(name) in options.lessons:
            figures |= measure_check(name, guide) | measure_pages(name, guide)
        if int(name) in options.build:
            figures |= measure_build(name, guide)
            site = (name, guide / "build" / "site")
    figures |= growth(figures, names, "pages") | growth(figures, names, "build")
    if options.open and site:
        print(f"{int(site[0]):,} lessons in the browser")
        figures |= measure_browser(*site)
    return figures


def main() -> int:
    """Print the table and what misses its budget; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lessons", type=int, nargs="*", default=[344, 1000, 3000, 10000])
    parser.add_argument("--build", type=int, nargs="*", default=[])
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--kept", action="store_true", help="use the guides of an earlier run")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--divide", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.divide:
        print(json.dumps(divide(options.divide)))
        return 0
    figures = measure(options)
    missed = [name for name, one in figures.items() if one.most is not None and one.value > one.most]
    for name in missed:
        print(f"OVER BUDGET: {name}: {figures[name].value} of {figures[name].most} {figures[name].unit}")
    if options.json:
        write(options.json, "size", figures)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
