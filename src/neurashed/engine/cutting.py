"""How the products of one layer are computed, and how a block of them is cut."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from neurashed.engine.operands import Operand, make_operand

__all__ = ["Contraction", "lower_half", "slabs"]

# Slabs per symmetric block: more slabs skip more of the upper half, fewer make larger products.
# They stand upright, and as wide as a few panels of the matrix-product kernels, which are 48 wide.
_NUM_SLABS = 7
_PANEL = 48
# The diagonal blocks that remain of a symmetric block, at most, and the slabs of each.
_LARGEST_CORNER = 640
_SLABS_OF_A_CORNER = 4


# Products of a number on either side, so few that splitting them takes longer than is gained: half
# of what 1,280 rows have with themselves.
_FEWEST_PRODUCTS = 640


@dataclass(frozen=True)
class Contraction:
    """How the products of one layer are computed.

    Attributes:
        route: ``"positions"`` (products of inputs times products of output gradients) or
            ``"gradients"`` (the layer's gradients are formed and multiplied).
        workspace: Numbers that may be held at a time.
        is_traced: Whether the sum over cotangents is wanted, not all pairs of them.
        num_parameters: Numbers in one gradient of the layer.
        num_patches: Numbers in the inputs of all positions of one example.
        is_split: Whether matrix products are sums of products of bfloat16 parts.
    """

    route: str
    workspace: int
    is_traced: bool
    num_parameters: int
    num_patches: int
    is_split: bool = False

    @property
    def copies(self) -> int:
        """Room that a matrix takes while it is multiplied, its own as one."""
        return 3 if self.is_split else 1

    def for_rows(self, sources: int, probes: int) -> "Contraction":
        """Return the same for so many rows on both sides: too few are not split.

        Args:
            sources: Rows of the matrix on one side.
            probes: Rows of that on the other.

        Returns:
            How to multiply those.
        """
        pays = sources * probes >= _FEWEST_PRODUCTS * (sources + probes)
        return self if pays or not self.is_split else replace(self, is_split=False)

    def operand(self, matrix: Tensor) -> Operand:
        """A matrix ``(row, k)`` as a side of products."""
        return make_operand(matrix, is_split=self.is_split)


def slabs(rows: int, *, is_symmetric: bool, largest: int) -> Iterator[tuple[int, int]]:
    """Yield runs of columns of a block; of a symmetric one, so that few lie above the diagonal.

    Args:
        rows: Columns of the block.
        is_symmetric: Whether only what is on and below the diagonal is wanted.
        largest: Columns of a run at most.

    Yields:
        First column and the one after the last.
    """
    size = rows
    if is_symmetric:
        size = _PANEL * -(-rows // (_NUM_SLABS * _PANEL))
    size = max(1, min(size, largest))
    for start in range(0, rows, size):
        yield start, min(start + size, rows)


def lower_half(start: int, stop: int) -> Iterator[tuple[slice, slice]]:
    """Cut what is on and below the diagonal of a block into large products and a little more.

    Args:
        start: First row and column.
        stop: The one after the last.

    Yields:
        Rows and columns: squares below the diagonal, and upright slabs on it.
    """
    length = stop - start
    if length > _LARGEST_CORNER:
        middle = start + _PANEL * -(-length // (2 * _PANEL))
        yield slice(middle, stop), slice(start, middle)
        yield from lower_half(start, middle)
        yield from lower_half(middle, stop)
        return
    width = _PANEL * -(-length // (_SLABS_OF_A_CORNER * _PANEL))
    for left in range(start, stop, width):
        yield slice(left, stop), slice(left, min(left + width, stop))
