"""The probes that move most with each source, found without ever holding the matrix."""

from typing import final

import numpy as np

from neurashed.errors import InputError

__all__ = ["TopProbesBuilder"]

# Rows looked at together: their part of a tile stays in the processor's cache.
_ROWS_AT_ONCE = 128
_COLUMNS_AT_ONCE = 128
# Where more than so many times k probes have a chance, finding a better bar costs less.
_MANY_TIMES = 4

_NONE = -1
_SIGN_BITS = 1
_PLACE_BITS = 31
_LAST_PLACE = 2**_PLACE_BITS - 1
# The bits of a float32 without its sign are ordered like its magnitude, up to those of infinity.
_MAGNITUDE = 0x7FFFFFFF
_INFINITY = 0x7F800000


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
            own = self._own[start : start + len(rows)] - first_probe
            _keep_best(self._kept[start : start + len(rows)], _copy_in_rows(rows), own, first_probe)

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


def _keep_best(kept: np.ndarray, values: np.ndarray, own: np.ndarray, first: int) -> None:
    """Replace what is kept of some rows by the best of that and of further columns."""
    magnitudes = values.view(np.int32) & _MAGNITUDE
    np.copyto(magnitudes, _NONE, where=magnitudes >= _INFINITY)
    has_self = np.flatnonzero((own >= 0) & (own < values.shape[1]))
    magnitudes[has_self, own[has_self]] = _NONE
    passing = np.flatnonzero(_find_passing(magnitudes, _bars(kept, first), kept.shape[1]))
    if not len(passing):
        return
    rows, columns = np.divmod(passing, values.shape[1])
    keys = magnitudes[rows, columns].astype(np.int64) << (_PLACE_BITS + _SIGN_BITS)
    keys |= (_LAST_PLACE - first - columns) << _SIGN_BITS | np.signbit(values[rows, columns])
    counts = np.bincount(rows, minlength=len(kept))
    most = int(counts.max())
    # One row of numbers for each source, filled up with none, so that all are cut at once.
    added = np.full((len(kept), most), _NONE, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    added[rows, np.arange(len(rows)) - starts[rows]] = keys
    kept[:] = np.partition(np.hstack([kept, added]), most, axis=1)[:, most:]


def _find_passing(magnitudes: np.ndarray, bars: np.ndarray, k: int) -> np.ndarray:
    """Return where a magnitude may be among the k best, at not many times k places of a row."""
    is_passing = magnitudes >= bars[:, None]
    if k >= magnitudes.shape[1]:
        return is_passing
    most = _MANY_TIMES * k
    if np.count_nonzero(is_passing) > most * len(bars):
        # The k best of these columns are all that can matter.
        cuts = -np.partition(-magnitudes, k - 1, axis=1)[:, k - 1]
        bars = np.maximum(bars, cuts)
        is_passing = magnitudes >= bars[:, None]
        # Of many equal ones, such as zeros, only the first k can.
        crowded = np.flatnonzero(np.count_nonzero(is_passing, axis=1) > most)
        is_tie = magnitudes[crowded] == bars[crowded, None]
        is_passing[crowded] &= ~is_tie | (np.cumsum(is_tie, axis=1) <= k)
    return is_passing


def _bars(kept: np.ndarray, first: int) -> np.ndarray:
    """Return the least magnitude that has a chance in each row."""
    least = kept[:, 0]
    # A magnitude equal to the least has a chance only if its probe can stand before the one kept.
    is_tie_lost = _LAST_PLACE - (least >> _SIGN_BITS & _LAST_PLACE) < first
    bars = (least >> (_PLACE_BITS + _SIGN_BITS)) + is_tie_lost
    return np.where(least == _NONE, 0, bars).astype(np.int32)


def _copy_in_rows(values: np.ndarray) -> np.ndarray:
    """Return a copy in float32, row after row in memory."""
    rows = np.empty(values.shape, dtype=np.float32)
    with np.errstate(over="ignore"):  # what float32 cannot hold counts as undefined
        # A mirror image is stored column after column: read at once, it would miss every cache.
        for left in range(0, values.shape[1], _COLUMNS_AT_ONCE):
            columns = slice(left, left + _COLUMNS_AT_ONCE)
            rows[:, columns] = values[:, columns]
    return rows
