"""How many threads a training is worth."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["threads_for"]

_SMALL = 100_000


@contextmanager
def threads_for(model: nn.Module) -> Iterator[None]:
    """Use one thread while a small network is trained.

    Steps of a network with fewer than 100,000 weights lose more to threads that wait for each other
    than they gain by them, by orders of magnitude where the machine has other work.

    Args:
        model: The network.

    Yields:
        Nothing.
    """
    num_threads = torch.get_num_threads()
    if sum(parameter.numel() for parameter in model.parameters()) < _SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)
