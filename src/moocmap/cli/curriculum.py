"""Commands for editors and readers of curriculum data: check, schema, coverage, compare."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from moocmap import tables
from moocmap.cli.common import (
    counted,
    fail,
    known_or_fail,
    locale_of,
    out,
    print_diagnostics,
    root_of,
    say,
    today,
    usable_guide,
)
from moocmap.curriculum import schema
from moocmap.curriculum.check import Checked, examine
from moocmap.curriculum.coverage import agreement, agreement_table, comparison_table, coverage_of
from moocmap.curriculum.coverage import compare as compare_courses
from moocmap.curriculum.load import FOLDER
from moocmap.curriculum.model import DEPTHS, Guide
from moocmap.diagnostics import Diagnostic, as_json
from moocmap.experiments.settings.load import load_experiments
from moocmap.fields import text_in
from moocmap.files import write_atomically
from moocmap.parsed import ParsedFiles
from moocmap.tables import Format

FormatOption = Annotated[Format, typer.Option("--format", "-f", help="For reading (table), or as data.")]
LocaleOption = Annotated[str, typer.Option("--locale", "-l", help="The language of names, such as en or es.")]


WARNINGS_OF_A_KIND = 3
WIDE_COLUMNS = 3
"""So many courses fit beside each other with their names; of more, a table shows numbers."""


class CheckFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def check(
    context: typer.Context,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    everything: Annotated[bool, typer.Option("--all", "-a", help="List every warning of a kind.")] = False,
    form: Annotated[
        CheckFormat,
        typer.Option("--format", "-f", help="One line each; or for programs, code scanning, GitHub."),
    ] = CheckFormat.TEXT,
) -> None:
    """Check all curriculum and experiment files and say what is wrong, where, and how to mend it.

    Exit code: 0 nothing to mend, 1 errors found (with --strict: warnings too).
    """
    from moocmap.experiments.results.examined import examine_records
    from moocmap.experiments.results.shelf import PUBLISHED

    parsed = ParsedFiles(root_of(context))
    checked = examine(root_of(context), today(), parsed)
    experiments, more = load_experiments(root_of(context), parsed)
    parsed.write()
    records = examine_records(root_of(context), PUBLISHED, experiments)
    problems = sorted([*checked.problems, *more, *records])
    if form is not CheckFormat.TEXT:
        out.file.write(_report(problems, form, root_of(context)))
    else:
        shown = problems if everything or strict else _few_of_each_warning(problems)
        print_diagnostics(shown)
        _print_left_out(problems, shown)
        _print_verdict(checked, len(experiments), problems)
    if any(d.severity == "error" or strict for d in problems):
        raise typer.Exit(1)


def _report(problems: list[Diagnostic], form: CheckFormat, root: Path) -> str:
    """Render findings for other programs, which look for files from the current folder (of the checkout)."""
    from moocmap.reports import as_github, as_sarif
    from moocmap.rulebook import rule_pages

    if form is CheckFormat.JSON:
        return as_json(problems)
    here = Path.cwd().resolve()
    above = root.relative_to(here) if root.is_relative_to(here) else Path()
    seen = [replace(problem, file=(above / problem.file).as_posix()) for problem in problems]
    if form is CheckFormat.GITHUB:
        return as_github(seen)
    return as_sarif(seen, rule_pages(), version("moocmap"))


def _few_of_each_warning(problems: list[Diagnostic]) -> list[Diagnostic]:
    """Return all errors, and of each kind of warning the first few: many alike would bury the others."""
    seen: Counter[str] = Counter()
    shown = []
    for problem in problems:
        seen[problem.rule] += problem.severity == "warning"
        if problem.severity == "error" or seen[problem.rule] <= WARNINGS_OF_A_KIND:
            shown.append(problem)
    return shown


def _print_left_out(problems: list[Diagnostic], shown: list[Diagnostic]) -> None:
    left_out = Counter(d.rule for d in problems) - Counter(d.rule for d in shown)
    for rule, number in left_out.items():
        out.print(f"… and {number} more of {rule} (--all lists them)", highlight=False)


def _print_verdict(checked: Checked, experiments: int, problems: list[Diagnostic]) -> None:
    guide, errors = checked.guide, sum(d.severity == "error" for d in problems)
    found = f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}"
    if checked.waived:
        found += f", {len(checked.waived)} waived"
    if guide is None:
        out.print(f"[bold red]✗[/] {found}", highlight=False)
        return
    lessons = sum(len(course.lessons) for course in guide.courses)
    size = ", ".join(
        counted(number, noun)
        for number, noun in (
            (len(guide.courses), "course"),
            (lessons, "lesson"),
            (len(guide.topics), "topic"),
            (len(guide.terms), "term"),
            (len(guide.references), "reference"),
            (experiments, "experiment"),
        )
    )
    unverified = sum(not reference.is_verified for reference in guide.references)
    mark = "[bold red]✗[/]" if errors else "[bold green]✓[/]"
    out.print(f"{mark} {size} ({unverified} references unverified): {found}", highlight=False, soft_wrap=True)


def list_rules(
    context: typer.Context,
    rule: Annotated[
        str | None, typer.Argument(help="Explain this one: what it asks, why, and how to mend it.")
    ] = None,
    form: FormatOption = Format.TABLE,
    locale: LocaleOption = "",
) -> None:
    """List what `moocmap check` and `build` ask for, or explain one rule with an example."""
    from rich.markdown import Markdown

    from moocmap.rulebook import as_markdown, rule_pages

    pages, locale = rule_pages(), locale or locale_of(context)
    if rule is None:
        rows = [
            {"rule": page.id, "severity": page.severity, "what it asks": text_in(page.asks, locale)}
            for page in pages.values()
        ]
        tables.show(rows, form, out)
        return
    known_or_fail("rule", [rule], pages)
    if form is Format.TABLE:
        out.print(Markdown(as_markdown(pages[rule], locale)))
    elif form is Format.MD:
        out.file.write(as_markdown(pages[rule], locale))
    else:
        tables.show([pages[rule].model_dump()], form, out)


def print_schema(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(help=f"Kind of file: {', '.join(schema.FILES)}.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write all schemas to this folder.")
    ] = None,
    with_ids: Annotated[
        bool, typer.Option("--with-ids", help="With --out: let editors complete the guide's ids too.")
    ] = False,
    modelines: Annotated[
        bool,
        typer.Option("--modelines", help="Write all to curriculum/.schemas and name them in the data files."),
    ] = False,
) -> None:
    """Print the JSON Schema of a kind of file, or write all of them for an editor to use."""
    if modelines:
        _name_schemas(root_of(context), usable_guide(context))
    elif folder is not None:
        files = schema.schema_files(usable_guide(context) if with_ids else None)
        for name, text in files.items():
            write_atomically(folder / name, text)
        say(f"{counted(len(files), 'schema')} in {folder}")
    elif with_ids:
        fail("--with-ids needs a folder", "name one with --out, such as curriculum/.schemas")
    elif kind is None:
        fail("no kind of file given", f"one of {', '.join(schema.FILES)}, or --out FOLDER for all")
    else:
        known_or_fail("kind of file", [kind], schema.FILES)
        out.file.write(schema.schema_files()[f"{kind}.json"])


def _name_schemas(root: Path, guide: Guide) -> None:
    """Write the schemas, and a first line that names its own into each data file that has none."""
    schema.write_schemas(root, guide)
    changed = 0
    for path in schema.data_files(root):
        text = path.read_text(encoding="utf-8-sig")
        within = path.relative_to(root / FOLDER)
        kind = schema.kind_of(within)
        if kind is not None and schema.MODELINE not in text:
            write_atomically(path, f"{schema.modeline(kind, within)}\n{text}")
            changed += 1
    say(f"schemas in {root / schema.SCHEMAS}, named in {counted(changed, 'more file')}")


def coverage(
    context: typer.Context,
    courses: Annotated[
        list[str] | None, typer.Argument(help="Course ids; all courses when left out.")
    ] = None,
    published: Annotated[
        str | None, typer.Option("--published", "-p", help="Hold a published table against the lessons.")
    ] = None,
    form: FormatOption = Format.TABLE,
    locale: LocaleOption = "",
) -> None:
    """Show how far each course takes each topic, derived from its lessons.

    With --published, show row by row where that table and the lessons agree; exit code 1 when a difference
    is not explained.
    """
    guide = usable_guide(context)
    if published is not None and (courses or locale):
        fail("--published shows its own courses in its own words", "leave out the courses and --locale")
    if published is not None:
        _print_agreement(guide, published, form)
        return
    ids = courses or list(guide.course_by_id)
    known_or_fail("course", ids, guide.course_by_id)
    tables.show(coverage_of(guide).table(ids, known_locale(guide, locale)), form, out, too_wide=["topic"])


def _print_agreement(guide: Guide, table_id: str, form: Format) -> None:
    by_id = {table.id: table for table in guide.published}
    known_or_fail("published table", [table_id], by_id)
    rows = agreement(coverage_of(guide), by_id[table_id])
    tables.show(agreement_table(rows), form, out)
    verdicts = [row.verdict for row in rows]
    agreeing, explained = verdicts.count("agrees"), verdicts.count("explained")
    if form is Format.TABLE:
        out.print(
            f"{agreeing + explained} of {len(rows)} rows: {agreeing} agree, {explained} explained",
            highlight=False,
        )
    if agreeing + explained < len(rows):
        raise typer.Exit(1)


def compare(
    context: typer.Context,
    courses: Annotated[list[str], typer.Argument(help="Two or more course ids.")],
    form: FormatOption = Format.TABLE,
    locale: LocaleOption = "",
) -> None:
    """Compare what courses teach: shared, only in one, deeper in one."""
    guide = usable_guide(context)
    known_or_fail("course", courses, guide.course_by_id)
    if len(set(courses)) < 2:
        fail("at least two different courses are needed", f"known: {', '.join(guide.course_by_id)}")
    derived = coverage_of(guide)
    comparison = compare_courses(derived, courses)
    table = comparison_table(derived, comparison, known_locale(guide, locale))
    names = {course_id: course_id for course_id in courses}
    if form is Format.TABLE and len(courses) > WIDE_COLUMNS:
        names = {course_id: str(number) for number, course_id in enumerate(courses, start=1)}
        table = [_with_narrow_columns(row, names) for row in table]
        say(", ".join(f"{depth[0]} {depth}" for depth in DEPTHS))
    tables.show(table, form, out, too_wide=["area", "topic"])
    if form is Format.TABLE:
        out.print(f"{counted(len(comparison.shared), 'topic')} in all of them", highlight=False)
        for course_id, name in names.items():
            only, deeper = len(comparison.exclusive[course_id]), len(comparison.deeper_in[course_id])
            label = course_id if name == course_id else f"{name} {course_id}"
            out.print(f"{label}: {only} only here, {deeper} deeper here", highlight=False)


def _with_narrow_columns(row: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    """Return a row of a comparison with numbers for courses and letters for depths."""
    depths = {names[name]: cell[:1] for name, cell in row.items() if name in names}
    *words, course_id = row["verdict"].split(" ")
    verdict = " ".join([*words, names.get(course_id, course_id)])
    return {"name": row["name"], **depths, "verdict": verdict}


def known_locale(guide: Guide, locale: str) -> str:
    """Return a language of the guide, its first by default; ends the command when it has no such."""
    known_or_fail("language", [locale] if locale else [], guide.settings.locales)
    return locale or guide.settings.locales[0]
