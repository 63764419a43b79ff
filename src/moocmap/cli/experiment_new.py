"""The command `experiment new`: an experiment on one's own folder of images."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated

import typer

from moocmap.cli.common import counted, fail, known_or_fail, root_of, say
from moocmap.experiments.settings.load import FOLDER
from moocmap.fields import ID_PATTERN
from moocmap.files import write_atomically

DATA = "data"
"""The guide's own folder of data."""


def new(
    context: typer.Context,
    experiment_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, in kebab-case.")],
    *,
    folder: Annotated[
        Path,
        typer.Option("--folder", help="Your images: a folder for each class, perhaps in train/ and test/."),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="The body; else a small one, with ImageNet weights if they are here."
        ),
    ] = None,
    libraries: Annotated[
        list[str] | None,
        typer.Option("--library", "-l", help="A library to compare (once for each); else keras and fastai."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Where files of weights lie; else $MOOCMAP_WEIGHTS, then weights/."),
    ] = None,
) -> None:
    """Write experiments/ID.yml for your own folder of images: complete, valid, explained in comments."""
    from moocmap.experiments.models.weights_files import search_folders
    from moocmap.experiments.running.workers import WORKERS
    from moocmap.experiments.settings.new import choose_body, experiment_file, look_at

    root = root_of(context)
    if not re.match(ID_PATTERN, experiment_id):
        proposal = re.sub(r"[^a-z0-9]+", "-", experiment_id.lower()).strip("-")
        fail(f"'{experiment_id}' is no id in kebab-case", f"for example '{proposal}'" if proposal else "")
    path = root / FOLDER / f"{experiment_id}.yml"
    for taken in (path, path.with_suffix(".yaml")):
        if taken.exists():
            fail(f"'{taken.relative_to(root)}' exists", "choose another id, or edit that file")
    chosen = list(dict.fromkeys(libraries or ["keras", "fastai"]))
    known_or_fail("library", chosen, WORKERS)
    found = look_at(folder)
    below, option = _whereabouts(root, folder.resolve())
    folders = search_folders([weights] if weights else [], root)
    body = choose_body(model, [*folders, root / "build" / "cache" / "weights"])
    write_atomically(path, experiment_file(experiment_id, found, below, body, chosen))
    say(f"wrote {path.relative_to(root)}: {counted(found.images, 'image')} of {len(found.classes)} classes")
    if found.left_out:
        say(f"left out, with too few images: {', '.join(found.left_out)}")
    if found.other:
        say(f"not used, beside {' and '.join((found.parts or {}).values())}: {', '.join(found.other)}")
    begins = f"ImageNet weights ({body.publisher})" if body.publisher else "random weights"
    say(f"model: {body.model}, with {begins}")
    say("next:")
    say(f"  moocmap experiment run {experiment_id}{option} --dry-run   # what it will cost")
    say(f"  moocmap experiment run {experiment_id}{option}             # train")
    say(f"  moocmap experiment report {experiment_id}                  # tables and curves")


def _whereabouts(root: Path, folder: Path) -> tuple[str, str]:
    """Return what a folder is called below the folder of all data, and the option that names that one."""
    if folder.is_relative_to(root / DATA) and folder != root / DATA:
        return folder.relative_to(root / DATA).as_posix(), ""
    return folder.name, f" --root {shlex.quote(str(folder.parent))}"
