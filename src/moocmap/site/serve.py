"""Serves a guide's site while it is being edited: after every change, open pages load again."""

from __future__ import annotations

import functools
import html
import posixpath
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import watchfiles

from moocmap.diagnostics import DiagnosticsError
from moocmap.site.errors import SiteError
from moocmap.site.preview import Preview

WATCHED = ("curriculum", "experiments", "site", "mkdocs.yml")
_VERSION = "/__moocmap_version"
_RELOADER = "/__moocmap_reload.js"
_RELOADER_CODE = f"""(function () {{
  var shown = new URL(document.currentScript.src).searchParams.get("shown");
  setInterval(function () {{
    fetch("{_VERSION}").then(r => r.text()).then(now => {{
      if (now !== shown) location.reload();
      shown = now;
    }}).catch(() => {{}});
  }}, 250);
}})();"""


def utc_today() -> date:
    """Return the date in UTC, so that a check says the same everywhere."""
    return datetime.now(UTC).date()


class Session:
    """A preview that follows the edits of a guide; its version tells open pages to load again."""

    def __init__(self, root: Path, today: Callable[[], date], say: Callable[[str], None] = print) -> None:
        self.root = root
        self.preview = Preview(root, today)
        self.edits = 0
        self.mistake = ""
        self._started = time.time_ns()  # pages that were open before a restart load again too
        self._say = say

    @property
    def reload(self) -> str:
        """The script that has a page load again when there is something newer than this version."""
        return f'<script src="{_RELOADER}?shown={self.version}"></script>'

    @property
    def version(self) -> str:
        """What is another one after each edit."""
        return f"{self._started}-{self.edits}"

    def refresh(self) -> bool:
        """Read the guide again; on a mistake say it, keep the last good pages and return False."""
        begin = time.perf_counter()
        try:
            self.preview.refresh()
        except (DiagnosticsError, SiteError) as error:
            self.mistake = str(error)
            self._say(self.mistake)
            self._say("The last good pages are still shown." if self.edits else "No page to show yet.")
            return False
        self.edits += 1
        self.mistake = ""
        self._say(f"Read again in {time.perf_counter() - begin:.1f} s: {self.preview.pages} pages.")
        return True

    def watch(self, stop: threading.Event) -> None:
        """Refresh whenever a file of the guide changes, until `stop` is set."""
        watched = [self.root / name for name in WATCHED if (self.root / name).exists()]
        for _ in watchfiles.watch(*watched, stop_event=stop, raise_interrupt=False, debounce=400):
            try:
                self.refresh()
            except Exception as error:  # whatever it is, the next change gets its chance
                self._say(f"Reading failed: {type(error).__name__}: {error}")


class _Handler(BaseHTTPRequestHandler):
    """Answers with pages of the preview, never cached; those that are HTML load again after an edit."""

    def __init__(self, *args: Any, session: Session) -> None:
        self.session = session
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer a request."""
        path = posixpath.normpath(unquote(urlsplit(self.path).path)).lstrip("/")
        if f"/{path}" == _VERSION:
            self._send(HTTPStatus.OK, self.session.version.encode(), "text/plain; charset=utf-8")
        elif f"/{path}" == _RELOADER:  # a file of its own: the pages' policy refuses inline scripts
            self._send(HTTPStatus.OK, _RELOADER_CODE.encode(), "text/javascript; charset=utf-8")
        else:
            self._send_page(path)

    def do_HEAD(self) -> None:
        """Answer a request for what a page would be."""
        self.do_GET()

    def _send_page(self, path: str) -> None:
        if path in ("", ".") or self.path.partition("?")[0].endswith("/"):
            path = posixpath.join(path, "index.html").removeprefix("./")
        if not self.session.preview.pages:
            self._send_mistake(self.session.mistake)
            return
        reload = self.session.reload  # asked before the page: an edit in between has it load once more
        try:
            answer, status = self.session.preview.answer(path), HTTPStatus.OK
            if answer is None:
                answer, status = self.session.preview.answer("404.html"), HTTPStatus.NOT_FOUND
        except (DiagnosticsError, SiteError) as error:
            self._send_mistake(str(error))
            return
        content, media_type = answer or (b"", "text/plain; charset=utf-8")
        if media_type.startswith("text/html"):
            content = content.replace(b"</body>", f"{reload}</body>".encode())
        self._send(status, content, media_type)

    def _send_mistake(self, mistake: str) -> None:
        """Show what is wrong; the edit that mends it has the page load again."""
        page = f'<!doctype html><meta charset="utf-8"><pre>{html.escape(mistake)}</pre>{self.session.reload}'
        self._send(HTTPStatus.INTERNAL_SERVER_ERROR, page.encode(), "text/html; charset=utf-8")

    def _send(self, status: HTTPStatus, content: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
        """Say nothing: the terminal is for what the editor must know."""


class _Server(ThreadingHTTPServer):
    """A server that takes it calmly when a browser goes away in the middle of an answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of broken connections; show other errors as ever."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def make_server(session: Session, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server of the preview's site; port 0 takes any free one. Raises SiteError when it is taken."""
    try:
        return _Server((host, port), functools.partial(_Handler, session=session))
    except OSError as error:
        raise SiteError(f"cannot serve on {host}:{port}: {error.strerror}; choose another port") from error


def serve(
    root: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    today: Callable[[], date] = utc_today,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the guide's site as it is after each edit, until interrupted (Ctrl+C).

    `today` gives the date for the checks at each edit; `say` prints a line. Raises SiteError when the port
    is taken. A guide that is wrong from the start is shown as soon as it is mended.
    """
    session = Session(root, today, say)
    server, stop = make_server(session, host, port), threading.Event()
    watcher = threading.Thread(target=session.watch, args=(stop,), daemon=True)
    watcher.start()  # before the guide is read: no edit is missed
    try:
        session.refresh()
        say(f"Serving http://{host}:{server.server_address[1]}/ (Ctrl+C ends it)")
        server.serve_forever()
    except KeyboardInterrupt:
        say("")
    finally:
        stop.set()
        server.server_close()
        watcher.join(timeout=5)
