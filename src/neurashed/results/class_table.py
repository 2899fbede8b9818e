"""From pairs of examples to pairs of classes."""

from typing import Literal

import xarray as xr

from neurashed.results.bootstrap import Bootstrap
from neurashed.results.class_sums import label_class_table
from neurashed.results.grouping import group_by_classes
from neurashed.results.pairs import check_plain
from neurashed.results.summaries import summarize_pairs
from neurashed.typing import Statistic

__all__ = ["class_table"]


def class_table(
    result: xr.DataArray,
    *,
    statistic: Statistic = "median",
    labels: Literal["label", "fine_label"] = "label",
    include_diagonal: bool = False,
    num_bootstrap: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Summarize a result for each pair of a source class and a probe class.

    ``mean`` and ``median`` are those of the values, with their sign. ``ratio_of_means`` is
    Σ |value|·self_response / Σ self_response, for ratio measures the sum of all responses over the
    sum of all self-responses. Values that are not finite are left out and counted.

    A result of more than 2²⁴ pairs is read block by block and never held, see `summarize_pairs`.

    Intervals are percentile intervals of a bootstrap over examples, see `Bootstrap`. Where a class
    has a single example nothing can be said about its variation, and they are NaN.

    Args:
        result: A result with dimensions source and probe.
        statistic: ``"median"``, ``"ratio_of_means"`` or ``"mean"``.
        labels: Which labels make the classes.
        include_diagonal: Whether an example paired with itself (the same id) counts.
        num_bootstrap: Number of replicates; with 0 all ends are NaN.
        confidence: Share of replicates within the interval.
        seed: Seed of the bootstrap.

    Returns:
        ``value``, ``low``, ``high``, ``count`` (pairs that count) and ``num_undefined`` (pairs left
        out because they are not finite), each ``(source_class, probe_class)``.

    Example:
        >>> import numpy as np
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.arange(4), labels=np.array(["cat", "cat", "dog", "dog"]))
        >>> values = np.array([[1, 0.8, 0.1, 0.3], [0.6, 1, 0.2, 0.2],
        ...                    [0.1, 0.1, 1, 0.4], [0.3, 0.1, 0.5, 1]])
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="relative", units="1",
        ...                           provenance={})
        >>> class_table(result)["value"].sel(source_class="cat").values
        array([0.7, 0.2])
    """
    check_plain(result)
    bootstrap = Bootstrap(num_bootstrap, confidence, seed)
    grouping = group_by_classes(result, labels, include_diagonal=include_diagonal)
    summary = summarize_pairs(
        result, grouping, statistic=statistic, magnitudes=False, bootstrap=bootstrap
    )
    low, high = bootstrap.interval(summary.replicates)
    cells = {
        "value": summary.values,
        "low": low,
        "high": high,
        "count": summary.counts,
        "num_undefined": summary.num_undefined,
    }
    return label_class_table(
        {name: cell.reshape(grouping.groups.shape) for name, cell in cells.items()},
        (grouping.source_classes, grouping.probe_classes),
        (grouping.source_index, grouping.probe_index),
        about={name: result.attrs[name] for name in ("measure", "units", "long_name")},
    ).assign_attrs(
        statistic=statistic,
        labels=labels,
        include_diagonal=include_diagonal,
        num_bootstrap=num_bootstrap,
        confidence=confidence,
        seed=seed,
    )
