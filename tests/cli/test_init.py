"""A guide to another subject starts with one command and is edited without touching the toolkit."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

REPOSITORY = Path(__file__).parent.parent.parent
OTHER_SUBJECT = re.compile(
    r"deep.learning|aprendizaje profundo|neural|neuronal|keras|fastai|pytorch|tensorflow|thesis|tesis",
    re.IGNORECASE,
)

TOPICS = {  # topic: what it requires
    "html": [],
    "css": ["html"],
    "http": [],
    "url": ["http"],
    "javascript": ["html"],
    "dom": ["javascript", "html"],
    "events": ["dom"],
    "fetch": ["javascript", "http"],
    "json": ["javascript"],
    "responsive-layout": ["css"],
    "accessibility": ["html", "css"],
    "web-server": ["http", "url"],
}
COURSES = {
    "web-basics": [["html", "css"], ["responsive-layout", "accessibility"], ["http", "url"]],
    "web-scripts": [["javascript", "dom", "events"], ["json", "fetch", "web-server"]],
}


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return hashlib.sha256(
        b"".join(path.as_posix().encode() + path.read_bytes() for path in files)
    ).hexdigest()


def new(moocmap, root, what, name, *options):
    done = moocmap("new", what, name, *options, root=root)
    assert done.returncode == 0, done.stdout + done.stderr


def in_both(option, text):
    return [f"--{option}", f"en={text}", f"--{option}", f"es={text} (es)"]


def fill_in(course, lessons):
    """What an editor does in the new file: texts for the TODOs, topics for the lessons."""
    text = course.read_text(encoding="utf-8")
    text = re.sub(r"TODO: ([^\"]*)", r"On \1", text)
    for topics in lessons:
        taught = ", ".join(f"{{id: {topic}, depth: explains}}" for topic in topics)
        text = re.sub(r"topics: \[\].*", f"topics: [{taught}]", text, count=1)
    course.write_text(text.replace("example.org/TODO", "example.org"), encoding="utf-8")


@pytest.mark.slow
def test_a_guide_to_web_development_needs_no_change_of_the_toolkit(tmp_path, moocmap):
    before = digest(REPOSITORY / "src")
    root = tmp_path / "web"
    assert moocmap("init", root, "--title", "Ways into the web").returncode == 0
    (root / "curriculum" / "courses" / "example-course.yml").unlink()
    (root / "curriculum" / "topics" / "basics.yml").unlink()
    for topic, requires in TOPICS.items():
        needs = [word for other in requires for word in ("--requires", other)]
        texts = [*in_both("name", topic.upper()), *in_both("definition", f"What {topic} is.")]
        new(moocmap, root, "topic", topic, "--area", "basics", *texts, *needs)
    for course, lessons in COURSES.items():
        new(moocmap, root, "course", course, "--title", course.title(), "--lessons", str(len(lessons)))
        fill_in(root / "curriculum" / "courses" / f"{course}.yml", lessons)
    new(
        moocmap,
        root,
        "term",
        "markup",
        *in_both("term", "markup"),
        *in_both("definition", "Marks in a text."),
    )

    checked = moocmap("check", "--strict", root=root)
    assert checked.returncode == 0, checked.stdout
    assert "2 courses, 5 lessons, 12 topics, 1 term" in checked.stdout
    built = moocmap("build", root=root)
    assert built.returncode == 0, built.stdout + built.stderr

    site = root / "build" / "site"
    pages = sorted(site.rglob("*.html"))
    titles = {
        page.relative_to(site).as_posix(): BeautifulSoup(page.read_text("utf-8"), "html.parser").title
        for page in pages
    }
    assert "Ways into the web" in titles["en/index.html"].text
    assert all(
        "Ways into the web" in title.text for name, title in titles.items() if name.startswith(("en/", "es/"))
    )
    for locale in ("en", "es"):
        assert {f"{locale}/topics/{topic}.html" for topic in TOPICS} <= titles.keys()
        assert {f"{locale}/courses/{course}/index.html" for course in COURSES} <= titles.keys() or {
            f"{locale}/courses/{course}.html" for course in COURSES
        } <= titles.keys()
    suffixes = (".html", ".json", ".md", ".csv", ".xml")
    said = {path: path.read_text(encoding="utf-8") for path in site.rglob("*") if path.suffix in suffixes}
    assert [path for path, text in said.items() if OTHER_SUBJECT.search(without_rules(path, text))] == []
    schemas = (root / "curriculum" / ".schemas").glob("*.json")
    assert {json.loads(path.read_text(encoding="utf-8"))["title"] for path in schemas} >= {
        "moocmap course",
        "The ids of this guide",
    }
    assert digest(REPOSITORY / "src") == before


def test_a_new_guide_is_clean_and_in_its_usual_layout(tmp_path, moocmap):
    root = tmp_path / "guides" / "my-guide"
    done = moocmap("init", root)
    assert done.returncode == 0, done.stderr
    assert f"next: cd {root}" in done.stdout
    assert moocmap("check", "--strict", root=root).returncode == 0
    assert moocmap("fmt", "--check", root=root).returncode == 0
    assert yaml.safe_load((root / "curriculum" / "guide.yml").read_text("utf-8"))["title"] == "My guide"
    texts = [path for path in root.rglob("*") if path.suffix in (".md", ".bib") or ".yml" in path.name]
    library_names = root / "site" / "locales"  # interface strings name the libraries that experiments know
    assert [
        p for p in texts if p.parent != library_names and OTHER_SUBJECT.search(p.read_text("utf-8"))
    ] == []


def test_another_language_says_what_to_translate(tmp_path, moocmap):
    root = tmp_path / "guide"
    done = moocmap("init", root, "--locale", "de", "--locale", "en")
    assert done.returncode == 0
    assert (
        "language 'de' is still in English: translate site/locales/de.yml and site/pages/de/about.md"
        in done.stdout
    )
    checked = moocmap("check", "--all", root=root)
    assert checked.returncode == 0
    assert "guide.yml" in checked.stdout
    assert "warning[to-do]" in checked.stdout
    assert "es.yml" not in [path.name for path in (root / "site" / "locales").iterdir()]
    built = moocmap("build", root=root)
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["full"], "is not empty; name a new folder"),
        (["other", "--locale", "german"], "expected a language code such as 'en' or 'es', got 'german'"),
    ],
)
def test_init_refuses_and_leaves_nothing_behind(tmp_path, moocmap, arguments, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    done = moocmap("init", *arguments, root=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == [
        "full",
        "full/notes.txt",
    ]


@pytest.mark.slow
def test_the_wheel_carries_what_init_copies(tmp_path):
    source = tmp_path / "source"
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-co",
            "--exclude-standard",
            "src",
            "site",
            "mkdocs.yml",
            "setup.py",
            "pyproject.toml",
            "README.md",
            "LICENSE",
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((REPOSITORY / name).read_bytes())
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])",
            str(tmp_path),
        ],
        cwd=source,
        check=True,
        capture_output=True,
    )
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    for name in listed.stdout.splitlines():
        if name.startswith("site/") and not name.startswith("site/pages/"):
            assert f"moocmap/starter_site/{name}" in names
        elif name.startswith("src/") and not name.endswith(".py"):
            assert name.removeprefix("src/") in names
    assert "moocmap/starter_site/mkdocs.yml" in names
    assert not any("starter_site/site/pages" in name for name in names)


def without_rules(path, text):
    """Leave out the pages on the toolkit's rules: those of experiments name the libraries it trains with."""
    return "" if path.parent.name == "rules" else text
