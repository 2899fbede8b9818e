"""How many floating-point operations a workload needs: forward, backward, half the block.

The formulas are explained in ``docs/benchmarks.md``. They count what has to be done, the same for
every contender; the share of the matrix-product rate is this count, over time, over that rate.
"""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from workloads import INPUT_SHAPES, Workload

__all__ = ["LayerSize", "count_operations", "layer_sizes"]


@dataclass(frozen=True)
class LayerSize:
    """A layer with weights, as a product at each of its positions."""

    num_inputs: int
    num_outputs: int
    positions: int
    is_elementwise: bool = False

    @property
    def product(self) -> int:
        """Operations of its forward pass for one example."""
        per_output = 2 if self.is_elementwise else 2 * self.num_inputs
        return self.positions * self.num_outputs * per_output

    def block(self, num_examples: int, num_scalars: int, *, is_full: bool = False) -> int:
        """Operations of half the Gram block, by the cheaper of its two contractions."""
        num_pairs = num_examples * (num_examples + 1) // 2
        num_weights = self.num_inputs * self.num_outputs
        # In full every two gradients of a pair are multiplied, else only those of equal outputs.
        num_products = num_scalars**2 if is_full else num_scalars
        forming = num_scalars * num_examples * self.product
        by_gradients = forming + num_products * num_pairs * 2 * num_weights
        if self.is_elementwise:
            return by_gradients
        wide = self.num_inputs + num_products * self.num_outputs + num_products
        by_positions = num_pairs * 2 * self.positions**2 * wide
        return min(by_gradients, by_positions)


def _size(layer: nn.Module, output: Tensor) -> LayerSize:
    if isinstance(layer, nn.Linear):
        return LayerSize(layer.in_features, layer.out_features, 1)
    num_channels, positions = output.shape[1], prod(output.shape[2:])
    if isinstance(layer, nn.Conv2d):
        num_inputs = layer.in_channels // layer.groups * prod(layer.kernel_size)
        return LayerSize(num_inputs, num_channels, positions)
    # A norm: scale and shift of each channel.
    return LayerSize(2, num_channels, positions, is_elementwise=True)


def layer_sizes(model: nn.Module, input_shape: tuple[int, ...]) -> list[LayerSize]:
    """Sizes of the layers with weights, in the order in which they run."""
    sizes: list[LayerSize] = []
    handles = [
        layer.register_forward_hook(lambda m, _, output: sizes.append(_size(m, output)))
        for layer in model.modules()
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.BatchNorm2d)
    ]
    with torch.no_grad():
        model(torch.zeros(1, *input_shape))
    for handle in handles:
        handle.remove()
    return sizes


def count_operations(workload: Workload, model: nn.Module) -> int:
    """Operations that a workload needs."""
    n = workload.num_examples
    sizes = layer_sizes(model, INPUT_SHAPES[workload.network])
    forward = n * sum(size.product for size in sizes)
    if workload.quantity == "relative":
        hidden = sizes[0]
        shifts = 2 * n**2 * hidden.num_inputs
        return forward + shifts + 5 * n**2 * hidden.num_outputs
    num_scalars = workload.num_scalars
    backward = n * num_scalars * sum(size.product for size in sizes[1:])
    is_full = workload.quantity == "full_kernel"
    blocks = sum(size.block(n, num_scalars, is_full=is_full) for size in sizes)
    return forward + backward + blocks
