"""What is kept of a layer for each example: the factors of its gradient, or the gradient itself.

The gradient of a cotangent ``k`` (a loss, or one output) for example ``n`` is kept in the form in
which the backward pass gives it. ``num_cotangents`` is written K, positions t, groups g, and P is
the number of parameters of the layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from neurashed.engine.layer_rows import LayerRows, Positions

__all__ = [
    "ConvolutionRows",
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

    def part(self, start: int, stop: int) -> "DenseRows":
        """The same for a run of the examples."""
        return DenseRows(self.values[start:stop])

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        return self.values[:, cotangent]

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

    def part(self, start: int, stop: int) -> "LinearRows":
        """The same for a run of the examples."""
        inputs, grads = self.inputs[start:stop], self.grads[start:stop]
        return LinearRows(inputs, grads, self.has_weight, self.has_bias)

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        grads = self.grads[:, cotangent]
        if not self.has_weight:
            return grads.sum(1)
        num_weights = grads.shape[2] * self.inputs.shape[2]
        formed = grads.new_empty(len(grads), num_weights + self.has_bias * grads.shape[2])
        weights = formed[:, :num_weights].unflatten(1, (grads.shape[2], -1))
        if grads.shape[1] == 1:
            torch.mul(grads.mT, self.inputs, out=weights)
        else:
            torch.bmm(grads.mT, self.inputs, out=weights)
        if self.has_bias:
            torch.sum(grads, 1, out=formed[:, num_weights:])
        return formed

    def positions(self) -> Positions | None:
        """The factors, or None for a bias alone."""
        if not self.has_weight:
            return None
        return Positions(self.inputs.unsqueeze(1), self.grads.unsqueeze(2), self.has_bias)


@dataclass(frozen=True)
class ConvolutionRows:
    """Factors of a convolution over one or two axes.

    ``inputs (example, m, channel, ...)`` and ``grads (example, K, m, channel, ...)``, where ``m``
    counts what the model folded into the batch.
    """

    inputs: Tensor
    grads: Tensor
    has_weight: bool
    has_bias: bool
    options: dict[str, Any]

    @property
    def num_examples(self) -> int:
        """How many examples."""
        return self.grads.shape[0]

    @property
    def num_cotangents(self) -> int:
        """How many gradients each example has."""
        return self.grads.shape[1]

    def part(self, start: int, stop: int) -> "ConvolutionRows":
        """The same for a run of the examples."""
        inputs, grads = self.inputs[start:stop], self.grads[start:stop]
        return ConvolutionRows(inputs, grads, self.has_weight, self.has_bias, self.options)

    def _patches(self) -> Tensor:
        """Input patches ``(example, m, group, input, t)``, a column for each output position."""
        options, groups = self.options, self.options["groups"]
        patches = self.inputs.flatten(0, 1)
        if any(options["padding"]):
            patches = F.pad(patches, options["padding"])
        # A copy of a strided view takes half the time of torch.nn.functional.unfold.
        num_axes = len(options["kernel"])
        for axis in range(num_axes):
            dilation = options["dilation"][axis]
            extent = dilation * (options["kernel"][axis] - 1) + 1
            patches = patches.unfold(2 + axis, extent, options["stride"][axis])[..., ::dilation]
        order = (*range(2 + num_axes, 2 + 2 * num_axes), *range(2, 2 + num_axes))
        patches = patches.permute(0, 1, *order)
        columns = patches.flatten(2 + num_axes).flatten(1, -2)
        return columns.unflatten(0, self.inputs.shape[:2]).unflatten(2, (groups, -1))

    def _grads(self, cotangent: int | slice) -> Tensor:
        """Gradients at the outputs, ``(example, [K,] m, group, output, t)``."""
        folded = self.options["folded_axes"]
        grads = self.grads[:, cotangent].flatten(-folded)
        return grads.unflatten(-2, (self.options["groups"], -1))

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        grads, parts = self._grads(cotangent), []
        if self.has_weight:
            product = grads @ self._patches().mT
            parts.append(product.sum(1).flatten(1) if product.shape[1] > 1 else product.flatten(1))
        if self.has_bias:
            parts.append(grads.sum((1, 4)).flatten(1))
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]

    def positions(self) -> Positions | None:
        """The factors, or None for a bias alone."""
        if not self.has_weight:
            return None
        inputs = self._patches().permute(0, 2, 1, 4, 3).flatten(2, 3)
        grads = self._grads(slice(None)).permute(0, 1, 3, 2, 5, 4).flatten(3, 4)
        return Positions(inputs, grads, self.has_bias)


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

    def part(self, start: int, stop: int) -> "EmbeddingRows":
        """The same for a run of the examples."""
        return EmbeddingRows(self.tokens[start:stop], self.grads[start:stop], self.num_embeddings)

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        grads = self.grads[:, cotangent]
        grads = grads * (self.tokens >= 0).unsqueeze(-1)
        rows = self.tokens.clamp(min=0).unsqueeze(-1).expand_as(grads)
        shape = (len(grads), self.num_embeddings, grads.shape[-1])
        return grads.new_zeros(shape).scatter_add_(1, rows, grads).flatten(1)

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

    def part(self, start: int, stop: int) -> "SumRows":
        """The same for a run of the examples."""
        return SumRows(tuple(term.part(start, stop) for term in self.terms))

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        total = self.terms[0].gradients(cotangent)
        for term in self.terms[1:]:
            total = total + term.gradients(cotangent)
        return total

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

    def part(self, start: int, stop: int) -> "GeneralRows":
        """The same for a run of the examples."""
        stop = min(self.start + stop, self.stop)
        return GeneralRows(self.compute, self.start + start, stop, self.num_cotangents)

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``."""
        return self.compute(cotangent, self.start, self.stop)

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
