"""Every command explains itself with an example, and every example works as far as its options go."""

import shlex

import pytest
import typer.main

from moocmap.cli import app_for

ROOT = typer.main.get_command(app_for([]))


def commands(command, path=()):
    yield path, command
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))


ALL = list(commands(ROOT))


def test_commands_are_found():
    # Typer's groups are no longer those of the package click, so that isinstance tells nothing.
    assert len(ALL) > 20


@pytest.mark.parametrize(
    ("path", "command"), ALL, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_help_has_an_example_that_parses(path, command):
    assert command.help
    assert command.epilog is not None
    assert command.epilog.startswith("Example: moocmap ")
    for line in command.epilog.removeprefix("Example: ").split(" && "):
        words = shlex.split(line)[1:]
        assert tuple(words[: len(path)]) == path or hasattr(command, "commands")
        target = ROOT
        while hasattr(target, "commands"):
            target = target.commands[words.pop(0)]
        target.make_context("moocmap", words, resilient_parsing=False)


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_help_fits_a_terminal(path, moocmap):
    done = moocmap(*path, "--help", COLUMNS="80")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["check", "--strict"], ["check"]),
        (["--root", "check", "build"], ["build"]),
        (["--root=check", "experiment", "run"], ["experiment"]),
        (["experiments"], None),
        (["--help"], None),
        ([], None),
    ],
)
def test_a_line_loads_the_command_that_it_names_and_else_all(words, commands):
    found = list(typer.main.get_command(app_for(words)).commands)
    assert found == (commands or list(typer.main.get_command(app_for([])).commands))
