"""Showing how far a generator of known length has come."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

__all__ = ["follow"]

_Item = TypeVar("_Item")


def follow(
    items: Iterable[_Item], length: int, description: str, progress: Callable[..., Any] | None
) -> Iterator[_Item]:
    """Yield items and tell a progress display of each.

    Args:
        items: The items.
        length: How many there are.
        description: What is being done.
        progress: The display, or None.

    Yields:
        The items.
    """
    if progress is None:
        yield from items
        return
    ticks = iter(progress(list(range(length)), description=description))
    next(ticks, None)
    for item in items:
        yield item
        next(ticks, None)
