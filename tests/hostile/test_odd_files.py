"""Files that are none, lead elsewhere, cannot be opened or go: each is named, and nothing waits for them."""

import json
import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

from moocmap import documents, text_files
from moocmap.diagnostics import DiagnosticsError
from moocmap.site import scripts, styles
from moocmap.site.hand_written import read_pages

REPOSITORY = Path(__file__).parent.parent.parent
LEADS_OUT = "is a link that leads out of the guide's folder"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs pipes, links and rights as Unix has")


def pipe(path):
    os.mkfifo(path)


def listening(path):
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket must be short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def link_to(target):
    return lambda path: path.symlink_to(target)


ODD = {
    "pipe": (pipe, "is a named pipe; expected a text file"),
    "socket": (listening, "is a socket; expected a text file"),
    "folder": (Path.mkdir, "is a folder; expected a text file"),
    "endless": (link_to("/dev/zero"), LEADS_OUT),
    "elsewhere": (link_to("/etc/passwd"), LEADS_OUT),
    "above": (link_to("../../../notes.yml"), LEADS_OUT),
    "loop": (link_to("loop.yml"), "Too many levels of symbolic links"),
    "nowhere": (link_to("gone.yml"), "No such file or directory"),
}


def in_folder(path):
    return scripts.bundle(path.parent, path.name)


def findings(done):
    return {problem["file"]: problem for problem in json.loads(done.stdout)}


def test_of_files_that_are_none_each_is_named(guide, moocmap):
    (guide.parent / "notes.yml").write_text("id: secret\n")
    (guide / "experiments").mkdir()
    for folder in ("curriculum/courses", "experiments"):
        for name, (make, _) in ODD.items():
            make(guide / folder / f"{name}.yml")
    done = moocmap("check", "--format", "json")
    assert done.returncode == 1
    named = findings(done)
    for folder in ("curriculum/courses", "experiments"):
        for name, (_, message) in ODD.items():
            problem = named[f"{folder}/{name}.yml"]
            assert (problem["rule"], problem["line"], problem["message"]) == ("unreadable-file", 1, message)
    assert "secret" not in done.stdout


def test_pipes_in_place_of_single_files_are_named(guide, moocmap):
    names = ["topics.yml", "glossary.yml", "references.bib", "waivers.yml"]
    for name in names:
        file = guide / "curriculum" / name
        file.unlink(missing_ok=True)
        os.mkfifo(file)
    named = findings(moocmap("check", "--format", "json"))
    messages = {named[f"curriculum/{name}"]["message"] for name in names}
    assert messages == {"is a named pipe; expected a text file"}


def test_a_link_to_nowhere_in_place_of_a_single_file_is_no_missing_file(guide, moocmap):
    for name in ("glossary.yml", "references.bib"):
        (guide / "curriculum" / name).unlink()
        (guide / "curriculum" / name).symlink_to("gone")
    named = findings(moocmap("check", "--format", "json"))
    assert named["curriculum/glossary.yml"]["message"] == "No such file or directory"
    assert named["curriculum/references.bib"]["message"] == "No such file or directory"


def test_a_link_within_the_guide_and_one_of_a_whole_part_are_followed(guide, moocmap, tmp_path):
    courses = guide / "curriculum" / "courses"
    kept = guide / "kept"
    courses.rename(kept)
    courses.symlink_to("../kept")
    assert moocmap("check").returncode == 0
    (guide / "curriculum").rename(tmp_path / "shared")
    (guide / "curriculum").symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "courses").unlink()
    kept.rename(tmp_path / "shared" / "courses")
    assert moocmap("check").returncode == 0


def test_a_folder_that_leads_out_is_refused_file_by_file(guide, moocmap, tmp_path):
    courses = guide / "curriculum" / "courses"
    courses.rename(tmp_path / "elsewhere")
    courses.symlink_to(tmp_path / "elsewhere")
    problems = json.loads(moocmap("check", "--format", "json").stdout)
    assert {problem["message"] for problem in problems} == {LEADS_OUT}


