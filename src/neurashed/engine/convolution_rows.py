"""What is kept of a convolution for each example: its inputs and the gradients at its outputs."""

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from neurashed.engine.layer_rows import Positions

__all__ = ["ConvolutionRows"]


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
        num_outputs = self.options["groups"] * self._grads(cotangent).shape[-2]
        num_weights = self.has_weight * num_outputs * self._numbers_of_a_patch
        formed = self.grads.new_empty(self.num_examples, num_weights + self.has_bias * num_outputs)
        self.write_gradients(cotangent, formed)
        return formed

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``."""
        grads = self._grads(cotangent)
        num_weights = 0
        if self.has_weight:
            patches = self._patches().mT
            num_weights = grads.shape[2] * grads.shape[3] * patches.shape[-1]
            shape = (*grads.shape[2:4], patches.shape[-1])
            weights = out[:, :num_weights].unflatten(1, shape)
            if grads.shape[1] == 1:
                torch.matmul(grads[:, 0], patches[:, 0], out=weights)
            else:
                torch.sum(grads @ patches, 1, out=weights)
        if self.has_bias:
            torch.sum(grads, (1, 4), out=out[:, num_weights:].unflatten(1, grads.shape[2:4]))

    @property
    def _numbers_of_a_patch(self) -> int:
        return self.inputs.shape[2] // self.options["groups"] * prod(self.options["kernel"])

    def positions(self) -> Positions | None:
        """The factors, or None for a bias alone."""
        if not self.has_weight:
            return None
        inputs = self._patches().permute(0, 2, 1, 4, 3).flatten(2, 3)
        grads = self._grads(slice(None)).permute(0, 1, 3, 2, 5, 4).flatten(3, 4)
        return Positions(inputs, grads, self.has_bias)
