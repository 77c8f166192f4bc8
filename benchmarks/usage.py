"""What a process has used so far, as it asks the system itself."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """The most memory that was resident."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def resident_megabytes() -> float:
    """The memory that is resident now; the peak where the system doesn't tell."""
    lines = _STATUS.read_text().splitlines() if _STATUS.exists() else []
    sizes = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return sizes[0] * 1024 / 1e6 if sizes else peak_megabytes()
