"""Remembers what files say, by their content: a file that has not changed is not parsed again.

Within a process the documents themselves stay, with what was made of them; between processes their plain
data, in `build/cache/parsed.json`. Only files without a finding are kept. Without it, everything is parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from moocmap import documents, text_files
from moocmap.diagnostics import Diagnostic, DiagnosticsError
from moocmap.documents import Document
from moocmap.files import CACHE, recall, remember

MEMORY = CACHE / "parsed.json"
FORMAT = 1
"""Raised when files are read in another way: what was kept before is worth nothing then."""

T = TypeVar("T")


class ParsedFiles:
    """What was read of the files of one guide."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects: dict[str, tuple[str, Any]] = {}
        known = recall(root / MEMORY)
        files = known.get("files") if known.get("format") == FORMAT else None
        self._kept: dict[str, Any] = files if isinstance(files, dict) else {}
        self._changed = False

    def document(self, path: Path) -> tuple[Document | None, list[Diagnostic]]:
        """Read one YAML file, as `documents.read` does."""
        label = text_files.label(path, self.root)
        try:
            text = text_files.read(path, self.root)
        except DiagnosticsError as error:
            return None, error.diagnostics

        def parse() -> tuple[Document | None, list[Diagnostic]]:
            kept = self.recalled(label, text)
            if kept is not None and kept.keys() == {"data", "parts"} and isinstance(kept["parts"], int):
                return Document(label, text, kept["data"], kept["parts"]), []
            document, problems = documents.parse(text, label)
            if document is not None and not problems:
                self.keep(label, text, {"data": document.data, "parts": document.parts})
            return document, problems

        return self.once(label, text, parse)

    def once(self, label: str, text: str, make: Callable[[], T]) -> T:
        """Return what is made of a file's text; it is made again only when the text has changed."""
        digest = _digest(text)
        if self._objects.get(label, ("",))[0] != digest:
            self._objects[label] = digest, make()
        found: T = self._objects[label][1]
        return found

    def write(self) -> None:
        """Write what is known for the next process, if it is new."""
        if self._changed:
            remember(self.root / MEMORY, {"format": FORMAT, "files": self._kept})
            self._changed = False

    def recalled(self, label: str, text: str) -> dict[str, Any] | None:
        """Return the plain data that was kept of a file's text; None where there is none."""
        match self._kept.get(label):
            case [digest, dict() as data] if digest == _digest(text):
                return data
        return None

    def keep(self, label: str, text: str, data: dict[str, Any]) -> None:
        """Keep plain data (what JSON knows) of a file's text for `write`."""
        self._kept[label] = [_digest(text), data]
        self._changed = True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
