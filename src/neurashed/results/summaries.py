"""One number for each group of pairs of a result, small or large, and its replicates."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.results.blocks import is_large, iterate_blocks
from neurashed.results.bootstrap import Bootstrap
from neurashed.results.grouping import Grouping
from neurashed.results.pair_sums import PairSums
from neurashed.results.pair_sums_builder import PairSumsBuilder
from neurashed.results.pairs import check_statistic, group_pairs, read_self_response, read_terms
from neurashed.results.value_histograms import count_values
from neurashed.results.weighted import summarize_groups
from neurashed.typing import Statistic

__all__ = ["PairSummary", "summarize_pairs"]

_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class PairSummary:
    """A statistic of each group of pairs.

    Attributes:
        values: The statistic ``(group,)``, NaN for a group without pairs.
        replicates: The same of examples drawn again ``(replicate, group)``.
        counts: Pairs that count ``(group,)``.
        num_undefined: Pairs left out because they are not finite ``(group,)``.
    """

    values: np.ndarray
    replicates: np.ndarray
    counts: np.ndarray
    num_undefined: np.ndarray


def summarize_pairs(
    result: xr.DataArray,
    grouping: Grouping,
    *,
    statistic: Statistic,
    magnitudes: bool,
    bootstrap: Bootstrap,
) -> PairSummary:
    """Summarize each group of the pairs of a result.

    A result of more than 2²⁴ pairs is read block by block, one to three times, and never held. Then
    a mean and a ratio of means are as exact as otherwise, and a median is that of the values in
    float32. Replicates are to first order in each drawing, see `PairSums.ratios`; a median moves as
    far as the share of the values below it asks for, which is read from a histogram of relative
    resolution 1/128.

    Args:
        result: A plain result.
        grouping: The groups.
        statistic: Which statistic.
        magnitudes: Whether the sign of the values is dropped; a ratio of means always drops it.
        bootstrap: How examples are drawn again.

    Returns:
        The statistic and its replicates.
    """
    check_statistic(statistic)
    if not is_large(result):
        terms = read_terms(result, statistic, magnitudes=magnitudes)
        pairs = group_pairs(terms, grouping.of_pairs(), grouping.num_groups)
        return PairSummary(
            values=summarize_groups(pairs, statistic),
            replicates=bootstrap.replicate(pairs, statistic, grouping.population),
            counts=pairs.counts,
            num_undefined=pairs.num_undefined,
        )
    if statistic == "median":
        return _summarize_medians(result, grouping, magnitudes=magnitudes, bootstrap=bootstrap)
    is_ratio = statistic == "ratio_of_means"
    sums = _add_up(
        result,
        grouping,
        magnitudes=magnitudes or is_ratio,
        scale=read_self_response(result) if is_ratio else None,
    )
    return PairSummary(
        values=_ratios(sums, grouping),
        replicates=bootstrap.replicate_sums(
            sums, grouping.groups, grouping.num_groups, grouping.population
        ),
        counts=_join(sums.counts, grouping),
        num_undefined=_join(sums.num_undefined, grouping),
    )


def _summarize_medians(
    result: xr.DataArray, grouping: Grouping, *, magnitudes: bool, bootstrap: Bootstrap
) -> PairSummary:
    histograms = count_values(result, grouping, magnitudes=magnitudes)
    medians = histograms.medians()
    replicates = np.empty((0, grouping.num_groups))
    if bootstrap.num_replicates:
        sums = _add_up(result, grouping, magnitudes=magnitudes, bounds=medians[grouping.groups])
        shares = bootstrap.replicate_sums(
            sums, grouping.groups, grouping.num_groups, grouping.population
        )
        # A replicate's median is where its share of the values below reaches one half.
        replicates = histograms.quantiles(0.5 - (shares - _ratios(sums, grouping)))
    return PairSummary(medians, replicates, histograms.num_pairs, histograms.num_undefined)


def _add_up(
    result: xr.DataArray,
    grouping: Grouping,
    *,
    magnitudes: bool,
    scale: np.ndarray | None = None,
    bounds: np.ndarray | None = None,
) -> PairSums:
    """Add up all blocks, or how many of their values lie at or below a bound of their classes."""
    builder = PairSumsBuilder(
        grouping.source_index,
        grouping.probe_index,
        magnitudes=magnitudes and bounds is None,
        scale=scale,
        self_index=grouping.selves,
    )
    for block in iterate_blocks(result):
        if bounds is None:
            builder.add(block.sources, block.probes, block.values)
            continue
        of_columns = bounds[:, grouping.probe_index[block.probes]]
        for top in range(0, len(block.values), _ROWS_AT_ONCE):
            values = block.values[top : top + _ROWS_AT_ONCE]
            values = np.abs(values) if magnitudes else values
            start = block.sources.start + top
            sources = slice(start, start + len(values))
            is_below = values <= of_columns[grouping.source_index[sources]]
            shares = np.where(np.isfinite(values), is_below, np.float32(np.nan))
            builder.add(sources, block.probes, shares)
    return builder.finish()


def _ratios(sums: PairSums, grouping: Grouping) -> np.ndarray:
    once = np.ones(len(sums.source_classes)), np.ones(len(sums.probe_classes))
    return sums.ratios(grouping.groups, grouping.num_groups, once)


def _join(counts: np.ndarray, grouping: Grouping) -> np.ndarray:
    """Add up counts of pairs of classes by group."""
    joined = np.zeros(grouping.num_groups, dtype=np.int64)
    np.add.at(joined, grouping.groups, counts)
    return joined
