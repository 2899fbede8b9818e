"""Random signs that depend on a seed and a place in their matrix, and on nothing else."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["draw_signs"]

_WORD = 64


def draw_signs(
    seed: int, components: slice, width: int, *, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "component width"]:
    """Return some rows of a matrix of independent signs, -1 or 1.

    The bits come from a generator that jumps ahead, so a run of rows is the same whether it is
    drawn alone or with others, on every machine and device.

    Args:
        seed: Names the matrix.
        components: Which of its rows.
        width: Its columns.
        dtype: Type of the result.
        device: Where the result goes.

    Returns:
        The rows.
    """
    num_rows, num_words = components.stop - components.start, -(-width // _WORD)
    bits = np.random.PCG64(seed)
    bits.advance(components.start * num_words)
    words = bits.random_raw(num_rows * num_words).reshape(num_rows, num_words)
    # Bytes in one order, whatever the machine's own.
    signs = np.unpackbits(words.astype("<u8").view(np.uint8), axis=1, count=width)
    return torch.from_numpy(signs).to(device).to(dtype).mul_(2).sub_(1)
