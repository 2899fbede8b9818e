"""Clusters by eigenmaps on a graph of nearest neighbors that is found without a whole matrix."""

import warnings
from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from neurashed.clustering.affinity import count_neighbors
from neurashed.clustering.choices import Normalize, Undefined
from neurashed.clustering.eigenmaps import laplacian_eigenmaps
from neurashed.clustering.mutual_blocks import iterate_similarity_blocks, nearest_in_blocks
from neurashed.clustering.num_clusters import NumClusters, eigengaps
from neurashed.clustering.partition import (
    Clusters,
    check_num_clusters,
    cluster_features,
    spread_clusters,
)
from neurashed.clustering.undefined import refuse_undefined
from neurashed.errors import InputError, NeurashedWarning
from neurashed.results import find_selves

__all__ = ["cluster_nearest", "cluster_top_probes"]

_MOST_CANDIDATES = 10
# Measures by which every source does 1 to itself, so that each value is a cosine as it stands.
_IN_OWN_UNITS = {"cosine", "relative"}


def cluster_nearest(
    result: xr.DataArray,
    num_clusters: int | None = None,
    *,
    normalize: Normalize = "cosine",
    num_neighbors: int | None = None,
    undefined: Undefined = "refuse",
    sign: int = 1,
    random_state: int = 0,
) -> Clusters:
    """Cluster by eigenmaps on the graph that joins each source with those most similar to it.

    That is the method ``"eigenmaps"`` for a result of any size: similarities are the mean of both
    directions, by default as a cosine, and are read block by block. The weight of two examples is 1
    where each is among the nearest of the other, and ½ where only one is, as in
    `mutual_choice_graph`. An example whose similarity is not above 0 is not chosen.

    Args:
        result: A result of any size in which every source is also a probe.
        num_clusters: How many clusters; None to choose by the eigengap of the graph.
        normalize: ``"cosine"`` or ``"none"``.
        num_neighbors: How many others each source chooses; None for ``⌈log₂ n⌉``.
        undefined: Whether sources that neither choose nor are chosen are refused or left out.
        sign: -1 if what is smallest is most alike.
        random_state: A seed.

    Returns:
        The clusters. Typicality is the share of an example's links that lie in its cluster, and the
        margin that less the share in the best other cluster.
    """
    _check_normalize(normalize)
    num_sources = result.sizes["source"]
    num_neighbors = count_neighbors(num_sources, num_neighbors)
    blocks = iterate_similarity_blocks(result, is_cosine=normalize == "cosine", sign=sign)
    similarities, places = nearest_in_blocks(blocks, num_sources, num_neighbors)
    graph = _join(np.where(np.nan_to_num(similarities) > 0, places, -1))
    settings = {"normalize": normalize, "num_neighbors": num_neighbors}
    return _cluster_graph(graph, num_clusters, undefined, random_state, settings)


def cluster_top_probes(
    top: xr.Dataset,
    num_clusters: int | None = None,
    *,
    normalize: Normalize = "cosine",
    num_neighbors: int | None = None,
    undefined: Undefined = "refuse",
    sign: int = 1,
    random_state: int = 0,
) -> Clusters:
    """Cluster by eigenmaps on the graph that joins each source with its top probes.

    It is the graph of `cluster_nearest`, from what was kept of each source. Top probes do not say
    what a source does to itself, so there is a cosine only where that is 1, by the measures
    ``cosine`` and ``relative``. Of the others ``normalize="none"`` takes the values as they are: a
    probe with large gradients is then chosen by many.

    Args:
        top: Top probes of sources, of which the sources among them count.
        num_clusters: How many clusters; None to choose by the eigengap of the graph.
        normalize: ``"cosine"`` or ``"none"``.
        num_neighbors: How many probes each source chooses; None for ``⌈log₂ n⌉``, or as many as
            there are if they are fewer.
        undefined: Whether sources that neither choose nor are chosen are refused or left out.
        sign: -1 if what is smallest is most alike.
        random_state: A seed.

    Returns:
        The clusters, see `cluster_nearest`.

    Raises:
        InputError: If there is no cosine, or more neighbors are asked for than were kept.
    """
    _check_normalize(normalize)
    measure = top.attrs["measure"]
    if normalize == "cosine" and measure not in _IN_OWN_UNITS:
        message = (
            f"top probes of {measure} do not say what a source does to itself, so there is no "
            "cosine; measure cosine, give the whole result, or choose normalize='none', by which "
            "probes with large gradients are chosen by many"
        )
        raise InputError(message)
    num_kept = top.sizes["rank"]
    if num_neighbors is not None and num_neighbors > num_kept:
        message = (
            f"num_neighbors is {num_neighbors} and {num_kept} top probes of each source are kept; "
            f"give at most {num_kept}, or keep more"
        )
        raise InputError(message)
    if num_neighbors is None:
        num_neighbors = min(num_kept, count_neighbors(top.sizes["source"]))
    graph = _join(_choose_sources(top, num_neighbors, sign))
    settings = {"normalize": normalize, "num_neighbors": num_neighbors}
    return _cluster_graph(graph, num_clusters, undefined, random_state, settings)


