"""Statistics of grouped pairs in which every pair counts a whole number of times."""

import numpy as np

from neurashed.results.pairs import GroupedPairs
from neurashed.typing import Statistic

__all__ = ["summarize_groups"]


def summarize_groups(
    pairs: GroupedPairs, statistic: Statistic, weights: np.ndarray | None = None
) -> np.ndarray:
    """Summarize each group as if every pair were there a given number of times.

    The median is that of the repeated values, with the mean of the two middle ones where their
    number is even. Mean and ratio of means are Σ numerators / Σ denominators.

    Args:
        pairs: The pairs.
        statistic: Which statistic.
        weights: How often each pair counts, whole numbers ``(pair,)``; once if None.

    Returns:
        One number for each group, NaN for a group without pairs.
    """
    weights = np.ones(len(pairs.sources), dtype=np.int32) if weights is None else weights
    if statistic == "median":
        return _weighted_medians(pairs, weights)
    return _weighted_ratios(pairs, weights)


def _weighted_medians(pairs: GroupedPairs, weights: np.ndarray) -> np.ndarray:
    """Return medians by one running total over all groups: values are sorted already."""
    totals = np.concatenate([[0], np.cumsum(weights, dtype=np.int64)])
    before, after = totals[pairs.starts[:-1]], totals[pairs.starts[1:]]
    # Positions are compared doubled, to stay with whole numbers: 2c against the group's middle.
    doubled, middles = 2 * totals[1:], before + after
    medians = np.full(len(middles), np.nan)
    full = after > before
    lower = np.searchsorted(doubled, middles[full], side="left")
    upper = np.searchsorted(doubled, middles[full], side="right")
    # Halved first: the sum of two large values may not be finite.
    medians[full] = pairs.numerators[lower] / 2 + pairs.numerators[upper] / 2
    return medians


def _weighted_ratios(pairs: GroupedPairs, weights: np.ndarray) -> np.ndarray:
    numerators = _sum_by_group(pairs, weights * pairs.numerators)
    denominators = _sum_by_group(pairs, weights * pairs.denominators)
    ratios = np.full(len(numerators), np.nan)
    return np.divide(numerators, denominators, out=ratios, where=denominators > 0)


def _sum_by_group(pairs: GroupedPairs, terms: np.ndarray) -> np.ndarray:
    """Return sums of runs of pairs; `numpy.add.reduceat` gives an empty run its neighbour."""
    sums = np.zeros(len(pairs.counts))
    full = pairs.counts > 0
    if full.any():
        sums[full] = np.add.reduceat(terms, pairs.starts[:-1][full])
    return sums
