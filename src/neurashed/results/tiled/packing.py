"""How the numbers of a tile are kept: as they are, or in fewer bits with a scale for each row."""

from dataclasses import dataclass

import numpy as np

from neurashed.errors import InputError
from neurashed.results.tiled.grid import TileGrid

__all__ = [
    "Packed",
    "Storage",
    "count_bytes",
    "count_undefined",
    "measure_error",
    "pack",
    "unpack",
]

_BOUNDS = {
    "float64": "none",
    "float32": "none beyond that of single precision",
    "float16": "at most 2^-11 of a value, or 2^-39 of the largest in its row of a tile",
    "int8": "at most 1/254 of the largest value in its row of a tile",
}
_NAN = -128
_MOST = 127
# In float16 the largest of a row comes near 2 to this: the small ones keep the most digits.
_LARGEST_HALF = 15
# One row in this many is unpacked again to say what packing cost.
_CHECKED_EVERY = 64
# Rows packed in one go: they stay in the processor's cache.
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Storage:
    """How a large result is kept.

    Attributes:
        dtype: ``"float32"`` and ``"float64"`` keep numbers as they are; ``"float16"`` and
            ``"int8"`` keep them in units of a scale of their row of a tile. ``int8`` keeps
            what is not finite as NaN.
        triangle: ``"both"`` keeps both triangles of a symmetric matrix, so that any Zarr reader
            sees all of it; ``"lower"`` one, at half the size. This library reads the lower one as a
            whole: a pair and its mirror image are the same number.

    Raises:
        InputError: If a name is unknown.
    """

    dtype: str = "float32"
    triangle: str = "lower"

    def __post_init__(self) -> None:
        """Check the names."""
        if self.dtype not in _BOUNDS:
            message = f"the storage dtype is {self.dtype!r}; use one of {', '.join(_BOUNDS)}"
            raise InputError(message)
        if self.triangle not in {"lower", "both"}:
            message = f"the triangle is {self.triangle!r}; use 'lower' or 'both'"
            raise InputError(message)

    @property
    def is_scaled(self) -> bool:
        """Whether each row of a tile has a scale."""
        return self.dtype in {"float16", "int8"}

    @property
    def bound(self) -> str:
        """How far a stored number may be from the computed one, in words."""
        return _BOUNDS[self.dtype]

    @property
    def read_dtype(self) -> np.dtype:
        """The type in which numbers are read."""
        return np.dtype(np.float64 if self.dtype == "float64" else np.float32)


@dataclass(frozen=True)
class Packed:
    """A tile as it is kept.

    Attributes:
        values: ``(source, probe)`` in the type of the storage.
        scales: What each row was divided by, ``(source,)`` in float32, or None.
    """

    values: np.ndarray
    scales: np.ndarray | None


def pack(values: np.ndarray, storage: Storage) -> Packed:
    """Bring the numbers of a tile into the form in which they are kept.

    Args:
        values: ``(source, probe)`` in float32 or float64.
        storage: How to keep them.

    Returns:
        The packed tile.
    """
    if not storage.is_scaled:
        return Packed(np.ascontiguousarray(values, dtype=storage.dtype), None)
    packed = np.empty(values.shape, dtype=storage.dtype)
    scales = np.empty(len(values), dtype=np.float32)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        largest = _largest_finite(values[rows])
        scales[rows] = _scales(largest, storage)
        units = values[rows] / scales[rows, None]
        if storage.dtype == "float16":
            packed[rows] = units
        else:
            _round(units, packed[rows])
    return Packed(packed, scales)


def _scales(largest: np.ndarray, storage: Storage) -> np.ndarray:
    largest = np.where(largest > 0, largest, 1.0).astype(np.float64)
    if storage.dtype == "float16":  # a power of two: dividing by it changes no digit
        scales = np.exp2(np.ceil(np.log2(largest)) - _LARGEST_HALF)
    else:
        scales = largest / _MOST
    return scales.clip(np.finfo(np.float32).tiny, 2.0**127).astype(np.float32)


def _round(units: np.ndarray, out: np.ndarray) -> None:
    finite = np.isfinite(units)
    if not finite.all():
        units = np.where(finite, units, 0)
    out[:] = np.rint(units).clip(-_MOST, _MOST)
    out[~finite] = _NAN


def unpack(packed: Packed, storage: Storage) -> np.ndarray:
    """Return the numbers of a tile or of a part of it, in ``storage.read_dtype``."""
    values = packed.values.astype(storage.read_dtype, copy=False)
    if packed.scales is None:
        return values
    if storage.dtype == "int8" and (missing := packed.values == _NAN).any():
        values[missing] = np.nan
    return np.multiply(values, packed.scales[:, None], out=values)


def measure_error(values: np.ndarray, packed: Packed, storage: Storage) -> float:
    """Return the largest error of one row in 64, relative to the largest value of its row."""
    if not storage.is_scaled:
        return 0.0
    rows = slice(None, None, _CHECKED_EVERY)
    kept, largest = values[rows], _largest_finite(values[rows])
    scales = None if packed.scales is None else packed.scales[rows]
    errors = np.abs(unpack(Packed(packed.values[rows], scales), storage) - kept)
    errors = np.where(np.isfinite(kept), errors, 0).max(1)
    return float(np.divide(errors, largest, out=np.zeros_like(errors), where=largest > 0).max())


def count_undefined(values: np.ndarray) -> int:
    """Return how many numbers of a tile are NaN."""
    # One quick product says whether there is anything to count.
    if np.isfinite(np.vdot(values, values)):
        return 0
    return int(np.isnan(values).sum())


def count_bytes(grid: TileGrid, storage: Storage) -> int:
    """Return the bytes of all tiles before compression.

    Args:
        grid: The tiles.
        storage: How numbers are kept.

    Returns:
        Bytes, scales included.
    """
    pairs = grid.num_sources * grid.num_probes
    if grid.is_symmetric and storage.triangle == "lower":
        sides = [(grid.sources(tile), grid.probes(tile)) for tile in grid]
        pairs = sum((s.stop - s.start) * (p.stop - p.start) for s, p in sides)
    scales = 4 * grid.num_sources * grid.shape[1] if storage.is_scaled else 0
    return pairs * np.dtype(storage.dtype).itemsize + scales


def _largest_finite(values: np.ndarray) -> np.ndarray:
    largest = np.maximum(values.max(1), -values.min(1))
    if not np.isfinite(largest).all():
        largest = np.where(np.isfinite(values), np.abs(values), 0).max(1)
    return largest
