"""Sites that change places, and what builds that were killed leave behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moocmap.experiments.training.lock import locked
from moocmap.site import swap
from moocmap.site.errors import SiteError

KILLED_IN_A_SWAP = """
import os, signal, sys
from pathlib import Path
from moocmap.site import engine, swap

target, rename = Path(sys.argv[1]), Path.rename

def killed(path, other):
    if path.name == swap.FRESH and path != target:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, other)

Path.rename = killed
with swap.workplace(target) as place:
    (place / swap.FRESH).mkdir()
    engine._swap(place / swap.FRESH, target, place / swap.OLD)
"""
HOLDER = """
import sys, time
from pathlib import Path
from moocmap.experiments.training.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return site(tmp_path / "build" / "site", "old")


def site(place: Path, says: str) -> Path:
    place.mkdir(parents=True)
    (place / "index.html").write_text(says)
    return place


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def holder(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Start a process that holds the lock of a folder for so long; return it when it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may know no such step")
def test_two_sites_change_places_in_one_step(target: Path) -> None:
    fresh = site(target.with_name("fresh"), "new")
    if not swap.exchange(fresh, target):
        pytest.skip("this disk knows no such step")
    assert (target / "index.html").read_text() == "new"
    assert (fresh / "index.html").read_text() == "old"


def test_without_a_site_to_change_places_with_nothing_happens(tmp_path: Path) -> None:
    fresh = site(tmp_path / "fresh", "new")
    assert swap.exchange(fresh, tmp_path / "site") is False
    assert names(tmp_path) == ["fresh"]


@pytest.mark.skipif(sys.platform == "win32", reason="it is killed by a signal")
def test_killed_between_two_renames_the_last_good_site_comes_back(target: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_IN_A_SWAP, str(target)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    swap.repair(target)
    assert (target / "index.html").read_text() == "old"
    assert names(target.parent) == ["site"]


def test_a_folder_of_a_build_at_work_or_of_nobody_we_know_stays(target: Path) -> None:
    foreign = target.with_name(".site-of-mine")
    foreign.mkdir()
    with swap.workplace(target) as place:
        swap.repair(target)
        assert place.is_dir()
        other = target.with_name("other")
        swap.repair(other)
        assert not other.exists()
    assert names(target.parent) == [".site-of-mine", "site"]


def test_a_build_waits_for_another_and_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with holder(tmp_path, 0.3) as process, swap.one_at_a_time(tmp_path):
        assert process.wait(10) == 0
    assert capfd.readouterr().err == f"another process is building in {tmp_path}; waiting for it …\n"


def test_a_full_disk_is_said_in_one_sentence_whoever_noticed_it(target: Path) -> None:
    full = os.strerror(errno.ENOSPC)
    said = f"^{full}: {target}; make room on the disk and build again; the last good site is as it was$"
    mkdocs = f"MkDocs could not build locale 'en':\n  Traceback …\n  OSError: [Errno {errno.ENOSPC}] {full}"
    for error in (OSError(errno.ENOSPC, full), SiteError(mkdocs)):
        with pytest.raises(SiteError, match=said), swap.full_disk_explained(target):
            raise error
    for other in (PermissionError(errno.EACCES, "no"), SiteError("a link leads nowhere")):
        with pytest.raises(type(other), match=str(other.args[-1])), swap.full_disk_explained(target):
            raise other


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with holder(tmp_path, 60) as process:
        process.kill()
        process.wait()
        began = time.monotonic()
        with locked(tmp_path):
            assert time.monotonic() - began < 60
