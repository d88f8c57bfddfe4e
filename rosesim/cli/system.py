"""Names of the machine's parts."""

from __future__ import annotations

import platform
from pathlib import Path


def platform_name() -> str:
    """The operating system and the architecture."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def cpu_name() -> str:
    """The processor's name, as far as the system reports it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
