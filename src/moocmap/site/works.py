"""What the page of references shows of each work: its kind, where it is recommended, its decade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from moocmap.curriculum.model import Reference
from moocmap.site import addresses
from moocmap.site.views import Citation, GuideView

KINDS = {
    "inproceedings": "paper",
    "conference": "paper",
    "incollection": "book",
    "inbook": "book",
    "book": "book",
    "article": "article",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "techreport": "report",
    "manual": "report",
}
"""What readers call the kinds of BibTeX; all else is a preprint or stands on the web."""


@dataclass(frozen=True)
class Work:
    """A reference with what one may look for it by."""

    reference: Reference
    kind: str
    decade: str
    citations: dict[str, list[Citation]]
    """Where it is recommended, by the kind of page."""

    @property
    def places(self) -> list[str]:
        """The kinds of pages that recommend it."""
        return list(self.citations) or ["nowhere"]


class Works:
    """All references of a guide, with the choices by which the page filters them."""

    def __init__(self, view: GuideView) -> None:
        self.all = [_work(reference, view.citations[reference.key]) for reference in view.references_sorted]
        self.unverified = sum(not work.reference.is_verified for work in self.all)
        found = {work.kind for work in self.all}
        self.kinds = [kind for kind in dict.fromkeys([*KINDS.values(), "preprint", "web"]) if kind in found]
        self.decades = sorted({work.decade for work in self.all if work.decade}, reverse=True)
        places = {place for work in self.all for place in work.places}
        self.places = [place for place in _PLACES if place in places]


_PLACES = ("topics", "courses", "history", "libraries", "nowhere")
_PAGES = {addresses.HISTORY: "history", addresses.LIBRARIES: "libraries"}


def _work(reference: Reference, citations: list[Citation]) -> Work:
    decade = f"{reference.year[:3]}0" if reference.year[:4].isdigit() else ""
    return Work(reference, _kind(reference), decade, _by_place(citations))


def _kind(reference: Reference) -> str:
    return KINDS.get(reference.kind) or ("preprint" if reference.fields.get("eprint") else "web")


def _by_place(citations: Iterable[Citation]) -> dict[str, list[Citation]]:
    found: dict[str, list[Citation]] = {}
    for one in citations:
        found.setdefault(_PAGES.get(one.address, one.address.partition("/")[0]), []).append(one)
    return {place: found[place] for place in _PLACES if place in found}
