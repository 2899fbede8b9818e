"""The two sides of a product of rows: as they are, or as sums of two bfloat16 numbers each.

A float32 number is a bfloat16 number and a remainder, which is one too but for a part in 2^16 of
the number. Of the four products of two such sums the one of both remainders is left out; the other
three are one product of thrice the depth, in float32. At worst an inner product is 3 parts in 2^16
of the two norms away; signs differ, and a fiftieth of that is what is seen.
"""

from typing import Any, Protocol, final, runtime_checkable

import torch
from torch import Tensor

from neurashed.engine.bfloat16_products import multiply_bfloat16

__all__ = ["Operand", "PlainOperand", "SplitOperand", "TokenOperand", "make_operand"]

# Numbers split in one go: they stay in the processor's cache.
_SPLIT = 2**18


@runtime_checkable
class Operand(Protocol):
    """A matrix ``(row, k)`` that is multiplied by the transposes of others of its kind."""

    def __len__(self) -> int:
        """How many rows."""
        ...

    def __getitem__(self, rows: slice) -> "Operand":
        """Some of the rows."""
        ...

    def times(self, other: Any) -> Tensor:  # noqa: ANN401
        """The product with the other's transpose, ``(row, other's row)``."""
        ...

    def add_times(self, other: Any, block: Tensor) -> None:  # noqa: ANN401
        """Add the product with the other's transpose to a block ``(row, other's row)``."""
        ...


def make_operand(matrix: Tensor, *, is_split: bool) -> Operand:
    """Return a matrix as a side of products.

    Args:
        matrix: ``(row, k)``.
        is_split: Whether products are sums of products of bfloat16 parts.

    Returns:
        The operand; split, it is twice as large as a matrix of float32 and holds nothing of it.
    """
    return SplitOperand.of(matrix) if is_split else PlainOperand(matrix)


@final
class PlainOperand:
    """A matrix as it is."""

    def __init__(self, matrix: Tensor) -> None:
        """Hold ``(row, k)``."""
        self._matrix = matrix

    def __len__(self) -> int:
        """How many rows."""
        return len(self._matrix)

    def __getitem__(self, rows: slice) -> "PlainOperand":
        """Some of the rows."""
        return PlainOperand(self._matrix[rows])

    def times(self, other: "PlainOperand") -> Tensor:
        """The product with the other's transpose, ``(row, other's row)``."""
        return self._matrix @ other._matrix.T

    def add_times(self, other: "PlainOperand", block: Tensor) -> None:
        """Add the product with the other's transpose to a block ``(row, other's row)``."""
        block.addmm_(self._matrix, other._matrix.T)


@final
class SplitOperand:
    """A float32 matrix as sums of two bfloat16 numbers.

    Each row holds high, high, low, high: its first three parts times the last three of another are
    high · high, high · low and low · high.
    """

    def __init__(self, parts: Tensor) -> None:
        """Hold ``(row, 4 · k)``; see `of`."""
        self._parts = parts

    @classmethod
    def of(cls, matrix: Tensor) -> "SplitOperand":
        """Split a matrix ``(row, k)`` of float32."""
        length, depth = matrix.shape
        parts = torch.empty(length, 4, depth, dtype=torch.bfloat16)
        step = max(1, _SPLIT // max(depth, 1))
        for start in range(0, length, step):
            run, into = matrix[start : start + step], parts[start : start + step]
            high = into[:, 0]
            high.copy_(run)
            into[:, 1], into[:, 3] = high, high
            into[:, 2] = run - high.float()
        return cls(parts.flatten(1))

    def __len__(self) -> int:
        """How many rows."""
        return len(self._parts)

    def __getitem__(self, rows: slice) -> "SplitOperand":
        """Some of the rows."""
        return SplitOperand(self._parts[rows])

    def times(self, other: "SplitOperand") -> Tensor:
        """The product with the other's transpose, ``(row, other's row)``."""
        block = torch.empty(len(self), len(other), dtype=torch.float32)
        self._multiply(other, block, adds=False)
        return block

    def add_times(self, other: "SplitOperand", block: Tensor) -> None:
        """Add the product with the other's transpose to a block ``(row, other's row)``."""
        if block.stride(1) == 1 and block.stride(0) >= len(other):
            self._multiply(other, block, adds=True)
        else:
            block.add_(self.times(other))

    def _multiply(self, other: "SplitOperand", block: Tensor, *, adds: bool) -> None:
        depth = self._parts.shape[1] // 4
        first, last = self._parts[:, : 3 * depth], other._parts[:, depth:]
        multiply_bfloat16(first, last, block, adds=adds)


@final
class TokenOperand:
    """One-hot rows, by the place of the one; -1 for a row of zeros."""

    def __init__(self, tokens: Tensor, dtype: torch.dtype) -> None:
        """Hold ``(row, 1)`` and the type of products."""
        self._tokens = tokens
        self._dtype = dtype

    def __len__(self) -> int:
        """How many rows."""
        return len(self._tokens)

    def __getitem__(self, rows: slice) -> "TokenOperand":
        """Some of the rows."""
        return TokenOperand(self._tokens[rows], self._dtype)

    def times(self, other: "TokenOperand") -> Tensor:
        """The product with the other's transpose, ``(row, other's row)``: 1 for equal tokens."""
        return ((self._tokens == other._tokens.T) & (self._tokens >= 0)).to(self._dtype)

    def add_times(self, other: "TokenOperand", block: Tensor) -> None:
        """Add the product with the other's transpose to a block ``(row, other's row)``."""
        block.add_(self.times(other))
