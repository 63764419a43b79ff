"""Turns one page's data and template into Markdown."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from moocmap.site import addresses, wording
from moocmap.site.errors import SiteError
from moocmap.site.escape import block, inline, printed, visible, web_address
from moocmap.site.glossing import Glosser, Words
from moocmap.site.locales import Strings


@dataclass(frozen=True)
class Page:
    """A page before it is rendered. `path` has no suffix; `section` names the tab it belongs to.

    `more` makes data that takes time: only for pages that are rendered.
    """

    path: str
    title: str
    template: str
    section: str
    data: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    shows_contents: bool = False
    more: Callable[[], Mapping[str, Any]] = dict


@cache
def environment(templates: Path) -> jinja2.Environment:
    """Make the environment that all page templates share: what they print is escaped, gaps are errors."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        finalize=printed,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(
    page: Page,
    templates: jinja2.Environment,
    strings: Strings,
    shared: Mapping[str, Any],
    linked_data: str = "",
) -> str:
    """Render a page to Markdown with front matter, in which `linked_data` is JSON for the page's head.

    Raises SiteError naming the template and its line.
    """
    words = shared.get("words") or Words((), strings.locale)
    prose = Glosser(words, page.path, words.named(page.title))
    data = {**shared, **_helpers(page, strings), "prose": prose, **page.data, **page.more()}
    body = render_template(templates, page.template, data, f"{strings.locale}/{page.path}")
    return front_matter(page, linked_data) + body.strip() + "\n" + _glosses(prose, strings)


def render_text(
    page: Page,
    text: str,
    templates: jinja2.Environment,
    strings: Strings,
    shared: Mapping[str, Any],
) -> str:
    """Render the text of a hand-written page as a template; `page.template` names its file in messages.

    Raises SiteError naming the file and its line.
    """
    file, data = page.template, {**shared, **_helpers(page, strings)}

    def template() -> jinja2.Template:
        code = templates.compile(text, filename=file)
        return jinja2.Template.from_code(templates, code, templates.make_globals(None))

    return _rendered(template, file, data, f"{strings.locale}/{page.path}")


def _helpers(page: Page, strings: Strings) -> dict[str, Any]:
    """Return what every template can call, for a page."""
    return {
        "page": page,
        "t": strings,
        "tx": strings.text,
        "url": partial(addresses.relative, page.path),
        "file_url": partial(addresses.beside, page.path),
        "link": partial(link, page.path),
        "web_link": web_link,
        "block": block,
        "page_data": page_data,
    }


def _glosses(prose: Glosser, strings: Strings) -> str:
    """Return what the tooltips of a page say; nothing where no text of it has a term."""
    terms = prose.data()
    locales = {locale for one in terms.values() for locale in one["terms"]}
    languages = {code: wording.Wording(strings).language(code) for code in sorted(locales)}
    return f"\n{page_data('mm-glosses', {'languages': languages, 'terms': terms})}\n" if terms else ""


def render_template(templates: jinja2.Environment, name: str, data: Mapping[str, Any], page: str) -> str:
    """Render a template. Raises SiteError naming its file, line and page, whatever goes wrong."""
    return _rendered(lambda: templates.get_template(name), name, data, page)


def _rendered(template: Callable[[], jinja2.Template], name: str, data: Mapping[str, Any], page: str) -> str:
    try:
        return template().render(data)
    except jinja2.TemplateSyntaxError as error:
        raise SiteError(f"{error.filename or name}:{error.lineno}: {error.message}") from error
    except Exception as error:  # a template is code: anything may go wrong in it
        said = str(error) or type(error).__name__
        raise SiteError(f"{_template_line(error, name)}: {said} (page {page})") from error


def _template_line(error: Exception, template: str) -> str:
    """Return "file:line" of the innermost template line that an error went through."""
    place, trace = template, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith((".md", ".html")):
            place = f"{Path(name).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def front_matter(page: Page, linked_data: str = "") -> str:
    """Return the page's metadata. Texts are escaped here, because the theme prints them as they are."""
    metadata: dict[str, Any] = {"title": printed_title(page), "section": page.section}
    if page.description:
        metadata["description"] = html.escape(visible(page.description).strip())
    metadata["hide"] = ["navigation"] if page.shows_contents else ["navigation", "toc"]
    if linked_data:
        metadata["linked_data"] = linked_data
    text = yaml.dump(metadata, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=10**6)
    return f"---\n{text}---\n\n"


def printed_title(page: Page) -> str:
    """Return a page's title as the theme prints it."""
    return html.escape(visible(page.title).strip())


def link(page: str, label: object, address: str, anchor: str = "", css: str = "") -> Markup:
    """Return a link from `page` to another page of the same locale."""
    return _anchor(addresses.relative(page, address, anchor), label, css)


def web_link(label: object, address: str | None, css: str = "") -> Markup:
    """Return a link to the web, or the plain label when `address` is no web address."""
    safe = web_address(address)
    return inline(label) if safe is None else _anchor(safe, label, css)


def page_data(element_id: str, data: object) -> Markup:
    """Return data for the page's scripts: JSON that no browser runs, and that is there without a request."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":  # nothing in it may end the element, or look like Markdown's HTML
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup('<script type="application/json" id="{}">{}</script>').format(element_id, Markup(text))


def _anchor(href: str, label: object, css: str) -> Markup:
    marked = f' class="{css}"' if css else ""
    return Markup(f'<a{marked} href="{inline(href)}">{inline(label)}</a>')
