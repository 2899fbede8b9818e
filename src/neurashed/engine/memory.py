"""The memory budget: how much a computation may hold beside the model and the result."""

import re
from pathlib import Path

import torch

from neurashed.errors import InputError

__all__ = ["parse_memory"]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SMALLEST = 16 * 10**6


def parse_memory(memory: str | int | None, device: torch.device) -> int:
    """Return a memory budget in bytes.

    Args:
        memory: Bytes, a text such as ``"2GB"`` or ``"512MiB"``, or None for a quarter of what is
            free on the device.
        device: The device that computes.

    Returns:
        The budget in bytes.

    Raises:
        InputError: If the text is not a size, or the budget is under 16 MB.

    Example:
        >>> parse_memory("2GB", torch.device("cpu"))
        2000000000
    """
    if memory is None:
        return max(_free_memory(device) // 4, _SMALLEST)
    size = _parse(memory) if isinstance(memory, str) else int(memory)
    if size < _SMALLEST:
        message = f"memory is {memory}; give at least 16MB, such as memory='500MB'"
        raise InputError(message)
    return size


def _parse(text: str) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", text, flags=re.IGNORECASE)
    if match is None:
        message = f"memory is {text!r}; give a size such as '2GB', '500MB' or '1.5GiB'"
        raise InputError(message)
    unit = match[2].upper()
    power = list(_UNITS).index(unit)
    factor = 1024**power if match[3] else _UNITS[unit]
    return int(float(match[1]) * factor)


def _free_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    free = _available_in_system()
    limit = _left_in_control_group()
    return free if limit is None else min(free, limit)


def _available_in_system() -> int:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 4 * 10**9  # a system that does not say: assume a small one
    found = re.search(r"MemAvailable:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 4 * 10**9


def _left_in_control_group() -> int | None:
    """Bytes left to a container, or None if it has no limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = (group / "memory.current").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return None if limit == "max" else max(int(limit) - int(used), 0)
