"""The comparison of libraries says what is true of the versions pinned here, so that it cannot rot."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from moocmap.curriculum.load import read_sources

REPOSITORY = Path(__file__).parent.parent.parent
ROOTS = {"keras": "", "fastai": "fastai.vision.all"}
"""The module whose names are written bare; "" where they are written from the package on."""

FIND = """
import ast, importlib, importlib.util, inspect, json, sys, warnings

warnings.simplefilter("ignore")


def defined(module, name):
    '''Whether the source of `module`, which needs a package that is not installed, defines `name`.'''
    file = importlib.util.find_spec(module).origin
    body = ast.parse(open(file, encoding="utf-8").read()).body
    return any(getattr(statement, "name", None) == name for statement in body)


def attribute(path, value):
    for part in path:
        value = getattr(value, part)
    return value


def resolve(words):
    for end in range(len(words) - 1, 0, -1):
        module = ".".join(words[:end])
        try:
            return attribute(words[end:], importlib.import_module(module))
        except AttributeError:
            continue
        except ModuleNotFoundError as error:
            if not module.startswith(str(error.name)) and defined(module, words[end]):
                return None
    raise LookupError(".".join(words))


def found(name, root):
    name, _, option = name.removesuffix("=…)").partition("(")
    words = name.split(".")
    try:
        value = attribute(words, importlib.import_module(root)) if root else resolve(words)
    except AttributeError:
        try:
            value = resolve(words)
        except LookupError:
            return False
    except LookupError:
        return False
    return not option or option in inspect.signature(value).parameters


names, root = json.load(sys.stdin)
print(json.dumps([name for name in names if not found(name, root)]))
"""


@pytest.fixture(scope="module")
def libraries():
    return read_sources(REPOSITORY)[0].guide().libraries


def newest(libraries, library):
    """Return the newest offer of a library for each aspect."""
    for stage in libraries.stages:
        for aspect in stage.aspects:
            offers = [offer for offer in aspect.offers if offer.library == library]
            yield aspect.id, max(offers, key=lambda offer: offer.date)


def pins():
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = (line for line in lines if line and not line.startswith("#"))
    return dict(re.fullmatch(r"([\w.-]+)==(\S+)", line).groups() for line in pinned)


def test_each_aspect_has_what_both_libraries_offered_in_2020_and_offer_today(libraries):
    assert libraries.compared == list(ROOTS)
    for stage in libraries.stages:
        for aspect in stage.aspects:
            found = [(offer.library, offer.date[:4]) for offer in aspect.offers]
            assert found == [("keras", "2020"), ("keras", "2026"), ("fastai", "2020"), ("fastai", "2026")]


@pytest.mark.parametrize("library", ROOTS)
def test_the_newest_offers_are_of_the_pinned_version(libraries, library):
    assert {offer.version for _, offer in newest(libraries, library)} == {pins()[library]}


@pytest.mark.slow
@pytest.mark.parametrize("library", ROOTS)
def test_every_name_of_the_newest_offers_is_found_in_the_library(libraries, library):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    pytest.importorskip(library)
    names = [name for _, offer in newest(libraries, library) for name in offer.names]
    assert len(names) > 40
    done = subprocess.run(
        [sys.executable, "-c", FIND],
        input=json.dumps([[*names, "no.such.name", f"{library}.nothing"], ROOTS[library]]),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == ["no.such.name", f"{library}.nothing"]


def test_a_retired_library_with_a_successor_names_one_that_is_described(libraries):
    known = {library.id: library for library in libraries.libraries}
    for library in libraries.libraries:
        assert library.replaced_by is None or library.status == "retired"
        assert library.replaced_by is None or library.replaced_by in known
