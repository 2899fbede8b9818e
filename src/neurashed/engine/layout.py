"""Where the examples are in a tensor inside the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Layout", "find_layout"]


@dataclass(frozen=True)
class Layout:
    """The axis that holds the examples, and what else is folded into it.

    Attributes:
        axis: The axis.
        folded: How many positions of each example are folded into the axis; 1 if none.
        examples_first: Whether an example's positions lie side by side along the axis.
    """

    axis: int
    folded: int = 1
    examples_first: bool = True

    def bring_forward(self, value: Tensor) -> Tensor:
        """Return a view ``(example, folded, ...)`` with the other axes in their order."""
        if self.examples_first:
            value = value.unflatten(self.axis, (-1, self.folded))
            return value.movedim((self.axis, self.axis + 1), (0, 1))
        value = value.unflatten(self.axis, (self.folded, -1))
        return value.movedim((self.axis + 1, self.axis), (0, 1))


def find_layout(
    small: Sequence[Tensor], large: Sequence[Tensor], num_small: int, num_large: int
) -> Layout | None:
    """Find the example axis of a call by comparing it for two batch sizes.

    Args:
        small: The call's input and output when the model ran on the first ``num_small`` examples.
        large: The same two tensors when it ran on ``num_large`` examples.
        num_small: Size of the smaller batch.
        num_large: Size of the larger batch.

    Returns:
        The layout that both tensors share, or None if no single axis grows with the batch or the
        order of the examples in it is in doubt.
    """
    axis = _growing_axis(small[0], large[0])
    if axis is None or axis != _growing_axis(small[1], large[1]):
        return None
    folded = small[0].shape[axis] // num_small
    if any(s.shape[axis] != folded * num_small for s in small) or any(
        b.shape[axis] != folded * num_large for b in large
    ):
        return None
    if folded == 1:
        return Layout(axis)
    candidates = [Layout(axis, folded, True), Layout(axis, folded, False)]
    for before, after in zip(small, large, strict=True):
        candidates = [c for c in candidates if _keeps_examples(c, before, after, num_small)]
    return candidates[0] if len(candidates) == 1 else None


def _growing_axis(small: Tensor, large: Tensor) -> int | None:
    if small.ndim != large.ndim:
        return None
    pairs = zip(small.shape, large.shape, strict=True)
    growing = [axis for axis, (before, after) in enumerate(pairs) if before != after]
    return growing[0] if len(growing) == 1 else None


def _keeps_examples(layout: Layout, small: Tensor, large: Tensor, num_small: int) -> bool:
    """Whether the first examples are the same in both batches under a layout."""
    first = layout.bring_forward(small.detach()).double()
    same = layout.bring_forward(large.detach())[:num_small].double()
    tolerance = 1e-4 * float(first.abs().max()) + 1e-12
    return bool(torch.isclose(first, same, rtol=1e-3, atol=tolerance).all())
