"""The fastai worker as a command."""

from __future__ import annotations

from typing import Any

from moocmap.experiments.fastai_worker.backend import fastai, torch
from moocmap.experiments.fastai_worker.explaining import explain
from moocmap.experiments.fastai_worker.training import logits, train
from moocmap.experiments.training import worker


def prepare(threads: int | None) -> None:
    """Make torch deterministic and set its threads (None: torch's default)."""
    torch.use_deterministic_algorithms(True)
    if threads is not None:
        torch.set_num_threads(threads)


def facts() -> dict[str, Any]:
    """Tell versions, backend, accelerator and what makes training deterministic."""
    return {
        "software": {"fastai": fastai.__version__, "backend": "torch", "torch": torch.__version__},
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "determinism": "torch.use_deterministic_algorithms, seeded at each epoch",
    }


def peak_gpu_memory() -> int | None:
    """Return the most bytes that tensors took on the GPU so far; None without one."""
    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None


if __name__ == "__main__":
    raise SystemExit(worker.main(worker.Library(prepare, facts, train, logits, peak_gpu_memory, explain)))
