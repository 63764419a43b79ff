"""Prints what Lighthouse says of five kinds of page, as a phone and as a desktop computer.

    python benchmarks/lighthouse.py [SITE]

SITE is a built site (default: build/site). Lighthouse comes from npm into a folder that is gone afterwards;
`npm` and Chromium (CHROMIUM names another than /usr/bin/chromium) must be there. Below each score under 95
the audits that lower it are named. Scores of performance vary with what else the computer does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from compressed_server import served

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
ENOUGH = 0.95
PAGES = ("index", "courses/index", "compare", "planner", "topics/*")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def report_on(program: Path, address: str, form: str) -> dict[str, Any]:
    """Run Lighthouse once; return its report."""
    command = [str(program), address, "--output=json", "--quiet", f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    command += ["--preset=desktop"] if form == "desktop" else []
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Lighthouse failed on {address}: {done.stderr.strip()[-300:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def lowering(report: dict[str, Any], category: str) -> list[str]:
    """Return the audits that keep a category from 100, the weightiest first."""
    audits = report["audits"]
    weights = {ref["id"]: ref["weight"] for ref in report["categories"][category]["auditRefs"]}
    lost = {
        name: weight * (1 - audits[name]["score"])
        for name, weight in weights.items()
        if weight and audits[name]["score"] is not None and audits[name]["score"] < 1
    }
    return [
        f"{name} {audits[name].get('displayValue', '')}".strip()
        for name in sorted(lost, key=lambda name: -lost[name])
    ]


def main() -> int:
    """Print the scores; return 1 when one is below 95."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "build/site")
    pages = [next(iter(sorted((site / "en").glob(f"{page}.html")))) for page in PAGES]
    low = 0
    with tempfile.TemporaryDirectory() as folder, served(site) as base:
        subprocess.run(["npm", "install", "--silent", "--prefix", folder, LIGHTHOUSE], check=True)
        program = Path(folder) / "node_modules" / ".bin" / "lighthouse"
        print(f"{'page':40}{'form':>9}" + "".join(f"{category:>16}" for category in CATEGORIES))
        for page in pages:
            path = page.relative_to(site).as_posix()
            for form in ("phone", "desktop"):
                try:
                    report = report_on(program, f"{base}/{path}", form)
                except RuntimeError as error:
                    low += 1
                    print(error)
                    continue
                scores = {category: report["categories"][category]["score"] for category in CATEGORIES}
                print(f"{path:40}{form:>9}" + "".join(f"{score * 100:16.0f}" for score in scores.values()))
                for category, score in scores.items():
                    if score < ENOUGH:
                        low += 1
                        print(f"    {category}: {'; '.join(lowering(report, category))}", flush=True)
    return int(low > 0)


if __name__ == "__main__":
    sys.exit(main())
