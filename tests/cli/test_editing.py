"""The editor's commands, run as an editor runs them."""

import subprocess


def test_fmt_shows_checks_and_changes(guide, moocmap):
    file = guide / "curriculum" / "topics" / "oven.yml"
    before = file.read_bytes()
    done = moocmap("fmt", "--diff", "curriculum/topics/oven.yml", root=guide)
    assert done.returncode == 1
    assert "would change curriculum/topics/oven.yml" in done.stdout
    assert moocmap("fmt", "--check", root=guide).returncode == 1
    assert file.read_bytes() == before
    patch = done.stdout[: done.stdout.index("would change")]
    assert moocmap("fmt", root=guide).returncode == 0
    formatted = file.read_bytes()
    file.write_bytes(before)
    subprocess.run(["patch", "-p0"], cwd=guide, input=patch, text=True, check=True, capture_output=True)
    assert file.read_bytes() == formatted
    assert moocmap("fmt", "--check", root=guide).returncode == 0
    assert moocmap("check", "--strict", root=guide).returncode == 0


def test_fmt_leaves_a_broken_file_and_goes_on(guide, moocmap):
    broken = guide / "curriculum" / "guide.yml"
    broken.write_text("title: [\n", encoding="utf-8")
    done = moocmap("fmt", root=guide)
    assert done.returncode == 1
    assert "curriculum/guide.yml:2:1: error[yaml-syntax]" in done.stdout
    assert "1 file left for errors" in done.stdout
    assert broken.read_text(encoding="utf-8") == "title: [\n"
    assert "changed curriculum/topics/oven.yml" in done.stdout


def test_fmt_names_what_it_cannot_find(guide, moocmap):
    done = moocmap("fmt", "curriculum/topics/ovn.yml", root=guide)
    assert done.returncode == 2
    assert "did you mean 'curriculum/topics/oven.yml'?" in done.stderr
    assert "does not stand in" in moocmap("fmt", __file__, root=guide).stderr
