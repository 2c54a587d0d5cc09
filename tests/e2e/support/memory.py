"""How much memory a process takes, as the kernel tells."""

from pathlib import Path


def _resident(pid: int, name: str) -> float:
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def peak_memory(pid: int) -> float:
    """MiB: the most that was resident at once, until now."""
    return _resident(pid, "VmHWM:")


def resident_memory(pid: int) -> float:
    """MiB that are resident now."""
    return _resident(pid, "VmRSS:")
