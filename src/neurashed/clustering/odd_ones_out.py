"""The examples that move with another class than their own."""

from typing import Any, Literal

import numpy as np
import xarray as xr

from neurashed.clustering.affinity import count_neighbors, nearest_neighbors
from neurashed.clustering.choices import check_choice
from neurashed.clustering.held_out import RIDGE, held_out_votes
from neurashed.clustering.mutual_blocks import iterate_mutual_blocks, nearest_in_blocks
from neurashed.clustering.square import read_mutual_elasticity, read_square, source_coordinates
from neurashed.errors import InputError
from neurashed.results import is_large

__all__ = ["VotesOf", "odd_ones_out"]

VotesOf = Literal["neighbors", "held_out"]

# An inverse of this size takes 20 s on one core and 3 GB.
_MOST_HELD_OUT = 10_000


def odd_ones_out(
    result: xr.DataArray,
    labels: np.ndarray | None = None,
    *,
    votes_of: VotesOf | None = None,
    num_neighbors: int | None = None,
    ridge: float = RIDGE,
    num_folds: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Score each source by how much it moves with a class that is not its own.

    The other sources vote for their class. The score is the vote for the best other class less the
    vote for its own; above 0 the label may be wrong.

    - ``"neighbors"``, for results of any kind: the k sources that share most mutual elasticity
      ``M`` with it (see `read_mutual_elasticity`) vote, each with ``max(M, 0) / k``. The score is 1
      where the network cannot tell the source from k sources of one other class, −1 where it
      cannot from k of its own.
    - ``"held_out"``, for tangent kernels: all others vote, each with the weight that kernel ridge
      regression without the source gives it (see `held_out_predictions`). It finds more wrong
      labels, and takes time in proportion to the cube of the number of sources.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        labels: Class of each source ``(source,)``; the labels of the result if None.
        votes_of: Who votes; if None ``"held_out"`` for a tangent kernel of up to 10,000 sources,
            and ``"neighbors"`` for everything else.
        num_neighbors: How many neighbors vote; None for ``⌈log₂ n⌉``.
        ridge: Ridge of the regression, in units of a source's kernel with itself.
        num_folds: In how many folds sources are held out; None for one source at a time.
        seed: Seed of the folds.

    Returns:
        Along ``source``, in the order of the result: ``score``, the ``own_vote``, the
        ``suggested_label`` of the best other class and its ``suggested_vote``. A source without
        votes has NaN; one without votes for another class has the suggestion ``""``. Votes of
        ``"held_out"`` are around the mean of all classes.

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
    votes_of = _choose_votes(result) if votes_of is None else votes_of
    check_choice(votes_of, VotesOf, what="votes_of")
    labels = _read_labels(result, labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        message = (
            f"all {len(labels)} sources have the label {classes[0]!s}; give at least 2 classes"
        )
        raise InputError(message)
    settings: dict[str, Any] = {"votes_of": votes_of}
    if votes_of == "held_out":
        settings |= {"ridge": ridge, "num_folds": num_folds, "seed": seed}
        votes = _count_held_out(read_square(result), numbers, ridge, num_folds, seed)
    else:
        num_neighbors = count_neighbors(len(labels), num_neighbors)
        settings["num_neighbors"] = num_neighbors
        count_votes = _count_votes_by_blocks if is_large(result) else _count_votes
        votes = count_votes(result, numbers, num_neighbors)
    odd = _compare_votes(votes, numbers, classes)
    return odd.assign_coords(source_coordinates(result)).assign_attrs(
        measure=result.attrs["measure"], **settings, provenance=result.attrs["provenance"]
    )


def _choose_votes(result: xr.DataArray) -> VotesOf:
    # Held-out votes are of a regression, for which only a kernel will do.
    is_kernel = result.attrs.get("measure") == "tangent_kernel"
    return "held_out" if is_kernel and result.sizes["source"] <= _MOST_HELD_OUT else "neighbors"


def _compare_votes(votes: np.ndarray, numbers: np.ndarray, classes: np.ndarray) -> xr.Dataset:
    """Return the votes ``(source, class)`` for each source's own and its best other class."""
    own = np.take_along_axis(votes, numbers[:, None], axis=1)[:, 0]
    others = votes.copy()
    np.put_along_axis(others, numbers[:, None], -np.inf, axis=1)
    best, best_vote = others.argmax(axis=1), others.max(axis=1)
    has_votes = np.maximum(own, best_vote) > 0
    return xr.Dataset({
        "score": ("source", np.where(has_votes, best_vote - own, np.nan)),
        "own_vote": ("source", np.where(has_votes, own, np.nan)),
        "suggested_label": ("source", np.where(best_vote > 0, classes[best].astype(str), "")),
        "suggested_vote": ("source", np.where(has_votes, best_vote, np.nan)),
    })


def _count_held_out(
    kernel: np.ndarray, classes: np.ndarray, ridge: float, num_folds: int | None, seed: int
) -> np.ndarray:
    """Return held-out votes ``(source, class)``; a source that moves nothing has none."""
    own = np.diag(kernel)
    is_still = own <= np.finfo(np.float64).eps * np.abs(own).max()
    votes = np.zeros((len(kernel), classes.max() + 1))
    if is_still.all():
        return votes
    present, numbers = np.unique(classes[~is_still], return_inverse=True)
    among = kernel[np.ix_(~is_still, ~is_still)]
    found = held_out_votes(among, numbers, ridge=ridge, num_folds=num_folds, seed=seed)
    votes[np.ix_(~is_still, present)] = found
    return votes


def _count_votes(result: xr.DataArray, classes: np.ndarray, num_neighbors: int) -> np.ndarray:
    """Return the mean vote of the nearest neighbors for each class ``(source, class)``."""
    mutual = read_mutual_elasticity(result)
    neighbors = nearest_neighbors(mutual, num_neighbors)
    weights = np.take_along_axis(mutual, neighbors, axis=1)
    weights = np.where(weights > 0, weights, 0.0)
    is_of_class = classes[neighbors][..., None] == np.arange(classes.max() + 1)
    return (weights[..., None] * is_of_class).mean(axis=1)


def _count_votes_by_blocks(
    result: xr.DataArray, classes: np.ndarray, num_neighbors: int
) -> np.ndarray:
    """Return the same of a result that does not fit in memory, with weights in float32."""
    num_sources = len(classes)
    # Neighbors that move the other way have no vote, so they may be anyone.
    blocks = iterate_mutual_blocks(result)
    weights, neighbors = nearest_in_blocks(blocks, num_sources, num_neighbors)
    votes = np.zeros((num_sources, classes.max() + 1))
    np.add.at(votes, (np.arange(num_sources)[:, None], classes[neighbors]), np.nan_to_num(weights))
    return votes / num_neighbors


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
