"""How much more a network moves the look-alikes of a source than all the rest, as one number."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from neurashed.results.bootstrap import Bootstrap
from neurashed.results.grouping import group_by_classes
from neurashed.results.pairs import check_plain
from neurashed.results.summaries import summarize_pairs
from neurashed.typing import Statistic

__all__ = ["Strength", "elasticity_strength"]


@dataclass(frozen=True)
class Strength:
    """Strength of local elasticity, with its interval and what it is made of.

    Attributes:
        value: ``within / (within + between)``: 1 if only examples of the source's class move,
            0.5 if classes make no difference; NaN if nothing moves or a kind of pair is missing.
        low: Lower end of the bootstrap interval, NaN if there is none.
        high: Upper end.
        within: The statistic over pairs of one class, in the units of the result.
        between: The statistic over pairs of different classes.
        num_within: Pairs of one class that count.
        num_between: Pairs of different classes that count.
        num_undefined: Pairs left out because their value is not finite.
    """

    value: float
    low: float
    high: float
    within: float
    between: float
    num_within: int
    num_between: int
    num_undefined: int


def elasticity_strength(
    result: xr.DataArray,
    *,
    statistic: Statistic = "median",
    labels: Literal["label", "fine_label"] = "label",
    include_diagonal: bool = False,
    num_bootstrap: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> Strength:
    """Compare the responses of examples of the source's class with those of all others.

    The strength is ``within / (within + between)``, where both are the statistic of *magnitudes*
    |value| over all pairs of one class and over all pairs of different classes. For measures with
    a sign (``kernelized``, ``loss_change``, ``cosine``, ``tangent_kernel``) a probe thus counts as
    moved whichever way it moves. Multiplying a result by a number leaves the strength as it is.
    A result of more than 2²⁴ pairs is read block by block and never held, see `summarize_pairs`.

    Args:
        result: A result with dimensions source and probe, and labels for both.
        statistic: ``"median"``, ``"ratio_of_means"`` or ``"mean"``, see `class_table`.
        labels: Which labels make the classes.
        include_diagonal: Whether an example paired with itself (the same id) counts.
        num_bootstrap: Number of replicates, see `Bootstrap`; with 0 there is no interval.
        confidence: Share of replicates within the interval.
        seed: Seed of the bootstrap.

    Returns:
        The strength.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.arange(4), labels=np.array(["cat", "cat", "dog", "dog"]))
        >>> values = np.where(axis.labels[:, None] == axis.labels, 0.75, 0.25)
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="relative", units="1",
        ...                           provenance={})
        >>> elasticity_strength(result).value
        0.75

    References:
        The Local Elasticity of Neural Networks (He, Su, 2020), https://arxiv.org/abs/1910.06943
    """
    check_plain(result)
    bootstrap = Bootstrap(num_bootstrap, confidence, seed)
    grouping = group_by_classes(result, labels, include_diagonal=include_diagonal, only_same=True)
    summary = summarize_pairs(
        result, grouping, statistic=statistic, magnitudes=True, bootstrap=bootstrap
    )
    low, high = bootstrap.interval(_share_within(summary.replicates))
    has_interval = any(len(stratum) > 1 for stratum in grouping.population.strata())
    within, between = summary.values.tolist()
    num_within, num_between = summary.counts.tolist()
    return Strength(
        value=float(_share_within(summary.values)),
        low=float(low) if has_interval else float("nan"),
        high=float(high) if has_interval else float("nan"),
        within=within,
        between=between,
        num_within=num_within,
        num_between=num_between,
        num_undefined=int(summary.num_undefined.sum()),
    )


def _share_within(statistics: np.ndarray) -> np.ndarray:
    """Return within / (within + between) along the last axis."""
    within, between = statistics[..., 0], statistics[..., 1]
    # Scaled first: two large values may have no finite sum, and two tiny ones lose their digits.
    scale = np.maximum(within, between)
    shares = np.full(np.shape(within), np.nan)
    within = np.divide(within, scale, out=shares.copy(), where=scale > 0)
    between = np.divide(between, scale, out=shares.copy(), where=scale > 0)
    return np.asarray(within / (within + between))
