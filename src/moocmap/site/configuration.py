"""The MkDocs configuration of each locale: the hand-written `mkdocs.yml`, and what the guide adds to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from moocmap import documents
from moocmap.diagnostics import DiagnosticsError
from moocmap.fields import text_in
from moocmap.files import write_atomically
from moocmap.site import addresses, feed, social_image
from moocmap.site.compiled import Compiled
from moocmap.site.escape import inline
from moocmap.site.locales import Strings


def write_configuration(root: Path, site: Compiled, locale: str, name: str, **places: str) -> Path:
    """Write `build/NAME.LOCALE.yml`, the MkDocs configuration of one locale, and return its path.

    `places` adds settings, such as `docs_dir` and `site_dir`. Raises DiagnosticsError where `mkdocs.yml` is
    wrong.
    """
    path = root / "build" / f"{name}.{locale}.yml"
    settings = {**configuration_for(root, site, locale), **places}
    write_atomically(path, yaml.safe_dump(settings, allow_unicode=True, sort_keys=False))
    return path


def configuration_for(root: Path, site: Compiled, locale: str) -> dict[str, Any]:
    """Return what one locale's MkDocs configuration says beyond the hand-written `mkdocs.yml`."""
    t, base, pages = site.strings[locale], _base_configuration(root), site.locales[locale]
    settings, address = site.guide.settings, f"{site.site_url.rstrip('/')}/" if site.site_url else ""
    return {
        "INHERIT": "../mkdocs.yml",
        "site_name": str(inline(text_in(settings.title, locale))),
        "site_description": str(inline(text_in(settings.description, locale))),
        "theme": {
            "custom_dir": str((root / "site" / "theme").resolve()),
            "language": locale.split("-", maxsplit=1)[0],
            "palette": _palette(base, t),
        },
        "nav": _nav(base, pages.heads.keys(), t),
        "markdown_extensions": {"toc": {"permalink_title": str(t("permalink"))}},
        **({"site_url": f"{address}{locale}/"} if address else {}),
        "extra": {
            "locale": locale,
            "locales": [_language(other) for other in site.strings.values()],
            "open_graph_locale": _language(t)["open_graph"],
            "address": address,
            "social_image": social_image.FILE,
            "feed": str(inline(t("changes.title"))) if feed.FILE in pages.files else "",
            "group_label": str(inline(t("nav.label"))),
            "switch_language": str(inline(t("switch_language"))),
            "search": {
                key: str(inline(t(f"search.{key}"))) for key in ("button", "title", "close", "failed")
            },
        },
    }


def _language(t: Strings) -> dict[str, str]:
    """Return what the theme must know of a language: its id, its name, and Open Graph's name of it."""
    return {"id": t.locale, "name": str(t("language.name")), "open_graph": str(t("meta.open_graph_locale"))}


def _base_configuration(root: Path) -> dict[str, Any]:
    """Return what the hand-written `mkdocs.yml` says. Raises DiagnosticsError where it has no theme."""
    document, problems = documents.read(root / "mkdocs.yml", root)
    if document is None:
        raise DiagnosticsError(problems)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("theme"), dict):
        problem = document.diagnostic(("theme",), "wrong-type", "expected 'theme' with its settings below")
        raise DiagnosticsError([problem])
    return data


def _nav(base: Mapping[str, Any], pages: Collection[str], t: Strings) -> list[Any]:
    """Return the groups of `mkdocs.yml` named in one locale, without pages that a guide may have not."""
    optional = (*addresses.COMPANIONS, addresses.ANSWER, addresses.YOUR_IMAGES, addresses.TOOLKIT)
    missing = {f"{name}.md" for name in optional if name not in pages}
    nav: list[Any] = []
    for item in base.get("nav", []):
        if isinstance(item, dict):
            nav += [
                {str(t(f"nav.{key}")): [page for page in group if page not in missing]}
                for key, group in item.items()
            ]
        elif item not in missing:
            nav.append(item)
    return nav


def _palette(base: Mapping[str, Any], t: Strings) -> list[dict[str, Any]]:
    """Return the palettes of `mkdocs.yml` with the names of their buttons in one locale."""
    palettes: list[dict[str, Any]] = base["theme"].get("palette", [])
    names = {"(prefers-color-scheme: light)": "light", "(prefers-color-scheme: dark)": "dark"}
    for palette in palettes:
        if "toggle" in palette:
            palette["toggle"]["name"] = str(t(f"palette.{names.get(palette.get('media', ''), 'auto')}"))
    return palettes
