"""The probes that move most with each source of a result, which stand in for its whole rows."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.errors import InputError
from neurashed.report.axes import is_same_set

__all__ = ["Ranked", "read_ranked"]

_MOST_SOURCES = 100_000
# Of a store, squares on the diagonal of about this side are read.
_SQUARE = 512


@dataclass(frozen=True, eq=False)
class Ranked:
    """The top probes of every source, the largest magnitude first.

    Attributes:
        values: Values ``(source, rank)``; NaN where there is no further probe.
        places: Places of the probes in the result; -1 where there is none.
        own: What each source does to itself ``(source,)``; None if sources are not the probes.
    """

    values: np.ndarray
    places: np.ndarray
    own: np.ndarray | None


def read_ranked(result: xr.DataArray, top_probes: xr.Dataset, *, is_kept: bool = True) -> Ranked:
    """Read top probes and hold them against their result.

    Args:
        result: Values ``(source, probe)``, of which the diagonal is read at most.
        top_probes: Variables ``value`` and ``place`` with dimensions source and rank.
        is_kept: Whether the values of the result are there to be read.

    Returns:
        The top probes.

    Raises:
        InputError: If they are of other examples, or of more than a page can hold.
    """
    for axis in ("source", "probe"):
        if not np.array_equal(result[axis].values, top_probes[axis].values):
            message = (
                f"the top probes have {top_probes.sizes[axis]:,} {axis}s and other ids than the "
                f"result's {result.sizes[axis]:,}; give those of the same measurement"
            )
            raise InputError(message)
    if max(result.shape) > _MOST_SOURCES:
        message = (
            f"a page holds up to {_MOST_SOURCES:,} examples and this result has "
            f"{max(result.shape):,}; choose some of them before their top probes are found"
        )
        raise InputError(message)
    places = top_probes["place"].transpose("source", "rank").values
    values = top_probes["value"].transpose("source", "rank").values
    own = _read_diagonal(result) if is_kept and is_same_set(result) else None
    return Ranked(np.where(places >= 0, values, np.nan), places, own)


def _read_diagonal(result: xr.DataArray) -> np.ndarray:
    squares = [slice(at, at + _SQUARE) for at in range(0, result.sizes["source"], _SQUARE)]
    return np.concatenate([np.diag(result[square, square].values) for square in squares])
