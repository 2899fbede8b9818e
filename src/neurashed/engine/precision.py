"""Arithmetic in the precision that the numbers say they have."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["full_precision"]


@contextmanager
def full_precision() -> Iterator[None]:
    """Keep convolutions and products of float32 numbers in float32 while the context lasts.

    GPUs round float32 to ten bits of mantissa in convolutions unless told otherwise, which drowns
    the response to a small step.

    Yields:
        Nothing.
    """
    products = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(products)