def test_a_name_that_is_no_text_or_moves_the_cursor_is_shown_escaped(guide, moocmap):
    for name in (b"\xff.yml", b"a\nb.yml", b"\x1b[2J.yml"):
        (Path(os.fsdecode(os.fsencode(guide / "curriculum" / "courses") + b"/" + name))).write_text("{}")
    assert "\x1b" not in moocmap("check", "--format", "github").stdout
    named = findings(moocmap("check", "--format", "json"))
    assert named.keys() >= {rf"curriculum/courses/{name}.yml" for name in (r"\udcff", r"a\nb", r"\x1b[2J")}


def test_a_file_that_goes_between_listing_and_reading_is_named(tmp_path, monkeypatch):
    file = tmp_path / "x.yml"
    file.write_text("a: 1")
    stat = Path.stat

    def gone_after_a_look(path, **options):
        seen = stat(path, **options)
        if path.name == "x.yml":
            path.unlink()
        return seen

    monkeypatch.setattr(Path, "stat", gone_after_a_look)
    document, [problem] = documents.read(file, tmp_path)
    assert document is None
    assert str(problem) == (
        "x.yml:1:1: error[unreadable-file]: No such file or directory; check its name and rights"
    )


def test_a_file_that_becomes_a_pipe_or_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    file, stat = tmp_path / "x.yml", Path.stat

    def read_when(change):
        file.write_text("a: 1")

        def changed_after_a_look(path, **options):
            seen = stat(path, **options)
            if path.name == "x.yml":
                change()
            return seen

        monkeypatch.setattr(Path, "stat", changed_after_a_look)
        with pytest.raises(DiagnosticsError) as refused:
            text_files.read(file, tmp_path, most_bytes=1000)
        monkeypatch.setattr(Path, "stat", stat)
        file.unlink()
        return refused.value.diagnostics[0].message

    def to_a_pipe():
        file.unlink()
        os.mkfifo(file)

    assert read_when(to_a_pipe) == "is a named pipe; expected a text file"
    large = "a" * 200_000
    assert read_when(lambda: file.write_text(large)) == "is 0.2 MB large; more than 0.1 MB are not read"


def test_files_and_folders_without_rights_are_named(guide, moocmap, rights):
    (guide / "experiments").mkdir(mode=0)
    (guide / "curriculum" / "topics").chmod(0)
    (guide / "curriculum" / "published").chmod(0o444)  # listed, but not entered
    (guide / "curriculum" / "glossary.yml").chmod(0)
    done = moocmap("check", "--format", "json", bound_by_rights=True)
    (guide / "curriculum" / "topics").chmod(0o755)
    (guide / "curriculum" / "published").chmod(0o755)
    assert done.returncode == 1
    named = findings(done)
    closed = ["curriculum/topics", "curriculum/glossary.yml", "experiments"]
    closed += [
        f"curriculum/published/{path.name}" for path in (guide / "curriculum" / "published").glob("*.yml")
    ]
    assert len(closed) > 3
    for name in closed:
        assert (named[name]["rule"], named[name]["message"]) == ("unreadable-file", "Permission denied")


NEW_TOPIC = ("new", "topic", "rye", "--area", "dough", "--name", "en=rye", "--name", "es=centeno")


