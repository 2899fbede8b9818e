"""What is kept of a layer for each example, as the products of gradients see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

__all__ = ["LayerRows", "Positions"]


@dataclass(frozen=True)
class Positions:
    """Factors of a gradient ``Σ_t d_t ⊗ a_t`` for each example, cotangent and group.

    Attributes:
        inputs: ``(example, group, t, input)``; for an embedding the row numbers
            ``(example, 1, t, 1)`` that stand for one-hot inputs, -1 where padded.
        grads: ``(example, cotangent, group, t, output)``.
        has_bias: Whether a bias acts as one more input that is always 1.
        is_one_hot: Whether ``inputs`` are row numbers.
    """

    inputs: Tensor
    grads: Tensor
    has_bias: bool = False
    is_one_hot: bool = False


@runtime_checkable
class LayerRows(Protocol):
    """The gradients of one layer for a run of examples."""

    @property
    def num_examples(self) -> int:
        """How many examples."""
        ...

    @property
    def num_cotangents(self) -> int:
        """How many gradients each example has."""
        ...

    @property
    def writes_in_place(self) -> bool:
        """Whether gradients are formed where they are written, not held or formed before."""
        ...

    def part(self, start: int, stop: int) -> "LayerRows":
        """The same for a run of the examples."""
        ...

    def split(self, largest: int) -> "Sequence[LayerRows]":
        """The same for runs of the parameters, with as many numbers at most where that can be.

        Rows of one layer are split alike.
        """
        ...

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        ...

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``.

        Their numbers come in any order that is the same in all rows of the layer.
        """
        ...

    def positions(self) -> Positions | None:
        """The factors, or None if the gradient does not come in this form."""
        ...
