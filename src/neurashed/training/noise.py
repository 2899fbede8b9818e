"""Random numbers of layers such as dropout, which take no generator of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["drawing_from"]


@contextmanager
def drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Let PyTorch's own generators draw from a seed, and put them back as they were.

    Args:
        seed: Where the numbers come from.
        device: The device of the model.

    Yields:
        Nothing.
    """
    is_cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if is_cuda else []):
        torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        if is_cuda:
            state = torch.Generator(device).manual_seed(seed).get_state()
            torch.cuda.set_rng_state(state, device)
        yield
