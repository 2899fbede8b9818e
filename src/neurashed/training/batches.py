"""Which examples a step sees, and in which order."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor, nn

from neurashed.data import Examples
from neurashed.seeding import derive_seed

__all__ = ["Batch", "draw_order", "in_chunks", "take"]

# Examples that are evaluated at a time: the memory of an evaluation does not grow with the set.
_CHUNK = 256


@dataclass(frozen=True)
class Batch:
    """Inputs and targets where the model is and in its precision."""

    inputs: Tensor | dict[str, Tensor]
    targets: Tensor

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.targets)


def take(examples: Examples, indices: Tensor | slice, model: nn.Module) -> Batch:
    """Pick examples and bring them to the device of a model, floats in the model's precision.

    Args:
        examples: The examples.
        indices: Whole numbers ``(selected,)``, or a slice, which copies nothing.
        model: The model that will see them.

    Returns:
        The batch.
    """
    weights = [each for each in model.parameters() if each.dtype.is_floating_point]
    device = weights[0].device if weights else None
    dtype = weights[0].dtype if weights else None

    def pick(values: Tensor) -> Tensor:
        chosen = indices.to(values.device) if isinstance(indices, Tensor) else indices
        return values[chosen].to(device, dtype if values.dtype.is_floating_point else None)

    inputs = examples.inputs
    return Batch(
        {name: pick(each) for name, each in inputs.items()}
        if isinstance(inputs, dict)
        else pick(inputs),
        pick(examples.require_targets("training")),
    )


def in_chunks(examples: Examples, model: nn.Module) -> Iterator[Batch]:
    """Yield all examples in their order, a bounded number at a time."""
    for start in range(0, len(examples), _CHUNK):
        yield take(examples, slice(start, start + _CHUNK), model)


def draw_order(
    num_examples: int, batch_size: int | None, *, seed: int, start: int
) -> Iterator[Tensor | slice]:
    """Yield the indices of the batch of each step, for ever, from step ``start`` on.

    Each epoch is a fresh permutation, a function of the seed and the number of the epoch alone; so
    a run that starts in the middle sees the batches that it would have seen anyway. The last batch
    of an epoch may be smaller. Without a batch size, each step sees all examples in their order.

    Args:
        num_examples: Size of the training set.
        batch_size: Examples in a batch, None for all.
        seed: Seed of the run.
        start: Steps already taken.

    Yields:
        The indices of one batch.
    """
    if batch_size is None:
        while True:
            yield slice(None)
    first_epoch, steps_into_epoch = divmod(start, -(-num_examples // batch_size))
    for epoch in count(first_epoch):
        generator = torch.Generator().manual_seed(derive_seed(seed, "batches", epoch))
        batches = torch.randperm(num_examples, generator=generator).split(batch_size)
        yield from batches[steps_into_epoch:]
        steps_into_epoch = 0
