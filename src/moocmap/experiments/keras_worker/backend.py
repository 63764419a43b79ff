"""Keras on its backend, imported once and quietly: TensorFlow unless `KERAS_BACKEND` says otherwise."""

from __future__ import annotations

import os

from moocmap.experiments.training import worker

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
with worker.quiet():
    import keras

BACKEND: str = keras.backend.backend()
"""The backend's name: "tensorflow", "jax" or "torch"."""

__all__ = ["BACKEND", "keras"]
