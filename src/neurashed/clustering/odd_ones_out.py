"""The examples that move with another class than their own."""

import numpy as np
import xarray as xr

from neurashed.clustering.affinity import count_neighbors, nearest_neighbors
from neurashed.clustering.square import read_mutual_elasticity, source_coordinates
from neurashed.errors import InputError

__all__ = ["odd_ones_out"]


def odd_ones_out(
    result: xr.DataArray,
    labels: np.ndarray | None = None,
    *,
    num_neighbors: int | None = None,
) -> xr.Dataset:
    """Score each source by how much it moves with a class that is not its own.

    The sources that share most mutual elasticity ``M`` with it (see `read_mutual_elasticity`) vote
    for their class, each with ``max(M, 0)``. The score is the share of votes for the best other
    class less the share for its own: 1 where all neighbors are of one other class, −1 where all
    are of its own, above 0 where the label is probably wrong.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        labels: Class of each source ``(source,)``; the labels of the result if None.
        num_neighbors: How many sources vote; None for ``⌈log₂ n⌉``.

    Returns:
        Along ``source``, in the order of the result: ``score``, ``own_share`` of the votes, the
        ``suggested_label`` of the best other class and its ``suggested_share``. A source without
        votes has NaN and the suggestion ``""``.

    Raises:
        InputError: If there are no labels, or they do not fit, or all are the same.

    Example:
        >>> from neurashed.results import AxisLabels, label_elasticity
        >>> axis = AxisLabels(ids=np.arange(6), labels=np.array(list("aaabbb")))
        >>> values = np.full((6, 6), 0.1)
        >>> values[:2, :2] = values[2:, 2:] = 0.9  # the last "a" moves with the "b"
        >>> np.fill_diagonal(values, 1)
        >>> result = label_elasticity(values, sources=axis, probes=axis, name="relative", units="1",
        ...                           provenance={})
        >>> odd = odd_ones_out(result)
        >>> odd["score"].values.round(2)
        array([-0.82, -0.82,  1.  , -0.33, -0.33, -0.33])
        >>> odd["suggested_label"].values[2].item()
        'b'
    """
    mutual = read_mutual_elasticity(result)
    labels = _read_labels(result, labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        message = (
            f"all {len(labels)} sources have the label {classes[0]!s}; give at least 2 classes"
        )
        raise InputError(message)
    neighbors = nearest_neighbors(mutual, count_neighbors(len(mutual), num_neighbors))
    weights = np.take_along_axis(mutual, neighbors, axis=1)
    weights = np.where(np.isnan(weights), 0.0, np.maximum(weights, 0.0))
    is_of_class = numbers[neighbors][..., None] == np.arange(len(classes))
    votes = (weights[..., None] * is_of_class).sum(axis=1)
    total = votes.sum(axis=1, keepdims=True)
    shares = np.divide(votes, total, out=np.full(votes.shape, np.nan), where=total > 0)
    each = np.arange(len(labels))
    own = shares[each, numbers]
    others = shares.copy()
    others[each, numbers] = -np.inf
    best = others.argmax(axis=1)
    has_votes = total[:, 0] > 0
    best_share = np.where(has_votes, others[each, best], np.nan)
    return xr.Dataset(
        {
            "score": ("source", best_share - own),
            "own_share": ("source", own),
            "suggested_label": ("source", np.where(has_votes, classes[best].astype(str), "")),
            "suggested_share": ("source", best_share),
        },
        coords=source_coordinates(result),
        attrs={
            "measure": result.attrs["measure"],
            "num_neighbors": neighbors.shape[1],
            "provenance": result.attrs["provenance"],
        },
    )


def _read_labels(result: xr.DataArray, labels: np.ndarray | None) -> np.ndarray:
    if labels is None and "source_label" not in result.coords:
        message = "the result has no labels; pass labels, one for each source"
        raise InputError(message)
    labels = result["source_label"].to_numpy() if labels is None else np.asarray(labels)
    if labels.shape != (result.sizes["source"],):
        message = (
            f"labels have shape {labels.shape} and the result has {result.sizes['source']} "
            "sources; give one label for each"
        )
        raise InputError(message)
    return labels
