"""Runs the real command line on a copy of the small guide, with limits: hostile files must not get far."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BREAD = Path(__file__).parent.parent / "guides" / "bread"
SECONDS, BYTES = 60, 4 << 30
"""Far above what a check takes, so that a busy machine is no failure: what is stopped is what has no end."""
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


@pytest.fixture
def guide(tmp_path):
    root = tmp_path / "guide"
    shutil.copytree(BREAD, root)
    return root


@pytest.fixture
def moocmap(guide):
    def run(*arguments, root=guide, bound_by_rights=False):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
            if bound_by_rights:
                _give_up_rights()

        done = subprocess.run(
            [sys.executable, "-m", "moocmap", *map(str, arguments)],
            cwd=root,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            preexec_fn=limit,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        assert done.returncode in (0, 1, 2), done.stderr
        return done

    return run


@pytest.fixture
def rights(tmp_path):
    """Skip where nobody's rights bind: neither as they are, nor when the superuser gives up what is above."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    command = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w')", closed / "file"]
    done = subprocess.run(command, capture_output=True, preexec_fn=_give_up_rights, check=False)
    if b"PermissionError" not in done.stderr:
        pytest.skip("the superuser's rights cannot be given up here")


def _give_up_rights():
    if os.geteuid() == 0 and sys.platform == "linux":
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
