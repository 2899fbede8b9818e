"""Arithmetic in the precision that the numbers say they have."""

import contextlib
import threading
from collections.abc import Iterator
from typing import final

import torch

__all__ = ["full_precision"]


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Keep convolutions and products of float32 numbers in float32 while the context lasts.

    GPUs round float32 to ten bits of mantissa in convolutions unless told otherwise, which drowns
    the response to a small step. PyTorch's settings are those of the process: they are put back
    when the last context of any thread ends.

    Yields:
        Nothing.
    """
    _SETTINGS.take()
    try:
        yield
    finally:
        _SETTINGS.let_go()


@final
class _Settings:
    """PyTorch's settings of precision, changed as long as anyone needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._num_users = 0
        self._changed = contextlib.ExitStack()

    def take(self) -> None:
        with self._lock:
            if not self._num_users:
                self._changed.enter_context(_changed_settings())
            self._num_users += 1

    def let_go(self) -> None:
        with self._lock:
            self._num_users -= 1
            if not self._num_users:
                self._changed.close()


@contextlib.contextmanager
def _changed_settings() -> Iterator[None]:
    products = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(products)


_SETTINGS = _Settings()
