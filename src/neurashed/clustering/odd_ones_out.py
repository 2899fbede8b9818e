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

    The k sources that share most mutual elasticity ``M`` with it (see `read_mutual_elasticity`)
    vote for their class, each with ``max(M, 0) / k``. The score is the vote for the best other
    class less the vote for its own: 1 where the network cannot tell the source from k sources of
    one other class, −1 where it cannot from k of its own, above 0 where the label may be wrong.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        labels: Class of each source ``(source,)``; the labels of the result if None.
        num_neighbors: How many sources vote; None for ``⌈log₂ n⌉``.

    Returns:
        Along ``source``, in the order of the result: ``score``, the ``own_vote``, the
        ``suggested_label`` of the best other class and its ``suggested_vote``. A source without
        votes has NaN; one without votes for another class has the suggestion ``""``.

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
        array([-0.3, -0.3,  0.9, -0.3, -0.3, -0.3])
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
    num_neighbors = count_neighbors(len(mutual), num_neighbors)
    votes = _count_votes(mutual, numbers, num_neighbors)
    own = np.take_along_axis(votes, numbers[:, None], axis=1)[:, 0]
    np.put_along_axis(votes, numbers[:, None], -np.inf, axis=1)
    best, best_vote = votes.argmax(axis=1), votes.max(axis=1)
    has_votes = np.maximum(own, best_vote) > 0
    return xr.Dataset(
        {
            "score": ("source", np.where(has_votes, best_vote - own, np.nan)),
            "own_vote": ("source", np.where(has_votes, own, np.nan)),
            "suggested_label": ("source", np.where(best_vote > 0, classes[best].astype(str), "")),
            "suggested_vote": ("source", np.where(has_votes, best_vote, np.nan)),
        },
        coords=source_coordinates(result),
        attrs={
            "measure": result.attrs["measure"],
            "num_neighbors": num_neighbors,
            "provenance": result.attrs["provenance"],
        },
    )


def _count_votes(mutual: np.ndarray, classes: np.ndarray, num_neighbors: int) -> np.ndarray:
    """Return the mean vote of the nearest neighbors for each class ``(source, class)``."""
    neighbors = nearest_neighbors(mutual, num_neighbors)
    weights = np.take_along_axis(mutual, neighbors, axis=1)
    weights = np.where(weights > 0, weights, 0.0)
    is_of_class = classes[neighbors][..., None] == np.arange(classes.max() + 1)
    return (weights[..., None] * is_of_class).mean(axis=1)


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
