"""Clusters of more examples than a matrix of all their similarities would fit in memory."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans

from neurashed.clustering.affinity import count_neighbors
from neurashed.clustering.choices import (
    Evidence,
    Normalize,
    Undefined,
    check_choice,
)
from neurashed.clustering.eigenmaps import laplacian_eigenmaps
from neurashed.clustering.landmarks import landmark_features
from neurashed.clustering.membership import membership_from_sums
from neurashed.clustering.num_clusters import NumClusters, choose_num_clusters, eigengaps
from neurashed.clustering.partition import LEFT_OUT, Clusters, check_num_clusters, number_by_size
from neurashed.clustering.undefined import refuse_undefined
from neurashed.errors import InputError, NeurashedWarning
from neurashed.results import find_selves

__all__ = ["cluster_by_landmarks", "cluster_top_probes"]

_NUM_STARTS = 20
_MOST_CANDIDATES = 10


def cluster_by_landmarks(
    result: xr.DataArray,
    num_clusters: int | None = None,
    *,
    num_landmarks: int = 500,
    normalize: Normalize = "cosine",
    evidence: Evidence = "eigengap",
    undefined: Undefined = "refuse",
    sign: int = 1,
    random_state: int = 0,
) -> tuple[Clusters, dict[str, Any]]:
    """Cluster by k-means on features that come from similarities with landmarks.

    That is kernel k-means for the kernel ``C W⁻¹ Cᵀ`` of `landmark_features`, in time and memory
    proportional to the number of examples. The number of clusters is chosen among the landmarks.

    Args:
        result: A result of any size in which every source is also a probe.
        num_clusters: How many clusters; None to choose by evidence.
        num_landmarks: How many examples are landmarks, at most.
        normalize: What is done with sizes and the mean.
        evidence: What chooses the number of clusters.
        undefined: Whether examples with undefined similarities are refused or left out.
        sign: -1 if what is smallest is most alike.
        random_state: A seed.

    Returns:
        The clusters, and what else is to be known of how they were found.
    """
    check_choice(normalize, Normalize, what="normalize")
    check_choice(evidence, Evidence, what="evidence")
    found = landmark_features(
        result,
        min(num_landmarks, result.sizes["source"]),
        normalize=normalize,
        undefined=undefined,
        sign=sign,
        random_state=random_state,
    )
    check_num_clusters(num_clusters, len(found.features))
    chosen = None
    if num_clusters is None:
        among = found.features[found.landmarks]
        chosen = choose_num_clusters(among @ among.T, evidence=evidence, random_state=random_state)
        num_clusters = chosen.num_clusters
    labels = _k_means(found.features, num_clusters, random_state)
    members = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
    sums = found.features @ (found.features.T @ members)
    own = (found.features**2).sum(axis=1)
    typicality, margin = membership_from_sums(sums, own, labels)
    clusters = Clusters(
        labels=labels,
        num_clusters=int(labels.max()) + 1,
        typicality=typicality,
        margin=margin,
        kept=np.ones(len(labels), dtype=bool),
        method="nystrom",
        normalize=normalize,
        num_neighbors=None,
        evidence=chosen,
    )
    return _spread(clusters, found.kept), {
        "num_landmarks": len(found.landmarks),
        "num_features": found.features.shape[1],
        "negative_share": found.negative_share,
    }


def cluster_top_probes(
    top: xr.Dataset,
    num_clusters: int | None = None,
    *,
    num_neighbors: int | None = None,
    undefined: Undefined = "refuse",
    sign: int = 1,
    random_state: int = 0,
) -> Clusters:
    """Cluster by eigenmaps on the graph that joins each source with its top probes.

    The weight of two examples is 1 where each is among the nearest of the other, and ½ where only
    one is, as in `mutual_choice_graph`; here an example chooses by what moves most with it, not by
    a cosine. Probes that move the other way are not chosen.

    Args:
        top: Top probes of sources, of which the sources among them count.
        num_clusters: How many clusters; None to choose by the eigengap of the graph.
        num_neighbors: How many probes each source chooses; None for ``⌈log₂ n⌉``, or as many as
            there are if they are fewer.
        undefined: Whether sources that neither choose nor are chosen are refused or left out.
        sign: -1 if what is smallest is most alike.
        random_state: A seed.

    Returns:
        The clusters. Typicality is the share of an example's links
        that lie in its cluster, and the margin that less the share in the best other cluster.

    Raises:
        InputError: If more neighbors are asked for than top probes are kept.
    """
    num_kept = top.sizes["rank"]
    if num_neighbors is not None and num_neighbors > num_kept:
        message = (
            f"num_neighbors is {num_neighbors} and {num_kept} top probes of each source are kept; "
            f"give at most {num_kept}, or keep more"
        )
        raise InputError(message)
    if num_neighbors is None:
        num_neighbors = min(num_kept, count_neighbors(top.sizes["source"]))
    graph = _choice_graph(top, num_neighbors, sign)
    kept = graph.sum(axis=1) > 0
    refuse_undefined(kept, undefined)
    graph = graph[kept][:, kept]
    num_examples = int(kept.sum())
    check_num_clusters(num_clusters, num_examples)
    chosen = None
    if num_clusters is None:
        chosen = _choose_by_graph(graph, num_examples, random_state)
        num_clusters = chosen.num_clusters
    _warn_of_pieces(graph, num_clusters, num_neighbors)
    features = laplacian_eigenmaps(graph, num_clusters, random_state=random_state)
    labels = _k_means(features, num_clusters, random_state)
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
        normalize="none",
        num_neighbors=num_neighbors,
        evidence=chosen,
    )
    return _spread(clusters, kept)


def _choice_graph(top: xr.Dataset, num_neighbors: int, sign: int) -> sparse.csr_array:
    source_at = find_selves(top["probe"].to_numpy(), top["source"].to_numpy())
    places = top["place"].to_numpy()
    sources = np.where(places >= 0, source_at[places], -1)
    is_chosen = (sources >= 0) & (sign * np.nan_to_num(top["value"].to_numpy()) > 0)
    is_chosen &= np.cumsum(is_chosen, axis=1) <= num_neighbors
    rows = np.nonzero(is_chosen)[0].astype(np.int32)
    columns = sources[is_chosen].astype(np.int32)
    shape = (len(places), len(places))
    directed = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    return ((directed + directed.T) / 2).tocsr()


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
            "keep more top probes and raise num_neighbors"
        )
        warnings.warn(message, NeurashedWarning, stacklevel=4)


def _k_means(features: np.ndarray, num_clusters: int, random_state: int) -> np.ndarray:
    # The type checker reads the default "auto" as the type.
    starts: Any = _NUM_STARTS
    model = KMeans(num_clusters, n_init=starts, random_state=random_state)
    return number_by_size(model.fit_predict(features))


def _share_inside(shares: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = shares[np.arange(len(labels)), labels]
    if shares.shape[1] == 1:
        return inside, np.full(len(labels), np.nan)
    np.put_along_axis(shares, labels[:, None], -np.inf, axis=1)
    return inside, inside - shares.max(axis=1)


def _spread(clusters: Clusters, kept: np.ndarray) -> Clusters:
    """Return clusters of all examples from those of the ones that are kept."""
    labels = np.full(len(kept), LEFT_OUT)
    labels[kept] = clusters.labels
    typicality, margin = np.full((2, len(kept)), np.nan)
    typicality[kept], margin[kept] = clusters.typicality, clusters.margin
    return replace(clusters, labels=labels, typicality=typicality, margin=margin, kept=kept)
