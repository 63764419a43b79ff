"""What a run costs beside time: memory and, where the machine tells it, energy.

Energy is what an NVIDIA GPU counts (NVML), or what the processor's packages count (Linux' powercap, RAPL).
Both count everything that runs on them, not this run alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

_RAPL = Path("/sys/class/powercap")


class Meter:
    """Counts the energy used since it was made."""

    def __init__(self) -> None:
        self._begin = _joules()

    def joules(self) -> float | None:
        """Return the joules since the start; None where nothing counts them, or a counter has wrapped."""
        now = _joules()
        if now is None or self._begin is None or now < self._begin:
            return None
        return now - self._begin


def peak_memory() -> int | None:
    """Return the most memory this process has held, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


def _joules() -> float | None:
    gpu = _gpu_joules()
    return gpu if gpu is not None else _package_joules()


def _gpu_joules() -> float | None:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        millijoules = sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in handles)
        return float(millijoules) / 1000
    except pynvml.NVMLError:
        return None


def _package_joules() -> float | None:
    try:
        counts = [int(path.read_text()) for path in _RAPL.glob("intel-rapl:?/energy_uj")]
    except (OSError, ValueError):
        return None
    return sum(counts) / 1e6 if counts else None
