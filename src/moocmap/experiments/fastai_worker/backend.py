"""torch and fastai, imported once and quietly."""

from __future__ import annotations

import os

from moocmap.experiments.training import worker

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what torch asks for to be deterministic on CUDA
with worker.quiet():
    import fastai
    import torch
    from fastai.callback.progress import ProgressCallback
    from fastai.callback.schedule import ParamScheduler  # noqa: F401 (gives Learner fit_one_cycle)
    from fastai.callback.training import BnFreeze, GradientClip
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Callback, CancelFitException, CancelValidException, Learner
    from fastai.optimizer import SGD, Adam
    from fastai.torch_core import set_seed
    from torch import nn

__all__ = [
    "SGD",
    "Adam",
    "BnFreeze",
    "Callback",
    "CancelFitException",
    "CancelValidException",
    "DataLoader",
    "DataLoaders",
    "GradientClip",
    "Learner",
    "ProgressCallback",
    "fastai",
    "nn",
    "set_seed",
    "torch",
]


def device() -> torch.device:
    """Return the device to train on: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
