from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from moocmap.site import serve
from moocmap.site.engine import BuildResult
from moocmap.site.errors import SiteError
from moocmap.site.serve import Preview, make_server


class Builds:
    """Stands in for the real build: writes one page, or fails."""

    def __init__(self) -> None:
        self.error: SiteError | None = None
        self.count = 0
        self.done = threading.Event()

    def __call__(self, root: Path, target: Path, *, today: date) -> BuildResult:
        self.count += 1
        self.done.set()
        if self.error:
            raise self.error
        target.mkdir(parents=True, exist_ok=True)
        (target / "index.html").write_text(f"<body>build {self.count}</body>")
        (target / "data.json").write_text("{}")
        return BuildResult(target, ("en",), 1, 0.1)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    stub = Builds()
    monkeypatch.setattr(serve, "build", stub)
    return stub


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def preview(tmp_path: Path, said: list[str]) -> Preview:
    (tmp_path / "curriculum").mkdir()
    return Preview(tmp_path, lambda: date(2026, 11, 1), said.append)


@pytest.fixture
def address(preview: Preview, builds: Builds) -> Iterator[str]:
    preview.rebuild()
    with make_server(preview, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def get(address: str) -> tuple[str, Any]:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return answer.read().decode(), answer.headers


def test_pages_reload_and_are_never_cached_but_files_are_as_built(address: str, preview: Preview) -> None:
    page, headers = get(f"{address}/")
    assert page == '<body>build 1<script src="/__moocmap_reload.js"></script></body>'
    assert headers["Cache-Control"] == "no-store"
    assert "location.reload()" in get(f"{address}/__moocmap_reload.js")[0]
    assert get(f"{address}/data.json")[0] == "{}"
    assert (preview.target / "index.html").read_text() == "<body>build 1</body>"


def test_a_rebuild_changes_the_version(address: str, preview: Preview) -> None:
    assert get(f"{address}/__moocmap_version")[0] == "1"
    preview.rebuild()
    assert get(f"{address}/__moocmap_version")[0] == "2"


def test_a_failing_rebuild_is_said_and_the_last_site_stays(
    address: str, preview: Preview, builds: Builds, said: list[str]
) -> None:
    builds.error = SiteError("topic.md:3: unexpected '}'")
    assert preview.rebuild() is None
    assert said[-2:] == [
        "topic.md:3: unexpected '}'",
        "The site was not rebuilt; the last good one is still served.",
    ]
    assert get(f"{address}/index.html")[0].startswith("<body>build 1")
    assert get(f"{address}/__moocmap_version")[0] == "1"


def test_a_change_is_noticed(preview: Preview, builds: Builds) -> None:
    stop = threading.Event()
    watcher = threading.Thread(target=preview.watch, args=(stop,), daemon=True)
    watcher.start()
    try:
        for number in range(50):
            (preview.root / "curriculum" / "guide.yml").write_text(f"title: {number}\n")
            if builds.done.wait(0.2):
                break
    finally:
        stop.set()
        watcher.join(timeout=5)
    assert builds.count >= 1


def test_a_taken_port_is_explained(address: str, preview: Preview) -> None:
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(SiteError, match=rf"cannot serve on 127.0.0.1:{port}: .*; choose another port"):
        make_server(preview, "127.0.0.1", port)


def test_without_any_site_there_is_nothing_to_serve(tmp_path: Path, builds: Builds, said: list[str]) -> None:
    builds.error = SiteError("no guide")
    with pytest.raises(SiteError, match="there is no site to serve yet"):
        serve.serve(tmp_path, port=0, say=said.append)
    assert said[0] == "no guide"
