"""Statistics of many drawings of the same examples at once, by products of matrices.

A pair counts in a drawing as often as its source times as often as its probe was drawn. A sum over
the pairs of two classes is then a quadratic form in the drawings, and all drawings together are one
product of matrices.
"""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from neurashed.results.pairs import GroupedPairs
from neurashed.typing import Statistic

__all__ = ["Drawings", "replicate_groups"]

# In each group pairs are cut by rank into so many runs, and only the run in which the median of a
# drawing lies is looked at pair by pair. More runs mean more products, fewer mean longer runs.
_NUM_RUNS = 24
# Beyond it, sums for each pair of classes would take more room than the pairs themselves.
_MOST_CELLS = 2_500


@dataclass(frozen=True, eq=False)
class Drawings:
    """How often each example counts in each drawing, and of which class it is.

    Attributes:
        sources: How often each source counts ``(replicate, source)``.
        probes: How often each probe counts ``(replicate, probe)``.
        source_classes: Number of the class of each source, from 0.
        probe_classes: Number of the class of each probe, from 0.
    """

    sources: np.ndarray
    probes: np.ndarray
    source_classes: np.ndarray
    probe_classes: np.ndarray


def replicate_groups(
    pairs: GroupedPairs, statistic: Statistic, drawings: Drawings
) -> np.ndarray | None:
    """Return the statistic of each group in each drawing.

    Args:
        pairs: The pairs, in groups that are made of whole pairs of classes.
        statistic: Which statistic.
        drawings: The drawings.

    Returns:
        Numbers ``(replicate, group)``, NaN where a drawing has no pairs of a group: medians exactly
        as they are found pair by pair, others up to rounding. None if there are too many classes,
        or groups share a pair of classes.
    """
    num_cells = int(drawings.source_classes.max() + 1) * int(drawings.probe_classes.max() + 1)
    if num_cells > _MOST_CELLS or not len(pairs.sources):
        return None
    sums = _GroupSums(pairs, drawings)
    if not sums.is_possible:
        return None
    if statistic == "median":
        return _find_medians(pairs, drawings, sums)
    numerators, denominators = (
        sums.add(slice(None), terms) for terms in (pairs.numerators, pairs.denominators)
    )
    ratios = np.full(numerators.shape, np.nan)
    return np.divide(numerators, denominators, out=ratios, where=denominators > 0)


@final
class _GroupSums:
    """Adds up terms of pairs by group, in every drawing."""

    def __init__(self, pairs: GroupedPairs, drawings: Drawings) -> None:
        """Find out which group the pairs of each two classes are in."""
        self._pairs, self._drawings = pairs, drawings
        of_sources, of_probes = drawings.source_classes, drawings.probe_classes
        groups = np.repeat(np.arange(len(pairs.counts)), pairs.counts)
        cells = (of_sources[pairs.sources], of_probes[pairs.probes])
        self._group_of_cell = np.full((of_sources.max() + 1, of_probes.max() + 1), -1)
        self._group_of_cell[cells] = groups
        self.is_possible = bool((self._group_of_cell[cells] == groups).all())
        self._is_of_class = (of_sources == np.arange(of_sources.max() + 1)[:, None]).astype(float)
        self._members = [np.flatnonzero(of_probes == one) for one in range(of_probes.max() + 1)]

    def add(self, chosen: slice | np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Return sums ``(replicate, group)`` of the terms of some pairs."""
        pairs, drawings = self._pairs, self._drawings
        matrix = np.zeros((len(drawings.source_classes), len(drawings.probe_classes)), terms.dtype)
        matrix[pairs.sources[chosen], pairs.probes[chosen]] = terms
        sums = np.zeros((len(pairs.counts), len(drawings.sources)))
        for probe_class, members in enumerate(self._members):
            by_source = matrix[:, members] @ drawings.probes[:, members].T.astype(terms.dtype)
            by_class = self._is_of_class @ (by_source * drawings.sources.T.astype(np.float64))
            groups = self._group_of_cell[:, probe_class]
            np.add.at(sums, groups[groups >= 0], by_class[groups >= 0])
        return sums.T


def _find_medians(pairs: GroupedPairs, drawings: Drawings, sums: _GroupSums) -> np.ndarray:
    """Return medians: the run in which each lies by sums, its place in the run pair by pair."""
    steps = np.arange(_NUM_RUNS + 1)
    ends = pairs.starts[:-1] + pairs.counts * steps[:, None] // _NUM_RUNS
    run_of_pair = np.empty(len(pairs.sources), dtype=np.int8)
    for run in range(_NUM_RUNS):
        for start, stop in zip(ends[run], ends[run + 1], strict=True):
            run_of_pair[start:stop] = run
    # Whole numbers below 2²⁴ are exact in float32, in which products take half the time.
    counted = [
        sums.add(chosen, np.ones(len(chosen), np.float32))
        for chosen in (np.flatnonzero(run_of_pair == run) for run in range(_NUM_RUNS))
    ]
    totals = np.cumsum(np.round(counted), axis=0).astype(np.int64)
    medians = np.full(totals.shape[1:], np.nan)
    for replicate, found in enumerate(medians):
        weights = drawings.sources[replicate], drawings.probes[replicate]
        known = np.flatnonzero(totals[-1, replicate])
        runs = totals[:, replicate, known], ends[:, known]
        lower = _find_pair(pairs, weights, runs, "left")
        upper = _find_pair(pairs, weights, runs, "right")
        # Halved first: the sum of two large values may not be finite.
        found[known] = pairs.numerators[lower] / 2 + pairs.numerators[upper] / 2
    return medians


def _find_pair(
    pairs: GroupedPairs,
    weights: tuple[np.ndarray, np.ndarray],
    runs: tuple[np.ndarray, np.ndarray],
    side: Literal["left", "right"],
) -> np.ndarray:
    """Return the first pair of each group at (left) or beyond (right) half of its weight.

    Args:
        pairs: The pairs.
        weights: How often each source and each probe counts.
        runs: Weight of each group up to the end of each run ``(run, group)``, and first pair of
            each run, and of what follows the last one ``(run + 1, group)``.
        side: Which.
    """
    totals, ends = runs
    is_reached = 2 * totals >= totals[-1] if side == "left" else 2 * totals > totals[-1]
    run = is_reached.argmax(axis=0)
    group = np.arange(len(run))
    starts, lengths = ends[run, group], ends[run + 1, group] - ends[run, group]
    before = np.where(run > 0, totals[run - 1, group], 0)
    offsets = np.cumsum(lengths) - lengths
    at = np.arange(lengths.sum()) + np.repeat(starts - offsets, lengths)
    weight = weights[0][pairs.sources[at]] * weights[1][pairs.probes[at]]
    running = np.concatenate([[0], np.cumsum(weight, dtype=np.int64)])
    # Doubled, to stay with whole numbers; one running total serves all groups.
    wanted = totals[-1] - 2 * before + 2 * running[offsets]
    return at[np.searchsorted(2 * running[1:], wanted, side=side)]
