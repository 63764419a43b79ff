"""When each file of a guide last changed, as its git history says."""

from __future__ import annotations

import subprocess
from pathlib import Path

_COMMIT = "\x01"


def last_changes(root: Path) -> dict[str, str]:
    """Return the day of the last commit to each file, by its path within `root`.

    Files with changes not yet committed are left out. Without git, without a history, or with one that is cut
    off (a shallow clone would date every file to its only commit), nothing is known.
    """
    if _git(root, "rev-parse", "--is-shallow-repository").strip() != "false":
        return {}
    log = _git(root, "log", "--relative", f"--format={_COMMIT}%cs", "--name-only", "--no-renames", "--", ".")
    days: dict[str, str] = {}
    day = ""
    for line in log.splitlines():
        if line.startswith(_COMMIT):
            day = line.removeprefix(_COMMIT)
        elif line:
            days.setdefault(line, day)
    for line in _git(root, "diff", "--relative", "--name-only", "HEAD", "--", ".").splitlines():
        days.pop(line, None)
    return days


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints; "" where it cannot say it."""
    command = ["git", "-c", "core.quotePath=false", *arguments]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
