"""How the numbers of a repeated run differ from those of the first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

__all__ = ["Comparison", "compare_numbers", "compare_results"]


@dataclass(frozen=True)
class Comparison:
    """How a result differs from the one it repeats.

    Attributes:
        is_identical: Whether both have the same numbers, bit for bit.
        largest_difference: Largest absolute difference of two values, in the result's units; NaN
            if different pairs are undefined or the examples are not the same.
    """

    is_identical: bool
    largest_difference: float


def compare_results(old: xr.DataArray, new: xr.DataArray) -> Comparison:
    """Compare the numbers of two results, their ids and self-responses included.

    Args:
        old: The result to be repeated.
        new: The repetition.

    Returns:
        Whether they are the same, and how far apart.
    """
    if not all(_has_same_ids(old, new, axis) for axis in ("source", "probe")):
        return Comparison(is_identical=False, largest_difference=np.nan)
    pairs = [(old.to_numpy(), new.to_numpy())]
    if "self_response" in old.coords:
        pairs.append((old["self_response"].to_numpy(), new["self_response"].to_numpy()))
    is_identical = all(_has_same_bits(*pair) for pair in pairs)
    return Comparison(is_identical, _largest_difference(*pairs[0]))


def compare_numbers(old: Any, new: Any) -> Comparison:  # noqa: ANN401
    """Compare two nested records, such as JSON holds them, with arrays as further leaves.

    Args:
        old: Dicts, lists, arrays, numbers, strings and None.
        new: The same of the repetition.

    Returns:
        Whether they are the same, and how far apart the numbers are; NaN if something else differs
        than numbers.
    """
    ours, theirs = dict(_list_leaves(old)), dict(_list_leaves(new))
    if ours.keys() != theirs.keys():
        return Comparison(is_identical=False, largest_difference=np.nan)
    found = [
        _compare_leaves(np.asarray(value), np.asarray(theirs[name])) for name, value in ours.items()
    ]
    return Comparison(
        is_identical=all(each.is_identical for each in found),
        largest_difference=float(np.max([each.largest_difference for each in found], initial=0.0)),
    )


def _compare_leaves(old: np.ndarray, new: np.ndarray) -> Comparison:
    if old.dtype.kind in "fiu" and new.dtype.kind in "fiu" and old.shape == new.shape:
        return Comparison(_has_same_bits(old, new), _largest_difference(old, new))
    is_identical = np.array_equal(old, new)
    return Comparison(is_identical, 0.0 if is_identical else np.nan)


def _list_leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield what is in nested dicts and lists, by the path to it."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _list_leaves(value, f"{name}/{key}")
    elif isinstance(tree, list | tuple):
        for place, value in enumerate(tree):
            yield from _list_leaves(value, f"{name}/{place}")
    else:
        yield name, tree


def _has_same_ids(old: xr.DataArray, new: xr.DataArray, axis: str) -> bool:
    return np.array_equal(old[axis].to_numpy(), new[axis].to_numpy())


def _has_same_bits(old: np.ndarray, new: np.ndarray) -> bool:
    # NaN stands for undefined here; which of the many NaNs it is says nothing.
    return old.dtype == new.dtype and np.array_equal(old, new, equal_nan=True)


def _largest_difference(old: np.ndarray, new: np.ndarray) -> float:
    if not np.array_equal(np.isnan(old), np.isnan(new)):
        return np.nan
    # Two that are both undefined, or infinite alike, do not differ.
    differs = (old != new) & ~np.isnan(old)
    return float(np.nanmax(np.abs(old[differs] - new[differs]), initial=0.0))
