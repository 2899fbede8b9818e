"""Types shared by several rooms; nothing here needs torch."""

from collections.abc import Iterator
from typing import Literal, Protocol, TypeVar

__all__ = ["Measure", "Progress", "Statistic", "Step"]

Measure = Literal["relative", "kernelized", "refined", "loss_change", "cosine", "tangent_kernel"]
Step = Literal["exact", "first_order"]
Statistic = Literal["median", "ratio_of_means", "mean"]

_Item = TypeVar("_Item")


class Progress(Protocol):
    """Shows how far a loop has come: called with the work's items, it yields them one by one."""

    def __call__(
        self, items: "list[_Item]", *, description: str, weights: list[float] | None = None
    ) -> "Iterator[_Item]":
        """Yield the items in order; ``weights`` are their shares of the work."""
        ...
