"""Taking examples out of a batch, whether its inputs are one tensor or several by name."""

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["Batch", "Inputs", "take", "to_device", "with_batch_axis"]

Inputs = Tensor | Mapping[str, Tensor]
Batch = tuple[Inputs, Tensor]


def take(batch: Batch, index: slice | Tensor) -> Batch:
    """Return some examples of a batch ``(inputs, targets)``."""
    inputs, targets = batch
    if isinstance(inputs, Mapping):
        return {name: value[index] for name, value in inputs.items()}, targets[index]
    return inputs[index], targets[index]


def with_batch_axis(inputs: Inputs) -> Inputs:
    """Make a batch of one from a single example."""
    if isinstance(inputs, Mapping):
        return {name: value.unsqueeze(0) for name, value in inputs.items()}
    return inputs.unsqueeze(0)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Return a batch on a device."""
    inputs, targets = batch
    if isinstance(inputs, Mapping):
        return {name: value.to(device) for name, value in inputs.items()}, targets.to(device)
    return inputs.to(device), targets.to(device)
