"""Which probes move most with a source, and an order that puts look-alikes side by side."""

import numpy as np
import xarray as xr
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import pdist

from neurashed.errors import InputError
from neurashed.results.blocks import is_large
from neurashed.results.pairs import check_plain, match_examples

__all__ = ["nearest_probes", "order_by_similarity"]

# Optimal leaf ordering takes time with the cube of the number of examples.
_MOST_LEAVES_TO_ORDER = 400


def nearest_probes(result: xr.DataArray, source_id: int | str, k: int = 8) -> xr.DataArray:
    """Return the probes that move most with a source.

    Probes are sorted by the magnitude of their value, largest first, and by their place in the
    result where that is the same. The source itself (the same id) and undefined values are left
    out.

    Args:
        result: A result with dimensions source and probe.
        source_id: Id of the source.
        k: How many probes to return, at most.

    Returns:
        Values ``(probe,)`` with their sign and all coordinates of the probes.

    Raises:
        InputError: If no source has this id, or k is below 1.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.arange(3))
        >>> values = np.array([[1, 0.2, 0.5], [0.2, 1, 0.1], [0.5, 0.1, 1]])
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="relative", units="1",
        ...                           provenance={})
        >>> nearest_probes(result, 0).probe.values
        array([2, 1])
    """
    check_plain(result)
    if k < 1:
        message = f"k is {k}; ask for at least 1 probe"
        raise InputError(message)
    places = np.nonzero(result.coords["source"].values == source_id)[0]
    if not len(places):
        message = f"no source has the id {source_id!r}; give one of result['source'].values"
        raise InputError(message)
    sources, probes = match_examples(result)
    row = result[int(places[0])]
    sizes = np.abs(row.values)
    order = np.argsort(-sizes, kind="stable")
    wanted = np.isfinite(sizes) & (probes != sources[places[0]])
    return row[order[wanted[order]][:k]]


def order_by_similarity(result: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Order sources and probes so that those with like values stand together.

    Average linkage on the cosine distance between rows (for probes, columns); leaves are turned
    so that neighbours are as alike as can be where there are at most 400 of them. If sources and
    probes are the same examples both follow one order. Undefined values count as 0.

    Args:
        result: A result with dimensions source and probe.

    Returns:
        Positions of the sources and positions of the probes, first to last.

    Raises:
        InputError: If the result has more than 2²⁴ pairs: all distances are needed at once.
    """
    check_plain(result)
    if is_large(result):
        message = (
            f"an order by similarity needs the distances of all {result.sizes['source']} sources "
            "at once; order a part of the result, such as draw_sample(result).result"
        )
        raise InputError(message)
    values = result.values.astype(np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    sources, probes = match_examples(result)
    if not np.array_equal(np.sort(sources), np.sort(probes)):
        return _order_rows(values), _order_rows(values.T)
    source_of_probe = np.argsort(sources)[np.searchsorted(np.sort(sources), probes)]
    square = values[:, np.argsort(source_of_probe)]
    order = _order_rows(np.hstack([square, square.T]))
    return order, np.argsort(source_of_probe)[order]


def _order_rows(rows: np.ndarray) -> np.ndarray:
    if len(rows) < 3:
        return np.arange(len(rows))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = rows / np.where(lengths > 0, lengths, 1.0)
    # Between unit vectors the squared distance is twice the cosine distance; zero rows have one.
    distances = pdist(directions, "sqeuclidean")
    tree = linkage(distances, "average")
    if len(rows) <= _MOST_LEAVES_TO_ORDER:
        tree = optimal_leaf_ordering(tree, distances)
    return leaves_list(tree).astype(np.int64)
