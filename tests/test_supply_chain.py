"""What the toolkit stands on: little, declared, pinned by name, and of known licences."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from moocmap.site.engine import compile_pages

REPOSITORY = Path(__file__).parent.parent
LISTER = REPOSITORY / "benchmarks" / "supply_chain.py"
CORE = {
    *("genanki", "icalendar", "jinja2", "markupsafe", "matplotlib", "mkdocs", "mkdocs-material", "numpy"),
    *("pandas", "pybtex", "pydantic", "pydantic-core", "pygments", "pyyaml", "rich", "scipy", "tabulate"),
    *("typer", "watchfiles"),
}
"""What reading, editing and building a guide may ask for. A new name here needs a good reason."""
DEEP_LEARNING = {"fastai", "jax", "jaxlib", "keras", "tensorflow", "torch", "torchvision", "triton"}
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
GROUPS: dict[str, list[str]] = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def names(group: str) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in GROUPS[group]}


def pins() -> dict[str, str]:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def listed(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(LISTER), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def rows(output: str) -> dict[str, list[str]]:
    """Return the table that the command prints: name, version, "core" or nothing, licence."""
    lines = output.partition("\n\n")[0].splitlines()
    return {line.split()[0]: [line.split()[1], line[48:52].strip(), line[54:].strip()] for line in lines}


@pytest.fixture(scope="module")
def printed() -> subprocess.CompletedProcess[str]:
    return listed()


def test_the_core_is_small_and_named() -> None:
    assert names("") == CORE


def test_every_pin_is_a_name_and_a_version() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = [
        line for line in lines if not re.fullmatch(r"#.*|[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.!+]*", line)
    ]
    assert wrong == []
    assert len(pins()) == len(lines) - 1 > 100, "the first line alone is a comment, and no name stands twice"
    assert lines[1:] == sorted(lines[1:])


def test_no_dependency_is_an_address() -> None:
    requirements = [Requirement(text) for group in GROUPS.values() for text in group]
    assert [one.name for one in requirements if one.url] == []


@pytest.mark.parametrize("group", GROUPS)
def test_all_that_is_declared_is_pinned_to_a_version_that_fits(group: str) -> None:
    for text in GROUPS[group]:
        one = Requirement(text)
        assert one.specifier.contains(pins()[canonicalize_name(one.name)]), text


@cache
def imported() -> dict[str, set[str]]:
    """Return the modules that the toolkit imports, of other packages, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in sorted((REPOSITORY / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [node.module]
            for module in modules:
                found.setdefault(module.partition(".")[0], set()).add(path.relative_to(REPOSITORY).as_posix())
    return {name: files for name, files in found.items() if name not in {*sys.stdlib_module_names, "moocmap"}}


@cache
def providers() -> Any:
    return metadata.packages_distributions()


def owners(module: str) -> set[str]:
    """Return the packages that bring a module."""
    return {canonicalize_name(name) for name in providers().get(module, [module])}


def test_nothing_is_imported_that_is_not_declared() -> None:
    declared = names("") | names("experiments") | names("jax")
    found = imported()
    assert {"yaml", "pydantic", "torch", "keras"} <= found.keys()
    strange = {}
    for module, files in found.items():
        if not owners(module) & declared:
            strange[module] = files
    assert strange == {}, "declare the package in pyproject.toml, or do without it"


def test_what_builds_the_site_needs_the_core_alone() -> None:
    outside = {}
    for module, files in imported().items():
        here = {file for file in files if "/experiments/" not in file}
        if here and not owners(module) & CORE:
            outside[module] = here
    assert outside == {}


def test_every_package_is_listed_with_version_and_licence(printed: subprocess.CompletedProcess[str]) -> None:
    assert printed.returncode == 0, printed.stderr
    table = rows(printed.stdout)
    assert table.keys() >= CORE
    assert all(version == pins()[name] for name, (version, _, _) in table.items())
    assert [name for name, (_, _, licence) in table.items() if licence in ("", "UNKNOWN")] == []
    assert "audit: not asked for" in printed.stdout


def test_the_core_s_own_needs_are_free_and_without_deep_learning(
    printed: subprocess.CompletedProcess[str],
) -> None:
    core = {name: licence for name, (_, part, licence) in rows(printed.stdout).items() if part == "core"}
    assert len(core) > len(CORE)
    assert core.keys() & DEEP_LEARNING == set()
    assert [
        name for name, licence in core.items() if re.search(r"NVIDIA|Proprietary|(?<!L)GPL", licence)
    ] == []


def report(**found: Any) -> dict[str, Any]:
    """Return a report as pip-audit writes it."""
    return {"dependencies": [{"name": name, **facts} for name, facts in found.items()], "fixes": []}


SOUND = {"version": "1.0", "vulns": []}
HURT = {"version": "1.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": []}]}
SKIPPED = {"skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (report(jinja2=SOUND, rich=SOUND), 0, r"audit: 2 of \d+ packages, 0 with an advisory"),
        (report(jinja2=HURT, rich=SOUND), 1, "error: jinja2: PYSEC-2026-1; take a mended version"),
        (report(jinja2=SOUND, rich=SKIPPED), 0, r"not audited: rich \(Dependency not found\)"),
        (report(jinja2=SKIPPED), 1, "error: the audit was not done: every package was skipped"),
        ({}, 1, "error: the audit was not done"),
    ],
)
def test_what_an_audit_found_is_told(tmp_path: Path, found: Any, code: int, said: str) -> None:
    (tmp_path / "report.json").write_text(json.dumps(found))
    done = listed("--audit-file", tmp_path / "report.json")
    assert done.returncode == code, done.stderr
    assert re.search(said, done.stdout + done.stderr)


def test_figures_are_written_as_those_of_other_benchmarks(tmp_path: Path) -> None:
    assert listed("--json", tmp_path / "figures.json").returncode == 0
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["benchmark"] == "supply-chain"
    assert written["figures"]["licences unknown"] == {"value": 0, "unit": "packages", "most": 0}
    committed = json.loads((REPOSITORY / "benchmarks" / "results" / "supply-chain.json").read_text())
    assert committed["figures"].keys() == written["figures"].keys()


def test_what_is_promised_is_written_down() -> None:
    text = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    for word in ("YAML", "Markdown", "template", "pickle", "archive", "Content-Security-Policy", "report"):
        assert word in text, word


def test_checking_a_guide_runs_nothing_of_it(tmp_path: Path) -> None:
    """A stranger's guide may be checked; building it runs its pages, as SECURITY.md says."""
    guide = tmp_path / "guide"
    shutil.copytree(REPOSITORY / "tests" / "site" / "guide", guide)
    shutil.copytree(REPOSITORY / "site", guide / "site")
    shutil.copyfile(REPOSITORY / "mkdocs.yml", guide / "mkdocs.yml")
    mark = tmp_path / "it-ran"
    code = f"{{{{ cycler.__init__.__globals__['os'].makedirs({str(mark)!r}, exist_ok=True) or 'x' }}}}"
    for locale in ("en", "es"):
        page = guide / "site" / "pages" / locale / "stranger.md"
        page.write_text(f"---\ntitle: x\nfigures: [tiny]\n---\n{code}\n", encoding="utf-8")
    for command in (["check"], ["coverage"], ["plan", "-w", "5", "--goal", "learning-rate"]):
        done = subprocess.run(
            [sys.executable, "-m", "moocmap", "--root", str(guide), *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert not mark.exists()
    compile_pages(guide, date(2026, 11, 1))
    assert mark.exists(), "templates are no code any more: say so in SECURITY.md"