def _check_normalize(normalize: str) -> None:
    if normalize not in {"cosine", "none"}:
        message = (
            f"normalize is {normalize!r}, and method 'top_k_graph' knows no mean of all examples; "
            "use 'cosine' or 'none'"
        )
        raise InputError(message)


def _choose_sources(top: xr.Dataset, num_neighbors: int, sign: int) -> np.ndarray:
    """Return the sources among the first top probes ``(source, rank)``, -1 where there is none."""
    source_at = find_selves(top["probe"].to_numpy(), top["source"].to_numpy())
    places = top["place"].to_numpy()
    sources = np.where(places >= 0, source_at[places], -1)
    is_chosen = (sources >= 0) & (sign * np.nan_to_num(top["value"].to_numpy()) > 0)
    is_chosen &= np.cumsum(is_chosen, axis=1) <= num_neighbors
    return np.where(is_chosen, sources, -1)


def _join(chosen: np.ndarray) -> sparse.csr_array:
    """Return the graph of who chooses whom, from places ``(source, rank)``, -1 for nobody."""
    rows, ranks = np.nonzero(chosen >= 0)
    ends = (rows.astype(np.int32), chosen[rows, ranks].astype(np.int32))
    shape = (len(chosen), len(chosen))
    directed = sparse.csr_array((np.ones(len(rows)), ends), shape=shape)
    return ((directed + directed.T) / 2).tocsr()


def _cluster_graph(
    graph: sparse.csr_array,
    num_clusters: int | None,
    undefined: Undefined,
    random_state: int,
    settings: dict[str, Any],
) -> Clusters:
    kept = graph.sum(axis=1) > 0
    refuse_undefined(kept, undefined)
    graph = graph[kept][:, kept]
    num_examples = int(kept.sum())
    check_num_clusters(num_clusters, num_examples)
    chosen = None
    if num_clusters is None:
        chosen = _choose_by_graph(graph, num_examples, random_state)
        num_clusters = chosen.num_clusters
    _warn_of_pieces(graph, num_clusters, settings["num_neighbors"])
    features = laplacian_eigenmaps(graph, num_clusters, random_state=random_state)
    labels = cluster_features(features, num_clusters, random_state)
    members = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
    shares = (graph @ members) / graph.sum(axis=1)[:, None]
    typicality, margin = _share_inside(shares, labels)
    clusters = Clusters(
        labels=labels,
        num_clusters=int(labels.max()) + 1,
        typicality=typicality,
        margin=margin,
        kept=np.ones(len(labels), dtype=bool),
        method="top_k_graph",
        evidence=chosen,
        **settings,
    )
    return spread_clusters(clusters, kept)


def _choose_by_graph(graph: sparse.csr_array, num_examples: int, random_state: int) -> NumClusters:
    largest = min(_MOST_CANDIDATES, num_examples - 2)
    if largest < 2:
        message = f"there are {num_examples} examples, too few to choose a number of clusters"
        raise InputError(message)
    weights = eigengaps(graph, largest, random_state=random_state)
    return NumClusters(
        num_clusters=2 + int(weights.argmax()),
        candidates=np.arange(2, largest + 1),
        values=weights,
        evidence="eigengap",
    )


def _warn_of_pieces(graph: sparse.csr_array, num_clusters: int, num_neighbors: int) -> None:
    num_pieces = connected_components(graph, directed=False, return_labels=False)
    if num_pieces > num_clusters:
        message = (
            f"the graph with {num_neighbors} neighbors falls into {num_pieces} pieces and "
            f"{num_clusters} clusters are asked for, so pieces are joined at will; "
            "raise num_neighbors, of top probes after keeping more"
        )
        warnings.warn(message, NeurashedWarning, stacklevel=5)


def _share_inside(shares: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = shares[np.arange(len(labels)), labels]
    if shares.shape[1] == 1:
        return inside, np.full(len(labels), np.nan)
    np.put_along_axis(shares, labels[:, None], -np.inf, axis=1)
    return inside, inside - shares.max(axis=1)
