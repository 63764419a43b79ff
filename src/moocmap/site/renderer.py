"""Renders single pages with MkDocs and its theme, in this process: what `serve` shows.

A build runs MkDocs as a command over all pages; here its parts are called one by one for the page that a
browser asks for, so an edit costs one page and not all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from mkdocs.commands.build import get_context
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, get_navigation
from mkdocs.structure.pages import Page

from moocmap.site import policy
from moocmap.site.compiled import Head
from moocmap.site.errors import SiteError


class Renderer:
    """MkDocs with the theme, set up for one locale."""

    def __init__(self, configuration: Path) -> None:
        self._config: MkDocsConfig = load_config(str(configuration))
        self._environment = self._config.theme.get_env()
        theme_files = Files([])
        theme_files.add_files_from_theme(self._environment, self._config)
        self.theme_files = {
            file.src_uri: Path(file.abs_src_path) for file in theme_files if file.abs_src_path
        }
        """The theme's scripts, style sheets and fonts by their path below the locale's folder."""

    def book(self, heads: Mapping[str, Head]) -> Book:
        """Return the renderer of a set of pages, given with their heads: these stand in the navigation."""
        return Book(self._config, self._environment, heads)


class Book:
    """The pages of one locale as they stand beside each other."""

    def __init__(self, config: MkDocsConfig, environment: Any, heads: Mapping[str, Head]) -> None:
        self._config, self._environment = config, environment
        pages = {path: _file(config, f"{path}.md") for path in heads}
        self._files, self._pages = Files(list(pages.values())), pages
        self._nav: Navigation = get_navigation(self._files, config)
        for page in self._nav.pages:
            page.title, section = heads[page.file.src_uri.removesuffix(".md")]
            page.meta = {"section": section}
        self._documents = self._files.documentation_pages()

    def html(self, path: str, markdown: str) -> str:
        """Render a page, given as Markdown with front matter, to HTML with its security policy.

        Raises SiteError where the page holds code that no template wrote, or MkDocs cannot render it.
        """
        file = self._pages[path]
        file.content_string = markdown
        page = file.page or Page(None, file, self._config)
        try:
            return self._rendered(page)
        except Exception as error:  # a theme is code: anything may go wrong in it
            raise SiteError(f"{path}: {error or type(error).__name__}") from error

    def _rendered(self, page: Page) -> str:
        page.read_source(self._config)
        page.render(self._config, self._files)
        template = self._environment.get_template(page.meta.get("template", "main.html"))
        page.active = True
        try:
            found: str = template.render(get_context(self._nav, self._documents, self._config, page))
        finally:
            page.active = False
        return policy.protected(found, self._theme_code, page.file.dest_uri)

    @cached_property
    def _theme_code(self) -> list[tuple[str, str]]:
        """Return the inline code of a page of the theme that holds no data."""
        template = self._environment.get_template("404.html")
        context = get_context(self._nav, self._documents, self._config, base_url="/")
        return policy.inline_code(template.render(context))


def _file(config: MkDocsConfig, name: str) -> File:
    """Return a page's file that stands in memory alone."""
    return File(name, src_dir=None, dest_dir=config.site_dir, use_directory_urls=config.use_directory_urls)


def quiet() -> None:
    """Let MkDocs and Markdown warn of nothing: a build checks all links."""
    for name in ("mkdocs", "MARKDOWN"):
        logging.getLogger(name).setLevel(logging.ERROR)
