"""Python files of other folders of tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]


def loaded(name: str) -> Any:
    """Return a Python file below `tests/` as a module, whatever package it belongs to."""
    path = TESTS / name
    found = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}_of_tests", path)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