def test_where_nothing_may_be_written_the_place_is_named_and_all_stays(guide, moocmap, rights):
    for name in ("site", "mkdocs.yml"):
        (guide / name).symlink_to(REPOSITORY / name)
    shutil.copytree(REPOSITORY / "tests" / "site" / "guide" / "experiments", guide / "experiments")
    changes = guide / "curriculum" / "changes.yml"
    changes.write_text(changes.read_text(encoding="utf-8") + "\n\n\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in (guide / "curriculum").rglob("*") if path.is_file()}
    folders = [path for path in (guide, *guide.rglob("*")) if path.is_dir() and not path.is_symlink()]
    for folder in folders:
        folder.chmod(0o555)
    denied = "Permission denied; check who may read and write there"
    said = {
        ("fmt",): f"error: {changes}: {denied}",
        NEW_TOPIC: f"error: {guide}/curriculum/topics/dough.yml: {denied}",
        ("export", "json", "--out", "out.json"): f"error: out.json: {denied}",
        ("build",): f"error: {guide}/build: {denied}",
        ("experiment", "run", "tiny"): f"error: {guide}/experiments/results: {denied}",
    }
    for call, message in said.items():
        done = moocmap(*call, bound_by_rights=True)
        assert done.returncode == 1
        assert message in done.stderr
    for folder in folders:
        folder.chmod(0o755)
    assert before == {path: path.read_bytes() for path in before}


def test_a_strangers_site_publishes_no_file_from_elsewhere(guide, moocmap):
    shutil.copytree(REPOSITORY / "site", guide / "site")
    (guide / "site" / "assets" / "images" / "x.svg").symlink_to("/etc/passwd")
    done = moocmap("pages")
    assert done.returncode == 1
    assert f"site/assets/images/x.svg:1:1: error[unreadable-file]: {LEADS_OUT}" in done.stdout
    assert not list((guide / "build").rglob("x.svg"))


@pytest.mark.parametrize(("name", "target"), [("../..", ""), ("pipe", "pipe"), ("a/b", "../../../../etc")])
def test_a_folder_that_is_copied_whole_holds_only_files_of_the_guide(tmp_path, name, target):
    assets = tmp_path / "site" / "assets"
    (assets / "a").mkdir(parents=True)
    (assets / "a" / "plain.svg").write_text("<svg/>")
    (assets / "same.svg").symlink_to("a/plain.svg")
    text_files.refuse_foreign(assets, tmp_path)
    if target == "pipe":
        os.mkfifo(assets / name)
    elif target:
        (assets / name).symlink_to(target)
    else:
        (assets / "up").symlink_to("../../..")
    with pytest.raises(DiagnosticsError, match=r"site/assets/\S+:1:1: error\[unreadable-file\]: is a "):
        text_files.refuse_foreign(assets, tmp_path)


def test_hand_written_pages_are_files_of_the_guide_in_utf_8(tmp_path):
    folder = tmp_path / "site" / "pages" / "en"
    folder.mkdir(parents=True)
    page = folder / "more.md"
    page.write_text("---\ntitle: More\n---\n\nText.\n", encoding="utf-8")
    assert read_pages(folder, set())["more"].title == "More"
    page.write_bytes(b"---\ntitle: More\n---\n\n\xe1\n")
    with pytest.raises(DiagnosticsError, match=r"site/pages/en/more\.md:5:1: .* byte 0xe1 is no UTF-8"):
        read_pages(folder, set())
    page.unlink()
    page.symlink_to("/etc/passwd")
    with pytest.raises(DiagnosticsError, match=f"site/pages/en/more.md:1:1: .*{LEADS_OUT}"):
        read_pages(folder, set())


@pytest.mark.parametrize("title", ["!!timestamp soon", "9" * 5000, "[" * 20_000, "&a [*a, *a]"])
def test_the_first_lines_of_a_page_that_are_no_plain_data_give_it_no_title(tmp_path, title):
    folder = tmp_path / "site" / "pages" / "en"
    folder.mkdir(parents=True)
    (folder / "more.md").write_text(f"---\ntitle: {title}\n---\n")
    assert read_pages(folder, set())["more"].title == ""


@pytest.mark.parametrize(("bundle", "name"), [(styles.bundle, "site.css"), (in_folder, "main.js")])
def test_style_sheets_and_scripts_that_are_no_utf_8_are_named(tmp_path, bundle, name):
    (tmp_path / name).write_bytes(b"/* */\n\n \xe1")
    with pytest.raises(DiagnosticsError, match=rf"{name}:3:2: error\[unreadable-file\]: byte 0xe1"):
        bundle(tmp_path / name)
