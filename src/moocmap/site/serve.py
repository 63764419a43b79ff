"""Serves the built site while it is being edited: rebuilds on every change and has open pages reload."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import watchfiles

from moocmap.diagnostics import DiagnosticsError
from moocmap.site.engine import BuildResult, build
from moocmap.site.errors import SiteError

WATCHED = ("curriculum", "experiments", "site", "mkdocs.yml")
_VERSION = "/__moocmap_version"
_RELOADER = "/__moocmap_reload.js"
_RELOADER_CODE = f"""(function () {{
  var seen = null;
  setInterval(function () {{
    fetch("{_VERSION}").then(r => r.text()).then(now => {{
      if (seen !== null && now !== seen) location.reload();
      seen = now;
    }}).catch(() => {{}});
  }}, 1000);
}})();"""


def utc_today() -> date:
    """Return the date in UTC, so that a check says the same everywhere."""
    return datetime.now(UTC).date()


class Preview:
    """The site of one guide as it stands after the last build that succeeded."""

    def __init__(self, root: Path, today: Callable[[], date], say: Callable[[str], None] = print) -> None:
        self.root = root
        self.target = root / "build" / "site"
        self.version = 0
        self._today = today
        self._say = say

    def rebuild(self) -> BuildResult | None:
        """Build once more; on a mistake say it, keep the last good site and return None."""
        try:
            result = build(self.root, self.target, today=self._today())
        except (DiagnosticsError, SiteError) as error:
            self._say(str(error))
            self._say("The site was not rebuilt; the last good one is still served.")
            return None
        self.version += 1
        self._say(f"Built {result.pages} pages in {result.seconds:.1f} s.")
        return result

    def watch(self, stop: threading.Event) -> None:
        """Rebuild whenever a file of the guide changes, until `stop` is set."""
        watched = [self.root / name for name in WATCHED if (self.root / name).exists()]
        for _ in watchfiles.watch(*watched, stop_event=stop, raise_interrupt=False):
            try:
                self.rebuild()
            except Exception as error:  # whatever it is, the next change gets its chance
                self._say(f"The rebuild failed: {type(error).__name__}: {error}")


class _Handler(SimpleHTTPRequestHandler):
    """Serves files, never cached, and adds the script that reloads pages to those that are HTML."""

    def __init__(self, *args: object, preview: Preview) -> None:
        self.preview = preview
        super().__init__(*args, directory=str(preview.target))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path == _VERSION:
            self._send(str(self.preview.version).encode(), "text/plain; charset=utf-8")
            return
        if self.path == _RELOADER:  # a file of its own: the pages' security policy refuses inline scripts
            self._send(_RELOADER_CODE.encode(), "text/javascript; charset=utf-8")
            return
        path = Path(self.translate_path(self.path))
        page = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        if page.suffix == ".html" and page.is_file():
            reloader = f'<script src="{_RELOADER}"></script></body>'
            text = page.read_text(encoding="utf-8").replace("</body>", reloader)
            self._send(text.encode(), "text/html; charset=utf-8")
            return
        super().do_GET()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def end_headers(self) -> None:
        """Tell browsers to ask again each time."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
        """Say nothing: the terminal is for what the editor must know."""


class _Server(ThreadingHTTPServer):
    """A server that takes it calmly when a browser goes away in the middle of an answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of broken connections; show other errors as ever."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def make_server(preview: Preview, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server of the preview's site; port 0 takes any free one. Raises SiteError when it is taken."""
    try:
        return _Server((host, port), functools.partial(_Handler, preview=preview))
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
    """Build the site, serve it, and rebuild it on every change until interrupted (Ctrl+C).

    `today` gives the date for the checks at each build; `say` prints a line. Raises SiteError when the port
    is taken, or when the first build fails and there is no earlier site to serve.
    """
    preview = Preview(root, today, say)
    if preview.rebuild() is None and not preview.target.is_dir():
        raise SiteError("there is no site to serve yet; mend what is listed above")
    server, stop = make_server(preview, host, port), threading.Event()
    address = f"http://{host}:{server.server_address[1]}/"
    say(f"Serving {address} (Ctrl+C ends it)")
    watcher = threading.Thread(target=preview.watch, args=(stop,), daemon=True)
    watcher.start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("")
    finally:
        stop.set()
        server.server_close()
        watcher.join(timeout=5)
