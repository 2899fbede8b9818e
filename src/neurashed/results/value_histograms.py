"""Medians of groups of pairs that are never held together, by counting values digit by digit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.errors import InputError
from neurashed.results.blocks import Block, iterate_blocks
from neurashed.results.grouping import Grouping

__all__ = ["ValueHistograms", "count_values"]

# A value in float32 is a whole number of two digits; larger values are larger numbers.
_DIGIT_BITS = 16
_NUM_DIGITS = 2**_DIGIT_BITS
_SIGN = np.uint32(2**31)
_UNDEFINED = np.uint32(2**32 - 1)
# Leading digits of finite values; infinities and NaN lie outside.
_LEAST, _BEYOND = 0x0080, 0xFF80

_MOST_GROUPS = 1024
_PAIRS_AT_ONCE = 2**22


@dataclass(frozen=True, eq=False)
class ValueHistograms:
    """How often each leading digit occurs among the values of each group of pairs.

    Values are rounded to float32, which moves them by no more than 6e-8 of themselves. A digit
    holds values that differ by less than 1 part in 128.

    Attributes:
        counts: Defined pairs ``(group, digit)``.
        num_undefined: Pairs of each group that are left out because they are not finite.
    """

    counts: np.ndarray
    num_undefined: np.ndarray
    _result: xr.DataArray
    _grouping: Grouping
    _magnitudes: bool

    @property
    def num_pairs(self) -> np.ndarray:
        """How many defined pairs each group has."""
        return self.counts.sum(axis=1)

    def medians(self) -> np.ndarray:
        """Return the median of each group, in one further pass: exact for values in float32.

        Returns:
            One number for each group, the mean of the two middle values where their number is even;
            NaN for a group without pairs.
        """
        num_pairs = self.num_pairs
        lower, upper = (self._find(np.maximum(num_pairs - 1, 0) // 2), self._find(num_pairs // 2))
        digits = np.stack([lower[0], upper[0]])
        seconds = self._count_second_digits(digits)
        keys = [
            _pick(second, rank) + (digit.astype(np.uint32) << _DIGIT_BITS)
            for second, (digit, rank) in zip(seconds, (lower, upper), strict=True)
        ]
        middle = sum(_to_values(key.astype(np.uint32)).astype(np.float64) / 2 for key in keys)
        return np.where(num_pairs > 0, middle, np.nan)

    def quantiles(self, shares: np.ndarray) -> np.ndarray:
        """Return quantiles of each group, with values spread evenly within a digit.

        Args:
            shares: Share of the pairs that lie below ``(..., group)``; those beyond 0 and 1 are
                taken as 0 and 1.

        Returns:
            Numbers ``(..., group)``, off by less than 1 part in 128; NaN for a group without pairs.
        """
        found = np.full(shares.shape, np.nan)
        edges = _to_values(np.arange(_NUM_DIGITS, dtype=np.uint32) << _DIGIT_BITS)
        for group in np.flatnonzero(self.num_pairs):
            digits = np.flatnonzero(self.counts[group])
            ends = np.cumsum(self.counts[group, digits])
            ranks = np.clip(shares[..., group], 0, 1) * ends[-1]
            at = np.minimum(np.searchsorted(ends, ranks), len(digits) - 1)
            inside = 1 - (ends[at] - ranks) / self.counts[group, digits[at]]
            low, high = edges[digits[at]], edges[np.minimum(digits[at] + 1, _BEYOND - 1)]
            found[..., group] = low + np.clip(inside, 0, 1) * (high - low)
        return found

    def _find(self, ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the digit in which the value of a rank lies, and its rank there."""
        ends = np.cumsum(self.counts, axis=1)
        digits = (ends <= ranks[:, None]).sum(axis=1).clip(max=_NUM_DIGITS - 1)
        before = np.take_along_axis(ends - self.counts, digits[:, None], axis=1)[:, 0]
        return digits, ranks - before

    def _count_second_digits(self, digits: np.ndarray) -> np.ndarray:
        """Return how often each second digit follows the wanted ones ``(wanted, group, digit)``."""
        is_same = bool((digits[0] == digits[1]).all())
        wanted = digits[:1] if is_same else digits
        counts = [np.zeros((len(each), _NUM_DIGITS), dtype=np.int64) for each in wanted]
        for keys, groups in _iterate_keys(
            self._result, self._grouping, magnitudes=self._magnitudes
        ):
            firsts = (keys >> _DIGIT_BITS).astype(np.uint16)
            for first, count in zip(wanted, counts, strict=True):
                found = np.flatnonzero(firsts == first[groups].astype(np.uint16))
                seconds = keys.ravel()[found] & np.uint32(_NUM_DIGITS - 1)
                np.add.at(count, (groups[found % len(groups)], seconds), 1)
        return np.stack([counts[0], counts[-1]])


