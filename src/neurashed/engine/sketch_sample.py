"""A few sources and probes on which a sketch is planned and judged."""

from dataclasses import replace

import torch
from torch import Tensor

from neurashed.engine.batches import take
from neurashed.engine.first_order import Side
from neurashed.seeding import numpy_generator

__all__ = ["draw_sample"]

_NUM_EXAMPLES = 16


def draw_sample(sides: tuple[Side, Side | None], seed: int, purpose: str) -> tuple[Side, Side]:
    """Draw a few sources and probes, none of them both if the probes are the sources.

    Args:
        sides: The sources, and the probes or None if they are the sources.
        seed: Chooses them.
        purpose: What they are for; each purpose has its own.

    Returns:
        Sides of 16 examples at most.
    """
    generator = numpy_generator(seed, purpose)
    sources, probes = sides
    places = torch.from_numpy(generator.permutation(len(sources)))
    if probes is None:
        half = max(1, min(_NUM_EXAMPLES, len(places) // 2))
        return _part(sources, places[:half]), _part(sources, places[-half:])
    others = torch.from_numpy(generator.permutation(len(probes)))
    return _part(sources, places[:_NUM_EXAMPLES]), _part(probes, others[:_NUM_EXAMPLES])


def _part(side: Side, places: Tensor) -> Side:
    return replace(side, batch=take(side.batch, places.to(side.batch[1].device)))
