from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moocmap.diagnostics import DiagnosticsError
from moocmap.site.engine import BuildResult
from moocmap.site.errors import SiteError
from moocmap.site.preview import Preview
from moocmap.site.serve import Session, make_server

from .conftest import TODAY, copy_guide

Edit = Callable[[Path, str, str], None]
PAGE = "en/topics/ulmfit.html"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_guide(tmp_path / "guide")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def session(project: Path, said: list[str]) -> Session:
    return Session(project, lambda: TODAY, said.append)


@pytest.fixture
def address(session: Session) -> Iterator[str]:
    with make_server(session, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def get(address: str) -> tuple[str, Any]:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.read().decode(), error.headers


def test_every_file_is_what_a_build_writes(built: BuildResult, root: Path) -> None:
    preview = Preview(root, lambda: TODAY)
    preview.refresh()
    assert preview.pages == built.pages
    names = sorted(
        path.relative_to(built.target).as_posix() for path in built.target.rglob("*") if path.is_file()
    )
    assert len(names) > built.pages
    for name in names:
        answer = preview.answer(name)
        assert answer is not None, name
        assert answer.content == (built.target / name).read_bytes(), name
    for name in ("en/missing.html", "en/topics", "en/../curriculum/guide.yml", "fr/index.html", ""):
        assert preview.answer(name) is None


def test_an_edit_shows_at_once(session: Session, project: Path, address: str, edit: Edit) -> None:
    assert session.refresh()
    page, headers = get(f"{address}/{PAGE}")
    assert f'<script src="/__moocmap_reload.js?shown={session.version}"></script></body>' in page
    assert "Content-Security-Policy" in page
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("text/html; charset=utf-8", "no-store")
    assert "location.reload()" in get(f"{address}/__moocmap_reload.js")[0]
    before = get(f"{address}/__moocmap_version")[0]
    assert get(f"{address}/__moocmap_version")[0] == before

    edit(project / "curriculum" / "topics" / "basics.yml", "name: ULMFiT", "name: ULMFiT renamed")
    assert session.refresh()
    assert get(f"{address}/__moocmap_version")[0] != before
    assert "ULMFiT renamed" in get(f"{address}/{PAGE}")[0]
    assert "ULMFiT renamed" in get(f"{address}/en/topics/")[0]


def test_an_edited_template_or_string_shows_too(session: Session, project: Path, edit: Edit) -> None:
    session.refresh()
    shown = session.preview.answer("es/glossary.html")
    assert shown
    edit(project / "site" / "templates" / "glossary.md", "# {{", "# Edited {{")
    session.refresh()
    again = session.preview.answer("es/glossary.html")
    assert again
    assert b"Edited" not in shown.content
    assert b"Edited" in again.content


def test_a_mistake_is_said_and_the_last_pages_stay(
    session: Session, project: Path, address: str, edit: Edit, said: list[str]
) -> None:
    assert session.refresh()
    version = get(f"{address}/__moocmap_version")[0]
    settings = project / "curriculum" / "guide.yml"
    good = settings.read_text(encoding="utf-8")
    settings.write_text(good + "nonsense: 1\n", encoding="utf-8")
    assert not session.refresh()
    assert "curriculum/guide.yml:" in said[-2]
    assert said[-1] == "The last good pages are still shown."
    assert "<h1" in get(f"{address}/{PAGE}")[0]
    assert get(f"{address}/__moocmap_version")[0] == version

    settings.write_text(good, encoding="utf-8")
    edit(project / "site" / "templates" / "topic.md", "{{ ", "{{ nothing_of_the_kind.at_all }}{{ ")
    assert session.refresh()
    page, _ = get(f"{address}/{PAGE}")
    assert "topic.md:" in page
    assert "__moocmap_reload.js" in page


def test_what_is_wrong_from_the_start_is_shown_until_it_is_mended(
    session: Session, project: Path, address: str
) -> None:
    settings = project / "curriculum" / "guide.yml"
    good = settings.read_text(encoding="utf-8")
    settings.write_text(good.replace("title:", "titel:", 1), encoding="utf-8")
    assert not session.refresh()
    page, _ = get(f"{address}/en/index.html")
    assert "guide.yml:" in page
    assert "titel" in page
    settings.write_text(good, encoding="utf-8")
    assert session.refresh()
    assert "<h1" in get(f"{address}/en/index.html")[0]


def test_what_is_not_there_is_said_in_our_words(session: Session, address: str) -> None:
    session.refresh()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{address}/en/no-such-page.html", timeout=30)
    assert get(f"{address}/en/no-such-page.html")[0].startswith("<!doctype html>")
    request = urllib.request.Request(f"{address}/{PAGE}", method="HEAD")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.read() == b""
        assert int(answer.headers["Content-Length"]) > 1000


def test_a_change_is_noticed(session: Session, project: Path, edit: Edit) -> None:
    session.refresh()
    stop = threading.Event()
    watcher = threading.Thread(target=session.watch, args=(stop,), daemon=True)
    watcher.start()
    settings = project / "curriculum" / "guide.yml"
    text = settings.read_text(encoding="utf-8")
    try:
        for number in range(100):
            settings.write_text(f"{text}# {number}\n", encoding="utf-8")
            time.sleep(0.2)
            if session.edits > 1:
                break
    finally:
        stop.set()
        watcher.join(timeout=5)
    assert session.edits > 1


def test_a_taken_port_is_explained(session: Session, address: str) -> None:
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(SiteError, match=rf"cannot serve on 127.0.0.1:{port}: .*; choose another port"):
        make_server(session, "127.0.0.1", port)


def test_a_guide_that_is_wrong_is_refused(project: Path) -> None:
    (project / "curriculum" / "guide.yml").unlink()
    with pytest.raises(DiagnosticsError):
        Preview(project, lambda: TODAY).refresh()
