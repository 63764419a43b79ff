"""The feed of changes: what is new in a guide, as an Atom document (RFC 4287) that feed readers follow."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from moocmap.curriculum.companions import Change
from moocmap.curriculum.model import Guide
from moocmap.site import addresses
from moocmap.site.escape import visible
from moocmap.site.locales import Strings
from moocmap.site.measured import Measured

ATOM = "http://www.w3.org/2005/Atom"
FILE = "feed.xml"
"""Where the feed lies in the folder of its locale."""

_XML = "http://www.w3.org/XML/1998/namespace"


def atom(guide: Guide, t: Strings, measured: Sequence[Measured], site_url: str | None = None) -> str:
    """Return the feed of a guide that has changes, in one language.

    Links are absolute where the site's address is known, else relative to the feed. Ids are names that stay
    the same wherever the site lives: they are made of the guide's title and the id of the change.
    """
    base = f"{site_url.rstrip('/')}/{t.locale}/" if site_url else ""
    title = t.text(guide.settings.title)
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": t.locale})
    _add(feed, "title", title)
    _add(feed, "subtitle", str(t("changes.intro")))
    _add(feed, "id", _urn(guide, t.locale))
    _add(feed, "updated", _moment(max(change.date for change in guide.changes)))
    ET.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": base + FILE})
    page = f"{base}{addresses.CHANGES}.html"
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": page})
    ET.SubElement(feed, "icon").text = f"{base}assets/images/icon.svg"
    _add(ET.SubElement(feed, "author"), "name", title)
    for change in guide.changes:
        names = [t.text(name) for name in concerned(guide, measured, change)]
        entry = _entry(feed, t, change, names)
        _add(entry, "id", _urn(guide, t.locale, change.id))
        address = f"{page}#{change.id}"
        ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
    ET.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="unicode") + "\n"


def _entry(feed: ET.Element, t: Strings, change: Change, names: Sequence[str]) -> ET.Element:
    entry = ET.SubElement(feed, "entry")
    _add(entry, "title", t.text(change.title))
    _add(entry, "updated", _moment(change.date))
    kind = str(t(f"changes.kind.{change.kind}"))
    ET.SubElement(entry, "category", {"term": change.kind, "label": kind})
    text = ([t.text(change.text)] if change.text else []) + ([", ".join(names) + "."] if names else [])
    _add(entry, "content", " ".join(text) or t.text(change.title)).set("type", "text")
    return entry


def concerned(guide: Guide, measured: Sequence[Measured], change: Change) -> list[str | dict[str, str]]:
    """Return the names of what a change is about: courses, topics and experiments."""
    experiments = {one.id: one.title for one in measured}
    courses = [guide.course_by_id[i] for i in change.courses if i in guide.course_by_id]
    return [
        *(course.title for course in courses),
        *(guide.topic_by_id[i].name for i in change.topics if i in guide.topic_by_id),
        *(experiments[i] for i in change.experiments if i in experiments),
    ]


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = visible(text).strip()  # what XML cannot hold is not visible either
    return element


def _urn(guide: Guide, locale: str, change_id: str = "") -> str:
    first = guide.settings.locales[0]
    title = guide.settings.title
    name = title if isinstance(title, str) else title.get(first, "")
    return uuid.uuid5(uuid.NAMESPACE_URL, f"moocmap/{name}/{locale}/{change_id}").urn


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"
