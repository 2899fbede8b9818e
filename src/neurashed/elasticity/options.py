"""What seldom changes from one measurement to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from neurashed.errors import InputError

__all__ = ["MeasurementOptions"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_PRECISIONS = ("highest", "high")
_DIVERGENCES = ("kl", "symmetric_kl")


@dataclass(frozen=True)
class MeasurementOptions:
    """What seldom changes from one measurement to the next.

    Attributes:
        dtype: Precision to compute in, ``"float32"`` or ``"float64"``; the model's own if None.
        divergence: For the measure ``refined``: ``"kl"`` or ``"symmetric_kl"``.
        seed: Chooses the pairs that are computed once more by plain autograd, and the random
            vectors of a sketch.
        progress: Wraps a list and yields its items, to show how far the work has come; see
            `neurashed.typing.Progress`.
        sketch: None for exact inner products of gradients; else they are estimated from random
            projections: a whole number is the dimension of all layers together, a number below 1
            the error to allow, root of the mean square relative to the norms of two gradients.
        matmul_precision: As in `torch.set_float32_matmul_precision`: ``"highest"`` multiplies
            float32 gradients in float32. ``"high"`` takes each number as the sum of two of
            bfloat16, where the processor has matrix units for these (Intel's AMX), and is the same
            elsewhere; inner products are then about 1e-6 of the norms of two gradients away, 5e-5
            at worst. It pays from some thousands of examples on.

    Raises:
        InputError: If dtype, divergence or matmul_precision is not one of those named, or sketch
            is neither a dimension nor an error.
    """

    dtype: str | torch.dtype | None = None
    divergence: str = "kl"
    seed: int = 0
    progress: Callable[..., Any] | None = None
    sketch: int | float | None = None
    matmul_precision: str = "highest"

    def __post_init__(self) -> None:
        """Check names."""
        if self.dtype is not None and self.torch_dtype is None:
            message = f"dtype is {self.dtype!r}; give 'float32', 'float64' or None"
            raise InputError(message)
        if self.divergence not in _DIVERGENCES:
            message = f"divergence is {self.divergence!r}; give one of {', '.join(_DIVERGENCES)}"
            raise InputError(message)
        if self.matmul_precision not in _PRECISIONS:
            message = (
                f"matmul_precision is {self.matmul_precision!r}; give {' or '.join(_PRECISIONS)}"
            )
            raise InputError(message)
        if self.sketch is not None and not self._is_dimension and not 0 < self.sketch < 1:
            message = (
                f"sketch is {self.sketch!r}; give a dimension, such as 4096, or an error between 0 "
                "and 1, such as 0.02"
            )
            raise InputError(message)

    @property
    def _is_dimension(self) -> bool:
        return type(self.sketch) is int and self.sketch >= 1

    @property
    def sketch_dimension(self) -> int | None:
        """The dimension asked of a sketch, or None."""
        return self.sketch if isinstance(self.sketch, int) else None

    @property
    def sketch_error(self) -> float | None:
        """The error allowed to a sketch, or None."""
        return self.sketch if isinstance(self.sketch, float) else None

    @property
    def torch_dtype(self) -> torch.dtype | None:
        """The precision as torch names it, or None for the model's own."""
        if self.dtype in _DTYPES.values():
            return self.dtype  # pyright: ignore[reportReturnType]
        return _DTYPES.get(str(self.dtype))
