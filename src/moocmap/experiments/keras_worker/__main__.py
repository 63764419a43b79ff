"""The Keras worker as a command."""

from __future__ import annotations

from typing import Any

from moocmap.experiments.keras_worker.backend import BACKEND, keras
from moocmap.experiments.keras_worker.explaining import explain
from moocmap.experiments.keras_worker.training import logits, train
from moocmap.experiments.training import worker

DETERMINISM = {
    "tensorflow": "tf.config.experimental.enable_op_determinism, no XLA, seeded at each epoch",
    "jax": "seeded at each epoch; XLA as it is",
    "torch": "seeded at each epoch; torch as Keras calls it",
}


def prepare(threads: int | None) -> None:
    """Make the backend deterministic and set its threads (None: as many as there are cores)."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # each phase compiles anew, which it would warn of
        tf.config.experimental.enable_op_determinism()
        tf.config.threading.set_intra_op_parallelism_threads(threads or 0)
        tf.config.threading.set_inter_op_parallelism_threads(threads or 0)


def facts() -> dict[str, Any]:
    """Tell versions, backend, accelerator and what makes training deterministic."""
    return {
        "software": {"keras": keras.__version__, "backend": BACKEND, BACKEND: worker.version(BACKEND)},
        "accelerator": _accelerator(),
        "determinism": DETERMINISM[BACKEND],
    }


def _accelerator() -> str:
    if BACKEND == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        named = [tf.config.experimental.get_device_details(device).get("device_name") for device in devices]
        return str(named[0]) if named else "none"
    if BACKEND == "jax":
        import jax

        device = jax.devices()[0]
        return "none" if device.platform == "cpu" else str(device.device_kind)
    place = str(keras.ops.zeros(1).device)
    return "none" if place == "cpu" else place


def peak_gpu_memory() -> int | None:
    """Return the most bytes in use on the accelerator so far; None without one, or if nobody tells."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    if BACKEND == "jax":
        import jax

        figures = jax.devices()[0].memory_stats()
        return int(figures["peak_bytes_in_use"]) if figures else None
    return None


if __name__ == "__main__":
    raise SystemExit(worker.main(worker.Library(prepare, facts, train, logits, peak_gpu_memory, explain)))
