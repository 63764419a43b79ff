"""Says facts of the guide in the words of a locale: efforts, prices, hours, dates, citations."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from moocmap.curriculum.delta import hours
from moocmap.curriculum.model import Author, Course, Effort, Fact, Price, Range, Reference
from moocmap.site.escape import inline, web_address
from moocmap.site.figures import Environment
from moocmap.site.locales import Strings

_DOI = re.compile(r"^10\.\d{4,9}/\S+$")
_ARXIV = re.compile(r"^(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?$")


class Wording:
    """Phrases for the values of the data model."""

    def __init__(self, strings: Strings) -> None:
        self.t = strings

    def span(self, low: float, high: float) -> str:
        """Return "7–10", or "7" when both ends are the same."""
        number = self.t.number
        return number(low) if low == high else f"{number(low)}–{number(high)}"

    def hours(self, hours: Range) -> str:
        """Return "6–10 hours"; `kind_of_hours` says who claims it."""
        return self._unit("format.hours", (hours.low, hours.high))

    def kind_of_hours(self, hours: Range) -> str:
        """Return who says how many hours a lesson takes."""
        return str(self.t(f"hours.{hours.kind}"))

    def hours_of(self, course: Course) -> str:
        """Return how many hours the lessons of a course take, and who says so; "" where one is not known."""
        total = hours(course.lessons)
        if total.unstated:
            return ""
        kinds = dict.fromkeys(lesson.hours.kind for lesson in course.lessons if lesson.hours)
        who = ", ".join(str(self.t(f"hours.{kind}")) for kind in kinds)
        return f"{self._unit('format.hours', (round(total.low), round(total.high)))} ({who})"

    def effort(self, effort: Effort | None) -> str:
        """Return how long a course takes, as far as its provider says."""
        if effort is None:
            return str(self.t("course.not_stated"))
        parts = []
        if effort.weeks is not None:
            parts.append(str(self.t("format.weeks", n=effort.weeks)))
        if effort.hours_per_week is not None:
            parts.append(self._unit("format.hours_per_week", effort.hours_per_week))
        if effort.hours is not None:
            parts.append(self._unit("format.hours", effort.hours))
        return ", ".join(parts) or str(self.t("course.not_stated"))

    def _unit(self, key: str, span: tuple[float, float]) -> str:
        return str(self.t(f"{key}.{'one' if span == (1, 1) else 'other'}", span=self.span(*span)))

    def price(self, price: Price) -> str:
        """Return what a course costs."""
        if price.free and price.amount is None:
            return str(self.t("price.free"))
        if price.amount is None:
            return str(self.t("price.paid"))
        amount = self.t.number(price.amount, None if price.amount % 1 == 0 else 2)
        key = f"price.{price.per}" if price.per else "price.amount"
        paid = str(self.t(key, amount=amount, currency=price.currency or ""))
        return str(self.t("price.free_or", paid=paid)) if price.free else paid

    def works_with(self, course: Course) -> str:
        """Return the library versions that a course's material runs on."""
        return ", ".join(f"{self.library(name)} {version}" for name, version in course.works_with.items())

    def libraries(self, course: Course) -> str:
        """Return the libraries that a course uses."""
        return self.libraries_of(course.libraries)

    def libraries_of(self, library_ids: Sequence[str]) -> str:
        """Return the names of libraries, with commas."""
        return ", ".join(map(self.library, library_ids))

    def library_names(self, library_ids: Sequence[str]) -> list[str]:
        """Return the names of libraries."""
        return [self.library(library_id) for library_id in library_ids]

    def environment(self, where: Environment) -> str:
        """Return versions and machine as one line."""
        versions = self.t(
            "experiment.versions",
            library=self.library(where.library),
            version=where.version,
            backend=self.library(where.backend),
            backend_version=where.backend_version,
            python=where.python,
        )
        threads = self.t("experiment.threads", n=where.threads, cores=where.cores)
        accelerator = where.accelerator or self.t("experiment.no_accelerator")
        return f"{versions}; {where.cpu}, {threads}, {accelerator}"

    def phase(self, name: str) -> str:
        """Return the name of a phase of training; a repeated one keeps its number."""
        kind, _, number = name.partition("-")
        key = f"experiment.phases.{kind}"
        return f"{self.t(key)} {number}".strip() if self.t.has(key) else name

    def rate(self, rate: float) -> str:
        """Write a learning rate in full, as people do: 0.003, or 2.5e−5 where the zeros would be many."""
        if rate == 0 or rate >= 1e-3:
            return self.t.number(rate)
        mantissa, exponent = np.format_float_scientific(rate, trim="-").split("e")
        return f"{mantissa.replace('.', self.t('format.decimal'))}e−{abs(int(exponent))}"

    def library(self, library_id: str) -> str:
        """Return a library's own spelling of its name where the strings know it."""
        key = f"library.{library_id}"
        return str(self.t(key)) if self.t.has(key) else library_id.replace("-", " ")

    def language(self, code: str) -> str:
        """Return the name of a language."""
        key = f"language.{code}"
        return str(self.t(key)) if self.t.has(key) else code

    def date(self, date: str) -> str:
        """Return "2020", "June 2020" or "15 June 2020"."""
        year, *rest = date.split("-")
        if not rest:
            return year
        month = str(self.t("format.months")).split(",")[int(rest[0]) - 1]
        if len(rest) == 1:
            return str(self.t("format.month_year", month=month, year=year))
        return str(self.t("format.full_date", day=str(int(rest[1])), month=month, year=year))

    def fact_names(self, fact: Fact) -> Markup:
        """Return which facts a source vouches for, as the start of a line."""
        names = str(self.t.listing([str(self.t(f"facts.{name}")).lower() for name in fact.about]))
        return Markup(names[:1].upper() + names[1:])

    def authors(self, reference: Reference) -> Markup:
        """Return all authors of a work: "A, B and C"."""
        people: list[str | Markup] = [author.name for author in reference.authors]
        if reference.has_more_authors:
            return Markup("{} {}").format(Markup(", ").join(map(inline, people)), inline("et al."))
        return self.t.listing(people) or inline(self.t("reference.anonymous"))

    def authors_short(self, reference: Reference) -> str | Markup:
        """Return the surnames: "Smith", "Smith and Topin" or "Smith et al."."""
        names = [author.surname for author in reference.authors]
        if not names:
            return str(self.t("reference.anonymous"))
        if len(names) > 2 or reference.has_more_authors:
            return f"{names[0]} et al."
        return self.t.listing(list(names))

    def venue(self, reference: Reference) -> str:
        """Return where a work was published: journal, proceedings or publisher, with volume and pages."""
        fields = reference.fields
        names = ("journal", "booktitle", "publisher", "school", "institution", "howpublished")
        named = next((fields[name] for name in names if fields.get(name)), "")
        if re.match(r"^\\?url|^https?:", named):
            named = ""
        volume = fields.get("volume", "")
        number = f"({fields['number']})" if fields.get("number") else ""
        pages = fields.get("pages", "").replace("--", "–")
        edition = str(self.t("reference.edition", edition=fields["edition"])) if fields.get("edition") else ""
        return ", ".join(filter(None, (named, f"{volume}{number}", pages, edition)))


