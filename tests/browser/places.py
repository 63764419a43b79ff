"""What browser tests share: a folder served to a browser, the small guide, Python files of other tests."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
REPOSITORY = TESTS.parent


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; give its address, without a slash at the end."""
    handler = functools.partial(_Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def loaded(path: Path) -> Any:
    """Return a Python file as a module, whatever package it belongs to."""
    found = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}_of_tests", path)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def small_guide() -> Any:
    """Return what the tests of the site make the small guide with."""
    return loaded(TESTS / "site" / "conftest.py")