def count_values(result: xr.DataArray, grouping: Grouping, *, magnitudes: bool) -> ValueHistograms:
    """Count the values of each group of pairs by their leading digits, in one pass.

    Args:
        result: A plain result of any size.
        grouping: The groups of its pairs.
        magnitudes: Whether the sign of the values is dropped.

    Returns:
        The histograms; 512 kB for each group.

    Raises:
        InputError: If there are more than 1,024 groups.
    """
    if grouping.num_groups > _MOST_GROUPS:
        message = (
            f"there are {grouping.num_groups} pairs of classes, and medians of a result this large "
            f"can be had of up to {_MOST_GROUPS}; use statistic='mean' or 'ratio_of_means', or "
            "coarser labels"
        )
        raise InputError(message)
    counts = np.zeros((grouping.num_groups, _NUM_DIGITS), dtype=np.int64)
    for keys, groups in _iterate_keys(result, grouping, magnitudes=magnitudes):
        present, columns = np.unique(groups, return_inverse=True)
        numbers = (keys >> _DIGIT_BITS) + (columns * _NUM_DIGITS)
        found = np.bincount(numbers.ravel(), minlength=len(present) * _NUM_DIGITS)
        counts[present] += found.reshape(len(present), _NUM_DIGITS)
    total = counts.sum(axis=1)
    counts[:, :_LEAST] = counts[:, _BEYOND:] = 0
    num_undefined = total - counts.sum(axis=1) - grouping.count_selves()
    return ValueHistograms(counts, num_undefined, result, grouping, magnitudes)


def _iterate_keys(
    result: xr.DataArray, grouping: Grouping, *, magnitudes: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield values as whole numbers ``(source, probe)``, and the group of each column."""
    for block in iterate_blocks(result):
        classes = grouping.source_index[block.sources]
        groups = grouping.groups[:, grouping.probe_index[block.probes]]
        num_rows = max(1, _PAIRS_AT_ONCE // groups.shape[1])
        for one in np.unique(classes):
            rows = np.flatnonzero(classes == one)
            for start in range(0, len(rows), num_rows):
                some = rows[start : start + num_rows]
                yield _read_keys(block, some, grouping.selves, magnitudes=magnitudes), groups[one]


def _read_keys(
    block: Block, rows: np.ndarray, selves: np.ndarray | None, *, magnitudes: bool
) -> np.ndarray:
    with np.errstate(over="ignore"):  # what float32 cannot hold counts as undefined
        values = block.values[rows].astype(np.float32, copy=False)
    keys = _to_keys(np.abs(values) if magnitudes else values)
    if selves is not None:
        own = selves[block.sources][rows] - block.probes.start
        has_self = np.flatnonzero((own >= 0) & (own < keys.shape[1]))
        keys[has_self, own[has_self]] = _UNDEFINED
    return keys


def _to_keys(values: np.ndarray) -> np.ndarray:
    """Return whole numbers in the order of the values: all bits of negative ones are turned."""
    bits = values.view(np.uint32)
    return bits ^ ((bits.view(np.int32) >> 31).view(np.uint32) | _SIGN)


def _to_values(keys: np.ndarray) -> np.ndarray:
    """Return the values that `_to_keys` was given."""
    is_positive = (keys & _SIGN) != 0
    return np.where(is_positive, keys ^ _SIGN, ~keys).astype(np.uint32).view(np.float32)


def _pick(counts: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return the digit at which each group's counts pass a rank."""
    ends = np.cumsum(counts, axis=1)
    return (ends <= ranks[:, None]).sum(axis=1).clip(max=_NUM_DIGITS - 1).astype(np.uint32)
