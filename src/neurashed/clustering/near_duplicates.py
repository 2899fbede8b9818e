"""The pairs of examples that move each other most."""

import numpy as np
import xarray as xr

from neurashed.clustering.mutual_blocks import MutualBlock, iterate_mutual_blocks
from neurashed.errors import InputError

__all__ = ["near_duplicates"]


def near_duplicates(result: xr.DataArray, count: int = 20) -> xr.Dataset:
    """Return the pairs with the highest mutual elasticity, ``√(S_ij S_ji / (S_ii S_jj))``.

    It is 1 for two examples that the network cannot tell apart, whatever the learning rate and
    the loss of either. Undefined pairs are left out. The result is read block by block, once, and
    may be larger than memory.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        count: How many pairs, at most.

    Returns:
        Along ``pair``, the highest first: the ids ``first`` and ``second``, ``mutual_elasticity``
        and, where the result has labels, ``first_label`` and ``second_label``. The attribute
        ``num_undefined`` counts the pairs left out.

    Raises:
        InputError: If count is below 1.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.array(["a", "b", "c"]))
        >>> values = np.array([[4, 2, 0.4], [2, 1, 0.1], [0.4, 0.1, 4]])
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="tangent_kernel",
        ...                           units="1", provenance={})
        >>> pairs = near_duplicates(result, 1)
        >>> pairs["first"].item(), pairs["second"].item()
        ('a', 'b')
        >>> round(pairs["mutual_elasticity"].item(), 6)
        1.0
    """
    if count < 1:
        message = f"count is {count}; ask for at least 1 pair"
        raise InputError(message)
    first, second, values, num_undefined = _find_best(result, count)
    ids = result["source"].to_numpy()
    columns = {"first": ids[first], "second": ids[second], "mutual_elasticity": values}
    if "source_label" in result.coords:
        labels = result["source_label"].to_numpy()
        columns |= {"first_label": labels[first], "second_label": labels[second]}
    return xr.Dataset(
        {name: ("pair", column) for name, column in columns.items()},
        attrs={
            "measure": result.attrs["measure"],
            "num_undefined": num_undefined,
            "provenance": result.attrs["provenance"],
        },
    )


def _find_best(result: xr.DataArray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return both members and the value of the best pairs, and how many pairs are undefined."""
    first, second, values = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    num_undefined = 0
    for block in iterate_mutual_blocks(result):
        is_pair = _find_pairs(block)
        num_undefined += int(np.count_nonzero(is_pair & np.isnan(block.values)))
        found = _find_largest(np.where(is_pair, block.values, np.nan), count, values)
        first = np.concatenate([first, found[0] + block.rows.start])
        second = np.concatenate([second, found[1] + block.columns.start])
        values = np.concatenate([values, block.values[found]])
        best = np.lexsort([second, first, -values])[:count]
        first, second, values = first[best], second[best], values[best]
    return first, second, values, num_undefined


def _find_pairs(block: MutualBlock) -> np.ndarray:
    """Return where each pair of two sources stands once."""
    is_pair = np.ones(block.values.shape, dtype=bool)
    return np.triu(is_pair, k=1) if block.rows == block.columns else is_pair


def _find_largest(values: np.ndarray, count: int, known: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return where values stand that may be among the largest, beside those that are known."""
    defined = values[~np.isnan(values)]
    bar = known[-1] if len(known) == count else -np.inf
    if len(defined) > count:
        bar = max(bar, np.partition(defined, -count)[-count])
    return np.nonzero(values >= bar)
