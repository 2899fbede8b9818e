"""What is kept of a layer for each example: the factors of its gradient, or the gradient itself.

The gradient of a cotangent ``k`` (a loss, or one output) for example ``n`` is kept in the form in
which the backward pass gives it. ``num_cotangents`` is written K, positions t, groups g, and P is
the number of parameters of the layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from neurashed.engine.convolution_rows import ConvolutionRows
from neurashed.engine.layer_rows import LayerRows, Positions

__all__ = [
    "DenseRows",
    "EmbeddingRows",
    "GeneralRows",
    "LinearRows",
    "SumRows",
    "join_rows",
]


@dataclass(frozen=True)
class DenseRows:
    """Gradients themselves, ``values (example, cotangent, P)``."""

    values: Tensor

    @property
    def num_examples(self) -> int:
        """How many examples."""
        return self.values.shape[0]

    @property
    def num_cotangents(self) -> int:
        """How many gradients each example has."""
        return self.values.shape[1]

    @property
    def writes_in_place(self) -> bool:
        """Whether gradients are formed where they are written."""
        return False

    def part(self, start: int, stop: int) -> "DenseRows":
        """The same for a run of the examples."""
        return DenseRows(self.values[start:stop])

    def split(self, largest: int) -> "list[DenseRows]":  # noqa: ARG002
        """The same, whole."""
        return [self]

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        return self.values[:, cotangent]

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``."""
        out.copy_(self.gradients(cotangent))

    def positions(self) -> None:
        """None: the factors are gone."""


