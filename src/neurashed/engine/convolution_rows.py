"""What is kept of a convolution for each example: its inputs and the gradients at its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from neurashed.engine.layer_rows import Positions

__all__ = ["ConvolutionRows"]

# Input patches and gradients formed in one go: more would leave the processor's cache.
_NUMBERS_FORMED_AT_A_TIME = 2**21


@dataclass(frozen=True)
class ConvolutionRows:
    """Factors of a convolution over one or two axes.

    ``inputs (example, m, ..., channel)`` and ``grads (example, K, m, ..., channel)``, where ``m``
    counts what the model folded into the batch. Channels come last: so patches are made of long
    pieces of the inputs.
    """

    inputs: Tensor
    grads: Tensor
    has_weight: bool
    has_bias: bool
    options: Mapping[str, Any]

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

    def part(self, start: int, stop: int) -> "ConvolutionRows":
        """The same for a run of the examples."""
        return replace(self, inputs=self.inputs[start:stop], grads=self.grads[start:stop])

    def split(self, largest: int) -> "list[ConvolutionRows]":
        """The same for places of the kernel, then for runs of the outputs."""
        is_whole = not self.has_weight or self.options["groups"] > 1
        if is_whole or self.num_parameters <= largest:
            return [self]
        kernel = self.options["kernel"]
        for axis, length in enumerate(kernel):
            if length > 1:
                places = [self._at(axis, place) for place in range(length)]
                return [run for rows in places for run in rows.split(largest)]
        step = max(1, largest // (self.num_parameters // self.grads.shape[-1]))
        return [replace(self, grads=run) for run in self.grads.split(step, -1)]

    def _at(self, axis: int, place: int) -> "ConvolutionRows":
        """The same for one place of the kernel: a shorter kernel on shifted inputs."""
        options = self.options
        kernel, dilation = list(options["kernel"]), list(options["dilation"])
        padding, before = list(options["padding"]), 2 * (len(kernel) - 1 - axis)
        padding[before] -= place * dilation[axis]
        padding[before + 1] -= (kernel[axis] - 1 - place) * dilation[axis]
        kernel[axis] = dilation[axis] = 1
        changed = {"kernel": tuple(kernel), "dilation": tuple(dilation), "padding": tuple(padding)}
        has_bias = self.has_bias and not place
        return replace(self, has_bias=has_bias, options={**options, **changed})

    def _patches(self) -> Tensor:
        """Input patches ``(example, m, group, t, place, input)``."""
        options = self.options
        num_axes, groups = len(options["kernel"]), options["groups"]
        patches = self.inputs.flatten(0, 1)
        if any(options["padding"]):
            patches = F.pad(patches, (0, 0, *options["padding"]))
        # A copy of a strided view takes less than half the time of torch.nn.functional.unfold.
        patches = patches.unflatten(-1, (groups, -1))
        for axis in range(num_axes):
            dilation = options["dilation"][axis]
            extent = dilation * (options["kernel"][axis] - 1) + 1
            patches = patches.unfold(1 + axis, extent, options["stride"][axis])[..., ::dilation]
        places = range(3 + num_axes, 3 + 2 * num_axes)
        order = (0, 1 + num_axes, *range(1, 1 + num_axes), *places, 2 + num_axes)
        patches = patches.permute(order)
        shape = (*self.inputs.shape[:2], groups, -1, prod(options["kernel"]), patches.shape[-1])
        return patches.reshape(shape)

    def _grads(self, cotangent: int | slice) -> Tensor:
        """Gradients at the outputs, ``(example, [K,] m, group, output, t)``."""
        num_axes = len(self.options["kernel"])
        grads = self.grads[:, cotangent].flatten(-1 - num_axes, -2)
        return grads.unflatten(-1, (self.options["groups"], -1)).movedim(-3, -1)

    def gradients(self, cotangent: int) -> Tensor:
        """The gradients of one cotangent, ``(example, P)``, in the order of the parameters."""
        num_outputs, num_weights = self.grads.shape[-1], self.has_weight * self._num_weights
        formed = self.grads.new_empty(self.num_examples, self.num_parameters)
        self.write_gradients(cotangent, formed)
        num_places = prod(self.options["kernel"])
        if self.has_weight and num_places > 1:
            weights = formed[:, :num_weights].unflatten(1, (num_outputs, num_places, -1))
            in_order = weights.mT.clone(memory_format=torch.contiguous_format)
            formed[:, :num_weights] = in_order.flatten(1)
        return formed

    def write_gradients(self, cotangent: int, out: Tensor) -> None:
        """Write the gradients of one cotangent to ``(example, P)``, places before inputs."""
        numbers = self.inputs[0].numel() * prod(self.options["kernel"]) + out.shape[1]
        step = max(1, _NUMBERS_FORMED_AT_A_TIME // numbers)
        for start in range(0, self.num_examples, step):
            stop = min(start + step, self.num_examples)
            self.part(start, stop)._write(cotangent, out[start:stop])

    def _write(self, cotangent: int, out: Tensor) -> None:
        grads = self._grads(cotangent)
        num_weights = self.has_weight * self._num_weights
        if self.has_weight:
            patches = self._patches().flatten(-2)
            weights = out[:, :num_weights].unflatten(1, (*grads.shape[2:4], -1))
            if grads.shape[1] > 1:
                torch.sum(grads @ patches, 1, out=weights)
            elif grads.shape[2] > 1:
                torch.matmul(grads[:, 0], patches[:, 0], out=weights)
            else:
                torch.bmm(grads[:, 0, 0], patches[:, 0, 0], out=weights[:, 0])
        if self.has_bias:
            torch.sum(grads, (1, 4), out=out[:, num_weights:].unflatten(1, grads.shape[2:4]))

    @property
    def num_parameters(self) -> int:
        """Numbers in one gradient."""
        return self.has_weight * self._num_weights + self.has_bias * self.grads.shape[-1]

    @property
    def _num_weights(self) -> int:
        num_inputs = self.inputs.shape[-1] // self.options["groups"]
        return self.grads.shape[-1] * num_inputs * prod(self.options["kernel"])

    def positions(self) -> Positions | None:
        """The factors, or None for a bias alone."""
        if not self.has_weight:
            return None
        patches = self._patches().transpose(1, 2)  # (example, group, m, t, place, input)
        inputs = patches.mT.flatten(4).flatten(2, 3)
        grads = self._grads(slice(None)).permute(0, 1, 3, 2, 5, 4).flatten(3, 4)
        return Positions(inputs, grads, self.has_bias)
