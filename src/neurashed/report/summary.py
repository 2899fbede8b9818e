"""The summaries of results in the form in which the page shows them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurashed.plots import LabelKind, PairValues, describe_values, split_pairs
from neurashed.results import Strength, elasticity_strength
from neurashed.typing import Statistic

__all__ = [
    "STATISTICS",
    "DistributionPanel",
    "StrengthRow",
    "describe_charts",
    "has_labels",
    "summarize_distributions",
    "summarize_strengths",
    "usable_statistics",
]

STATISTICS: dict[Statistic, str] = {
    "median": "median",
    "ratio_of_means": "ratio of means",
    "mean": "mean",
}

_NUM_BINS = 60
_NUM_BOOTSTRAP = 200
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class StrengthRow:
    """The strengths of one result.

    Attributes:
        name: What the result is called on the page.
        measure: Its measure and unit.
        by_statistic: Its strength by statistic.
    """

    name: str
    measure: str
    by_statistic: dict[Statistic, Strength]


@dataclass(frozen=True)
class DistributionPanel:
    """Two histograms on common bins, in per cent of their pairs.

    Attributes:
        name: What the result is called on the page.
        measure: Its measure and unit.
        edges: Edges of the bins ``(bin + 1,)``.
        shares: Per cent of pairs in each bin, by kind of pair.
        quantiles: The 5, 25, 50, 75 and 95 % quantiles, by kind of pair.
        counts: How many pairs there are, by kind of pair.
        num_undefined: How many pairs are left out as undefined.
    """

    name: str
    measure: str
    edges: list[float]
    shares: dict[str, list[float]]
    quantiles: dict[str, list[float]]
    counts: dict[str, int]
    num_undefined: int


def describe_charts(
    rows: Sequence[StrengthRow], panels: Sequence[DistributionPanel]
) -> dict[str, list[dict[str, Any]]]:
    """Return strengths and distributions in the form that the page's script reads.

    JSON has no word for an undefined number, so it becomes null.
    """
    strengths = [
        {
            "name": row.name,
            "by_statistic": {
                statistic: {
                    end: number if math.isfinite(number) else None
                    for end, number in (("value", one.value), ("low", one.low), ("high", one.high))
                }
                for statistic, one in row.by_statistic.items()
            },
        }
        for row in rows
    ]
    return {"strengths": strengths, "distributions": [asdict(panel) for panel in panels]}


def has_labels(result: xr.DataArray, labels: LabelKind = "label") -> bool:
    """Return whether the examples on both axes carry labels of a kind."""
    return {f"source_{labels}", f"probe_{labels}"} <= set(result.coords)


def usable_statistics(result: xr.DataArray) -> list[Statistic]:
    """Return the statistics that a result allows; a ratio of means needs the denominators."""
    return [
        statistic
        for statistic in STATISTICS
        if statistic != "ratio_of_means" or "self_response" in result.coords
    ]


def summarize_strengths(results: Mapping[str, xr.DataArray]) -> list[StrengthRow]:
    """Return the strengths of the results whose examples are labelled."""
    return [
        StrengthRow(
            name,
            describe_values(result),
            {
                statistic: elasticity_strength(
                    result, statistic=statistic, num_bootstrap=_NUM_BOOTSTRAP
                )
                for statistic in usable_statistics(result)
            },
        )
        for name, result in results.items()
        if has_labels(result)
    ]


def summarize_distributions(results: Mapping[str, xr.DataArray]) -> list[DistributionPanel]:
    """Return histograms within and between classes for the results that are labelled.

    Results of one measure share their bins, so that their panels can be compared by eye. Values
    in the outermost half per cent count in the outermost bins.
    """
    pairs = {name: split_pairs(one) for name, one in results.items() if has_labels(one)}
    measures = {name: describe_values(results[name]) for name in pairs}
    edges = {
        measure: _choose_edges([pairs[name] for name in pairs if measures[name] == measure])
        for measure in set(measures.values())
    }
    return [
        _bin_pairs(name, measures[name], one, edges[measures[name]])
        for name, one in pairs.items()
        if one.within.size or one.between.size
    ]


def _choose_edges(of_one_measure: list[PairValues]) -> np.ndarray:
    # Each result has its say: a wide one must not be cut off because a narrow one has more pairs.
    spans = [pairs.span() for pairs in of_one_measure]
    return np.linspace(np.min(spans), np.max(spans), _NUM_BINS + 1)


def _bin_pairs(name: str, measure: str, pairs: PairValues, edges: np.ndarray) -> DistributionPanel:
    kinds = {"within": pairs.within, "between": pairs.between}
    return DistributionPanel(
        name=name,
        measure=measure,
        edges=edges.astype(float).tolist(),
        shares={kind: _share_bins(values, edges) for kind, values in kinds.items()},
        quantiles={
            kind: np.quantile(values, _QUANTILES).astype(float).tolist() if values.size else []
            for kind, values in kinds.items()
        },
        counts={kind: int(values.size) for kind, values in kinds.items()},
        num_undefined=pairs.num_undefined,
    )


def _share_bins(values: np.ndarray, edges: np.ndarray) -> list[float]:
    if not values.size:
        return [0.0] * (len(edges) - 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return (100.0 * counts / values.size).round(3).tolist()
