"""The probes that move most with each source, found without ever holding the matrix."""

from collections.abc import Iterator
from typing import final

import numpy as np

from neurashed.errors import InputError

__all__ = ["TopProbesBuilder"]

# Rows looked at together: their part of a tile stays in the processor's cache.
_ROWS_AT_ONCE = 64
# Of a source without k probes yet, only so many columns are sorted before there is a bar to pass.
_FIRST_COLUMNS = 256

_NONE = -1
_SIGN_BITS = 1
_PLACE_BITS = 31
_LAST_PLACE = 2**_PLACE_BITS - 1


@final
class TopProbesBuilder:
    """Keeps, for each source, the k probes of largest magnitude among all that were added.

    Blocks may come in any order and give the same probes: of equal magnitudes the first in the
    order of the probes counts as larger. Undefined values and the source itself are left out.
    Values are kept in float32, and compared so; one too large for it counts as undefined. A block
    takes time in proportion to its size, nearly all of it one comparison for each value; 8 k bytes
    are kept for each source.

    A probe is kept as one whole number: its magnitude's bits, then its place from the last, then
    its sign. Larger is better, and sorting numbers is fast.
    """

    def __init__(
        self, num_sources: int, num_probes: int, k: int, *, self_index: np.ndarray | None = None
    ) -> None:
        """Begin with no probes.

        Args:
            num_sources: How many sources there are.
            num_probes: How many probes there are.
            k: How many to keep for each source.
            self_index: Place of each source among the probes ``(source,)``, -1 for one that is
                none of them; None if none is.

        Raises:
            InputError: If k is below 1, or there are more probes than a place can count.
        """
        if k < 1:
            message = f"k is {k}; ask for at least 1 probe"
            raise InputError(message)
        if num_probes > _LAST_PLACE:
            message = f"there are {num_probes} probes; give at most {_LAST_PLACE}"
            raise InputError(message)
        self._own = np.full(num_sources, -1) if self_index is None else np.asarray(self_index)
        # The least of a row stands first: it is the bar for all that follow.
        self._kept = np.full((num_sources, k), _NONE, dtype=np.int64)

    def add(self, sources: slice, probes: slice, values: np.ndarray) -> None:
        """Look at a block of the matrix; each pair may be added once.

        Args:
            sources: Its sources, counted from 0, without a step.
            probes: Its probes.
            values: Its values ``(source, probe)``.
        """
        first_source, first_probe = sources.start or 0, probes.start or 0
        for top in range(0, len(values), _ROWS_AT_ONCE):
            rows = values[top : top + _ROWS_AT_ONCE]
            start = first_source + top
            kept = self._kept[start : start + len(rows)]
            own = self._own[start : start + len(rows)]
            with np.errstate(over="ignore"):  # what float32 cannot hold counts as undefined
                rows = rows.astype(np.float32, copy=False)
            for left, part in _split_columns(rows, is_first=bool((kept[:, 0] == _NONE).any())):
                _keep_best(kept, part, own, first_probe + left)

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what was kept, the largest magnitude first.

        Returns:
            Values ``(source, rank)`` in float32, with their sign, and the places of the probes
            ``(source, rank)`` in int32; NaN and -1 where there are fewer.
        """
        kept = np.sort(self._kept, axis=1)[:, ::-1]
        is_empty = kept == _NONE
        magnitudes = (kept >> (_PLACE_BITS + _SIGN_BITS)).astype(np.int32).view(np.float32)
        values = np.where(kept & 1, -magnitudes, magnitudes)
        places = (_LAST_PLACE - (kept >> _SIGN_BITS & _LAST_PLACE)).astype(np.int32)
        return np.where(is_empty, np.float32(np.nan), values), np.where(is_empty, -1, places)


def _split_columns(rows: np.ndarray, *, is_first: bool) -> Iterator[tuple[int, np.ndarray]]:
    """Yield runs of columns: a short one first where there is no bar to pass yet."""
    edge = min(_FIRST_COLUMNS, rows.shape[1]) if is_first else 0
    for start, stop in ((0, edge), (edge, rows.shape[1])):
        if stop > start:
            yield start, rows[:, start:stop]


def _keep_best(kept: np.ndarray, values: np.ndarray, own: np.ndarray, first: int) -> None:
    """Replace what is kept of some rows by the best of that and of further columns."""
    sizes = np.abs(values)
    passing = np.flatnonzero(sizes > _bars(kept, first)[:, None])
    if not len(passing):
        return
    rows, columns = np.divmod(passing, values.shape[1])
    found = values[rows, columns]
    is_wanted = np.isfinite(found) & (columns + first != own[rows])
    rows, keys = rows[is_wanted], _to_keys(found, columns + first)[is_wanted]
    counts = np.bincount(rows, minlength=len(kept))
    most = int(counts.max())
    if not most:
        return
    # One row of numbers for each source, filled up with none, so that all are cut at once.
    added = np.full((len(kept), most), _NONE, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    added[rows, np.arange(len(rows)) - starts[rows]] = keys
    kept[:] = np.partition(np.hstack([kept, added]), most, axis=1)[:, most:]


def _bars(kept: np.ndarray, first: int) -> np.ndarray:
    """Return what a magnitude must be above to have a chance; below 0 where there is no bar."""
    least = kept[:, 0]
    bars = (least >> (_PLACE_BITS + _SIGN_BITS)).astype(np.int32).view(np.float32)
    # A magnitude equal to the bar has a chance only if its probe can stand before the one kept.
    is_tie_lost = _LAST_PLACE - (least >> _SIGN_BITS & _LAST_PLACE) < first
    bars = np.where(is_tie_lost, bars, np.nextafter(bars, np.float32(-1)))
    return np.where(least == _NONE, np.float32(-1), bars)


def _to_keys(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    bits = np.abs(values).view(np.int32).astype(np.int64) << (_PLACE_BITS + _SIGN_BITS)
    return bits | (_LAST_PLACE - places) << _SIGN_BITS | np.signbit(values)
