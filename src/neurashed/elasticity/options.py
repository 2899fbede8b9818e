"""What seldom changes from one measurement to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from neurashed.errors import InputError

__all__ = ["MeasurementOptions"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_DIVERGENCES = ("kl", "symmetric_kl")


@dataclass(frozen=True)
class MeasurementOptions:
    """What seldom changes from one measurement to the next.

    Attributes:
        dtype: Precision to compute in, ``"float32"`` or ``"float64"``; the model's own if None.
        divergence: For the measure ``refined``: ``"kl"`` or ``"symmetric_kl"``.
        seed: Chooses the pairs that are computed once more by plain autograd.
        progress: Wraps a list and yields its items, to show how far the work has come; see
            `neurashed.typing.Progress`.

    Raises:
        InputError: If dtype or divergence is not one of those named.
    """

    dtype: str | torch.dtype | None = None
    divergence: str = "kl"
    seed: int = 0
    progress: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Check names."""
        if self.dtype is not None and self.torch_dtype is None:
            message = f"dtype is {self.dtype!r}; give 'float32', 'float64' or None"
            raise InputError(message)
        if self.divergence not in _DIVERGENCES:
            message = f"divergence is {self.divergence!r}; give one of {', '.join(_DIVERGENCES)}"
            raise InputError(message)

    @property
    def torch_dtype(self) -> torch.dtype | None:
        """The precision as torch names it, or None for the model's own."""
        if self.dtype in _DTYPES.values():
            return self.dtype  # pyright: ignore[reportReturnType]
        return _DTYPES.get(str(self.dtype))
