"""Sizes in words."""

__all__ = ["describe_bytes"]


def describe_bytes(count: float | int) -> str:  # noqa: PYI041, both are numbers of bytes
    """Return a number of bytes with its unit, such as ``"3.9 GB"``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
