"""Rewrites torch's files of tensors as safetensors: `python -m … SOURCE.pth TARGET.safetensors`.

A `.pth` is a pickle, and reading one the plain way runs what it says. torch's own reader is told to accept
nothing but tensors (`weights_only`), and it works in this process alone; what it leaves needs neither torch
nor trust to be read.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import sys
from pathlib import Path
from typing import Any

from moocmap.experiments.models.weights_formats import MOST_BYTES
from moocmap.experiments.spec import ExperimentError

WRAPPERS = ("state_dict", "model")
"""Keys under which training scripts keep the tensors beside other things."""


def main() -> int:
    """Run as a command; return its exit status (2: wrong use, 1: the file cannot be rewritten)."""
    if len(sys.argv) != 3:
        print("usage: python -m moocmap.experiments.fastai_worker.convert SOURCE TARGET", file=sys.stderr)
        return 2
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except ExperimentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def convert(source: Path, target: Path) -> None:
    """Write the tensors of torch's file as safetensors, with the SHA-256 of the source beside them.

    Raises:
        ExperimentError: if the source is no file of tensors, holds anything else, or torch is not there.
    """
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise ExperimentError(
            f"torch is not installed here, so {source} cannot be read; rewrite it where torch is: "
            f"python -m {__package__}.convert {source.name} {target.name}, and put the result beside it"
        ) from error
    tensors = _tensors(source)
    facts = {"source": source.name, "source_sha256": _sha256(source)}
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        save_file(tensors, temporary, facts)
        temporary.replace(target)
    except OSError as error:
        raise ExperimentError(f"cannot write {target}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _tensors(source: Path) -> dict[str, Any]:
    """Read named tensors; each gets memory of its own, as safetensors asks."""
    import torch

    loaded = _load(source)
    for key in WRAPPERS:
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not all(isinstance(x, torch.Tensor) for x in loaded.values()):
        raise ExperimentError(
            f"{source} holds no named tensors; save a model's `state_dict()`, not the model itself"
        )
    _check_plain(loaded, source)
    return {str(name): tensor.detach().clone().contiguous() for name, tensor in loaded.items()}


def _check_plain(tensors: dict[str, Any], source: Path) -> None:
    """Refuse tensors that are not numbers one after the other, and more of them than a model has.

    A view may repeat one number without end: a file of a kilobyte would fill the memory when it is copied.
    """
    import torch

    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise ExperimentError(
                f"'{name}' in {source} is no tensor of plain numbers; save the model's weights as float32"
            )
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if size > MOST_BYTES:
        raise ExperimentError(f"{source} claims {size:,} bytes of weights; expected {MOST_BYTES:,} at most")


def _load(source: Path) -> Any:
    import torch

    try:
        return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        if named:
            raise ExperimentError(
                f"{source} was refused: it holds more than tensors, and reading it would run '{named[1]}'. "
                "Get the file from its publisher, or save a model's `state_dict()`"
            ) from error
        raise _not_tensors(source) from error
    except FileNotFoundError as error:
        raise ExperimentError(f"there is no file {source}") from error
    except Exception as error:  # what torch raises for damaged files is not of one kind
        raise _not_tensors(source) from error


def _not_tensors(source: Path) -> ExperimentError:
    return ExperimentError(
        f"{source} was refused: it is no file of torch tensors, or damaged. Nothing in it was run; "
        "fetch it again from its publisher"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())
