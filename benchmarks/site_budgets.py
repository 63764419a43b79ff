"""Measures how much of the built site a browser loads, per kind of page, and holds it against the budgets.

    python benchmarks/site_budgets.py [SITE]

SITE is a built site (default: build/site, which `moocmap build` makes). It is served compressed, as hosts do,
and opened in Chromium (CHROMIUM names another than /usr/bin/chromium) without a cache. Exits with 1 when a
budget is exceeded.
"""

from __future__ import annotations

import gzip
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from compressed_server import served
from playwright.sync_api import sync_playwright

KB = 1024
HOME_BUDGET = 200 * KB
SCRIPT_BUDGET = 60 * KB
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FACTS = """() => ({
  nodes: document.querySelectorAll("*").length,
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  shift: globalThis.shift ?? 0,
})"""
SHIFTS = """new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) globalThis.shift = (globalThis.shift ?? 0) + entry.value;
}).observe({type: "layout-shift", buffered: true})"""


def kinds_of(site: Path) -> list[str]:
    """Return one page of each kind: all at the top, and the longest of those that come in numbers."""
    pages = sorted((site / "en").rglob("*.html"), key=lambda path: -path.stat().st_size)
    longest: dict[str, Path] = {}
    for path in pages:
        name = path.relative_to(site / "en")
        depth, is_own = len(name.parts), len(name.parts) == 1 or name.name == "index.html"
        longest.setdefault(name.as_posix() if is_own else f"{name.parts[0]}/{depth}", path)
    return sorted(path.relative_to(site).as_posix() for path in longest.values())


def measure(browser: Any, address: str) -> dict[str, float]:
    """Load a page into an empty cache; return bytes, requests, nodes and the time of the first paint."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with closing(context):
        page = context.new_page()
        page.add_init_script(SHIFTS)
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        loaded: list[float] = []
        devtools.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
        page.goto(address, wait_until="networkidle")
        page.wait_for_timeout(300)
        return {"bytes": sum(loaded), "requests": len(loaded), **page.evaluate(FACTS)}


def main() -> int:
    """Print the table and the budgets; return the exit code."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "build/site")
    own_script = len(gzip.compress((site / "en" / "assets" / "js" / "guide.js").read_bytes()))
    index = len(gzip.compress((site / "en" / "assets" / "js" / "search-index.js").read_bytes()))
    home = 0.0
    with served(site) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        print(f"{'page':44}{'KB':>7}{'requests':>10}{'nodes':>8}{'paint ms':>10}{'shift':>8}")
        for path in kinds_of(site):
            found = measure(browser, f"{base}/{path}")
            home = found["bytes"] if path == "en/index.html" else home
            print(
                f"{path[:43]:44}{found['bytes'] / KB:7.1f}{found['requests']:10.0f}{found['nodes']:8.0f}"
                f"{found['paint']:10.0f}{found['shift']:8.3f}"
            )
        browser.close()
    budgets = [("home, first load", home, HOME_BUDGET), ("own script", own_script, SCRIPT_BUDGET)]
    for name, size, budget in budgets:
        print(f"{name}: {size / KB:.1f} KB of {budget / KB:.0f} KB{'' if size <= budget else ' EXCEEDED'}")
    print(f"search index, loaded when the search is opened: {index / KB:.1f} KB")
    return int(any(size > budget for _, size, budget in budgets))


if __name__ == "__main__":
    sys.exit(main())
