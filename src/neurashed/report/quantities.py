"""Values of a provenance as people read them: bytes, operations and seconds with their units."""

from collections.abc import Mapping
from typing import Any

__all__ = ["write_bytes", "write_value"]

_BYTES = {"memory", "workspace", "bytes", "num bytes"}
_COUNTS = {"operations", "pass operations"}


def write_value(name: str, value: Any) -> str:  # noqa: ANN401
    """Return a value as text; the last word of its name says what it is measured in.

    Args:
        name: Such as ``"memory"`` or ``"workload.num sources"``.
        value: Anything that JSON can hold.

    Returns:
        The text.

    Example:
        >>> write_value("memory", 4_825_476_096), write_value("operations", 161306860.0)
        ('4.83 GB', '161 million')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(write_value(name, one) for one in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {write_value(str(key), one)}" for key, one in value.items())
    # What lies below "seconds" says what they were spent on.
    _, _, kind = name.replace(".seconds.", ".seconds ").rpartition(".")
    kind = kind.replace("_", " ")
    if isinstance(value, int) and kind not in _BYTES | _COUNTS:
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return _write_number(kind, float(value)) if isinstance(value, int | float) else str(value)


def write_bytes(number: float) -> str:
    """Return a number of bytes with its unit.

    Example:
        >>> write_bytes(486_200.0), write_bytes(12.0)
        ('486 kB', '12 bytes')
    """
    return _scale(number, {1e12: "TB", 1e9: "GB", 1e6: "MB", 1e3: "kB"}, "bytes")


def _write_number(kind: str, value: float) -> str:
    if kind in _BYTES:
        return write_bytes(value)
    if kind in _COUNTS:
        return _scale(value, {1e12: "trillion", 1e9: "billion", 1e6: "million"}, "")
    if kind.startswith("seconds"):
        return f"{value:.3g}"
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)


def _scale(number: float, units: Mapping[float, str], unit: str) -> str:
    for size, name in units.items():
        if number >= size:
            # Three digits, without the exponent that `g` gives from 1000 on.
            digits = max(2 - len(str(int(number / size))) + 1, 0)
            return f"{number / size:,.{digits}f} {name}"
    return f"{number:,.0f} {unit}".rstrip()
