"""Two processes on one experiment or one guide at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import twice


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=name, marks=[] if name == "fmt twice" else pytest.mark.slow)
        for name, check in twice.CASES.items()
    ],
)
def test_nothing_is_lost(check: Callable[[Path], None], tmp_path: Path) -> None:
    check(tmp_path / "guide")