@dataclass(frozen=True)
class LinearRows:
    """Factors of a linear layer, ``(example, t, input)`` and ``(example, K, t, output)``."""

    inputs: Tensor
    grads: Tensor
    has_weight: bool
    has_bias: bool

    @property
    def num_examples(self) -> int:
        """How many examples."""
        return self.grads.shape[0]

    @property
    def num_cotangents(self) -> int:
        """How many gradients each example has."""
        return self.grads.shape[1]

    @property
    def writes_in_place(self) -> bool:
        """Whether gradients are formed where they are written."""
        return True

    def part(self, start: int, stop: int) -> "LinearRows":
        """The same for a run of the examples."""
        inputs, grads = self.inputs[start:stop], self.grads[start:stop]
        return LinearRows(inputs, grads, self.has_weight, self.has_bias)

    def split(self, largest: int) -> "list[LinearRows]":
        """The same for runs of the inputs; the bias goes with the first."""
        num_outputs, num_inputs = self.grads.shape[-1], self.inputs.shape[-1]
        if not self.has_weight or num_outputs * (num_inputs + self.has_bias) <= largest:
            return [self]
        step = max(1, largest // num_outputs - self.has_bias)
        return [
            LinearRows(run, self.grads, has_weight=True, has_bias=self.has_bias and not place)
            for place, run in enumerate(self.inputs.split(step, -1))
        ]

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        num_outputs = self.grads.shape[-1]
        num_weights = self.has_weight * num_outputs * self.inputs.shape[-1]
        formed = self.grads.new_empty(self.num_examples, num_weights + self.has_bias * num_outputs)
        self.write_gradients(cotangent, formed)
        return formed

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``."""
        grads = self.grads[:, cotangent]
        num_weights = self.has_weight * grads.shape[-1] * self.inputs.shape[-1]
        weights = out[:, :num_weights]
        if self.has_weight and grads.shape[1] == 1:
            torch.mul(grads.mT, self.inputs, out=weights.unflatten(1, (grads.shape[-1], -1)))
        elif self.has_weight:
            torch.bmm(grads.mT, self.inputs, out=weights.unflatten(1, (grads.shape[-1], -1)))
        if self.has_bias:
            torch.sum(grads, 1, out=out[:, num_weights:])

    def positions(self) -> Positions | None:
        """The factors, or None for a bias alone."""
        if not self.has_weight:
            return None
        return Positions(self.inputs.unsqueeze(1), self.grads.unsqueeze(2), self.has_bias)


@dataclass(frozen=True)
class EmbeddingRows:
    """Factors of an embedding: ``tokens (example, t)``, -1 where padded, and their gradients."""

    tokens: Tensor
    grads: Tensor
    num_embeddings: int

    @property
    def num_examples(self) -> int:
        """How many examples."""
        return self.grads.shape[0]

    @property
    def num_cotangents(self) -> int:
        """How many gradients each example has."""
        return self.grads.shape[1]

    @property
    def writes_in_place(self) -> bool:
        """Whether gradients are formed where they are written."""
        return False

    def part(self, start: int, stop: int) -> "EmbeddingRows":
        """The same for a run of the examples."""
        return EmbeddingRows(self.tokens[start:stop], self.grads[start:stop], self.num_embeddings)

    def split(self, largest: int) -> "list[EmbeddingRows]":  # noqa: ARG002
        """The same, whole."""
        return [self]

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        grads = self.grads[:, cotangent]
        grads = grads * (self.tokens >= 0).unsqueeze(-1)
        rows = self.tokens.clamp(min=0).unsqueeze(-1).expand_as(grads)
        shape = (len(grads), self.num_embeddings, grads.shape[-1])
        return grads.new_zeros(shape).scatter_add_(1, rows, grads).flatten(1)

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``."""
        out.copy_(self.gradients(cotangent))

    def positions(self) -> Positions:
        """The factors, with row numbers for the one-hot inputs."""
        tokens = self.tokens.unsqueeze(1).unsqueeze(-1)
        return Positions(tokens, self.grads.unsqueeze(2), is_one_hot=True)


@dataclass(frozen=True)
class SumRows:
    """Gradients of parameters that several calls of different form share: their sum."""

    terms: tuple[LayerRows, ...]

    @property
    def num_examples(self) -> int:
        """How many examples."""
        return self.terms[0].num_examples

    @property
    def num_cotangents(self) -> int:
        """How many gradients each example has."""
        return self.terms[0].num_cotangents

    @property
    def writes_in_place(self) -> bool:
        """Whether gradients are formed where they are written."""
        return False

    def part(self, start: int, stop: int) -> "SumRows":
        """The same for a run of the examples."""
        return SumRows(tuple(term.part(start, stop) for term in self.terms))

    def split(self, largest: int) -> "list[SumRows]":  # noqa: ARG002
        """The same, whole."""
        return [self]

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        total = self.terms[0].gradients(cotangent)
        for term in self.terms[1:]:
            total = total + term.gradients(cotangent)
        return total

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``."""
        out.copy_(self.gradients(cotangent))

    def positions(self) -> None:
        """None: cross terms between the calls need the sum."""


@dataclass(frozen=True)
class GeneralRows:
    """Gradients computed on demand by ``compute(cotangent, start, stop) -> (example, P)``."""

    compute: Callable[[int, int, int], Tensor]
    start: int
    stop: int
    num_cotangents: int

    @property
    def num_examples(self) -> int:
        """How many examples."""
        return self.stop - self.start

    @property
    def writes_in_place(self) -> bool:
        """Whether gradients are formed where they are written."""
        return False

    def part(self, start: int, stop: int) -> "GeneralRows":
        """The same for a run of the examples."""
        stop = min(self.start + stop, self.stop)
        return GeneralRows(self.compute, self.start + start, stop, self.num_cotangents)

    def split(self, largest: int) -> "list[GeneralRows]":  # noqa: ARG002
        """The same, whole."""
        return [self]

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        return self.compute(cotangent, self.start, self.stop)

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``."""
        out.copy_(self.gradients(cotangent))

    def positions(self) -> None:
        """None: nothing is known of the form."""


def join_rows(pieces: Sequence[Any]) -> Any:  # noqa: ANN401
    """Join the rows of consecutive runs of examples, all of one class."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    if isinstance(first, SumRows):
        terms = zip(*(piece.terms for piece in pieces), strict=True)
        return SumRows(tuple(join_rows(term) for term in terms))
    if isinstance(first, DenseRows):
        return DenseRows(torch.cat([piece.values for piece in pieces]))
    grads = torch.cat([piece.grads for piece in pieces])
    if isinstance(first, EmbeddingRows):
        tokens = torch.cat([piece.tokens for piece in pieces])
        return EmbeddingRows(tokens, grads, first.num_embeddings)
    inputs = torch.cat([piece.inputs for piece in pieces])
    if isinstance(first, ConvolutionRows):
        return ConvolutionRows(inputs, grads, first.has_weight, first.has_bias, first.options)
    return LinearRows(inputs, grads, first.has_weight, first.has_bias)