def reference_links(reference: Reference) -> list[tuple[str, str]]:
    """Return the links of a work: its DOI, its arXiv page, its address. Malformed ones are left out."""
    fields = {name.lower(): value.strip() for name, value in reference.fields.items()}
    found: list[tuple[str, str]] = []
    doi = re.sub(r"^https?://(dx\.)?doi\.org/", "", fields.get("doi", ""))
    if _DOI.match(doi):
        found.append(("DOI", f"https://doi.org/{doi}"))
    eprint = re.sub(r"^arxiv:", "", fields.get("eprint", ""), flags=re.IGNORECASE)
    if _ARXIV.match(eprint):
        found.append(("arXiv", f"https://arxiv.org/abs/{eprint}"))
    if web_address(fields.get("url")):
        found.append(("URL", fields["url"]))
    return found


def main_link(reference: Reference) -> str | None:
    """Return the best link of a work: the open arXiv page, then its own address, then the DOI."""
    links = dict(reference_links(reference))
    return links.get("arXiv") or links.get("URL") or links.get("DOI")


def bibtex(reference: Reference) -> str:
    """Write a work as a BibTeX entry."""
    authors = [_bibtex_name(author) for author in reference.authors]
    authors += ["others"] if reference.has_more_authors else []
    fields = {"author": " and ".join(authors), "title": reference.title, "year": reference.year}
    lines = [f"  {name} = {{{value}}}," for name, value in {**fields, **reference.fields}.items() if value]
    return "\n".join((f"@{reference.kind}{{{reference.key},", *lines, "}"))


def _bibtex_name(author: Author) -> str:
    """Write a name so that BibTeX takes its parts as we do: an organisation is one word in braces."""
    if author.surname == author.name:
        return f"{{{author.name}}}" if " " in author.name else author.name
    return f"{author.surname}, {author.name.removesuffix(author.surname).strip()}"
