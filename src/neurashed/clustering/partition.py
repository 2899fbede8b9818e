"""From a similarity to clusters, by one of four methods."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans, SpectralClustering

from neurashed.clustering.affinity import (
    as_similarity,
    count_neighbors,
    mutual_choice_graph,
    nearest_neighbor_graph,
    normalize_similarity,
)
from neurashed.clustering.choices import (
    Evidence,
    Method,
    Normalize,
    ResultMethod,
    Undefined,
    check_choice,
)
from neurashed.clustering.eigenmaps import laplacian_eigenmaps
from neurashed.clustering.kernel_k_means import KernelKMeans
from neurashed.clustering.membership import measure_membership
from neurashed.clustering.num_clusters import NumClusters, choose_num_clusters
from neurashed.clustering.undefined import find_kept
from neurashed.errors import InputError, NeurashedWarning

__all__ = [
    "LEFT_OUT",
    "Clusters",
    "check_num_clusters",
    "cluster_features",
    "cluster_similarity",
    "number_by_size",
    "spread_clusters",
]

# The label of an example that was left out, as in scikit-learn.
LEFT_OUT = -1

_NUM_STARTS = 20

_RandomState = int | np.random.RandomState | None


@dataclass(frozen=True, eq=False)
class Clusters:
    """A partition of examples, the largest cluster first.

    Attributes:
        labels: Cluster of each example ``(example,)``, from 0; -1 for one that was left out.
        num_clusters: How many clusters there are; fewer than asked for where k-means finds too few
            examples that differ, of which scikit-learn warns.
        typicality: Mean similarity with the other members of the cluster ``(example,)``.
        margin: Typicality less the mean similarity with the best other cluster ``(example,)``.
        kept: Whether each example was clustered ``(example,)``; false where it was undefined.
        method: The method.
        normalize: The normalization; typicality and margin are in its units.
        num_neighbors: Neighbors of each example in the graph; None without a graph.
        evidence: Why there are so many clusters; None if the number was given.
    """

    labels: np.ndarray
    num_clusters: int
    typicality: np.ndarray
    margin: np.ndarray
    kept: np.ndarray
    method: ResultMethod
    normalize: Normalize
    num_neighbors: int | None
    evidence: NumClusters | None

    @property
    def sizes(self) -> np.ndarray:
        """Number of examples of each cluster ``(cluster,)``."""
        return np.bincount(self.labels[self.kept], minlength=self.num_clusters)


def cluster_similarity(
    similarity: np.ndarray,
    num_clusters: int | None = None,
    *,
    method: Method = "kernel_k_means",
    normalize: Normalize = "cosine",
    num_neighbors: int | None = None,
    evidence: Evidence = "eigengap",
    undefined: Undefined = "refuse",
    random_state: _RandomState = 0,
) -> Clusters:
    """Partition examples so that those of one cluster are similar.

    The similarity is symmetrized and normalized first, see `normalize_similarity`. Then

    * ``"kernel_k_means"`` takes it as a kernel, see `KernelKMeans`;
    * ``"k_means_on_rows"`` takes the row of each example as its features;
    * ``"spectral"`` cuts the graph of nearest neighbors, see `nearest_neighbor_graph`;
    * ``"eigenmaps"`` takes as features as many smooth functions on the graph of who chooses whom as
      there are clusters, see `laplacian_eigenmaps` and `mutual_choice_graph`.

    Args:
        similarity: Real numbers ``(example, example)``.
        num_clusters: How many clusters; None to choose by evidence, see `choose_num_clusters`.
        method: ``"kernel_k_means"``, ``"k_means_on_rows"``, ``"spectral"`` or ``"eigenmaps"``.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``.
        num_neighbors: Neighbors of each example in the graph, see `count_neighbors`.
        evidence: What chooses the number of clusters: ``"eigengap"`` or ``"silhouette"``.
        undefined: Whether examples without defined similarities are refused or left out.
        random_state: A seed or a generator.

    Returns:
        The clusters.

    Example:
        >>> similarity = np.kron(np.eye(2), np.ones((3, 3))) + 0.1
        >>> cluster_similarity(similarity, 2).labels
        array([0, 0, 0, 1, 1, 1])
    """
    check_choice(method, Method, what="method")
    check_choice(normalize, Normalize, what="normalize")
    check_choice(evidence, Evidence, what="evidence")
    values = as_similarity(similarity)
    kept = find_kept(values, undefined, needs_self=normalize == "cosine")
    values = normalize_similarity(values[np.ix_(kept, kept)], normalize)
    check_num_clusters(num_clusters, len(values))
    uses_graph = method in {"spectral", "eigenmaps"} or (
        num_clusters is None and evidence == "eigengap"
    )
    num_neighbors = _settle_num_neighbors(num_neighbors, len(values), is_used=uses_graph)
    chosen = None
    if num_clusters is None:
        chosen = choose_num_clusters(
            values, evidence=evidence, num_neighbors=num_neighbors, random_state=random_state
        )
        num_clusters = chosen.num_clusters
    found = _METHODS[method](values, num_clusters, num_neighbors, random_state)
    found = number_by_size(found)
    labels = np.full(len(kept), LEFT_OUT)
    labels[kept] = found
    typicality, margin = measure_membership(values, found)
    return Clusters(
        labels=labels,
        num_clusters=int(found.max()) + 1,
        typicality=_spread(typicality, kept),
        margin=_spread(margin, kept),
        kept=kept,
        method=method,
        normalize=normalize,
        num_neighbors=num_neighbors,
        evidence=chosen,
    )


def check_num_clusters(num_clusters: int | None, num_examples: int) -> None:
    """Check that so many examples can be put into so many clusters, None for a number to choose.

    Args:
        num_clusters: How many clusters.
        num_examples: How many examples.

    Raises:
        InputError: If they cannot.
    """
    if num_examples < 2:
        message = "there is 1 example with defined similarities; give at least 2 to cluster"
        raise InputError(message)
    if num_clusters is not None and num_clusters < 1:
        message = f"num_clusters is {num_clusters}; give at least 1, or None to choose by evidence"
        raise InputError(message)
    if num_clusters is not None and num_clusters > num_examples:
        message = (
            f"num_clusters is {num_clusters} and there are {num_examples} examples with defined "
            "similarities; give at most one cluster for each"
        )
        raise InputError(message)


def _settle_num_neighbors(
    num_neighbors: int | None, num_examples: int, *, is_used: bool
) -> int | None:
    if is_used:
        return count_neighbors(num_examples, num_neighbors)
    if num_neighbors is not None:
        message = (
            f"num_neighbors={num_neighbors} has no effect: this method uses no graph; "
            "choose method='spectral' or 'eigenmaps', or leave it out"
        )
        warnings.warn(message, NeurashedWarning, stacklevel=3)
    return None


def _by_kernel_k_means(
    similarity: np.ndarray, num_clusters: int, _: int | None, random_state: _RandomState
) -> np.ndarray:
    model = KernelKMeans(num_clusters, num_starts=_NUM_STARTS, random_state=random_state)
    return model.fit_predict(similarity)


def _by_k_means_on_rows(
    similarity: np.ndarray, num_clusters: int, _: int | None, random_state: _RandomState
) -> np.ndarray:
    # The type checker reads the default "auto" as the type.
    starts: Any = _NUM_STARTS
    model = KMeans(num_clusters, n_init=starts, random_state=random_state)
    return model.fit_predict(similarity)


def _by_cutting_the_graph(
    similarity: np.ndarray, num_clusters: int, num_neighbors: int | None, random_state: _RandomState
) -> np.ndarray:
    if num_clusters == len(similarity):
        # There are not as many eigenvectors to be had.
        return np.arange(num_clusters)
    graph = nearest_neighbor_graph(similarity, num_neighbors)
    _warn_of_pieces(graph, num_clusters, num_neighbors)
    model = SpectralClustering(
        num_clusters, affinity="precomputed", n_init=_NUM_STARTS, random_state=random_state
    )
    with warnings.catch_warnings():
        # As many pieces as clusters are the best case, not a reason to warn.
        warnings.filterwarnings("ignore", "Graph is not fully connected", UserWarning)
        return model.fit_predict(graph)


def _by_eigenmaps(
    similarity: np.ndarray, num_clusters: int, num_neighbors: int | None, random_state: _RandomState
) -> np.ndarray:
    if num_clusters == len(similarity):
        return np.arange(num_clusters)
    graph = mutual_choice_graph(similarity, num_neighbors)
    _warn_of_pieces(graph, num_clusters, num_neighbors)
    features = laplacian_eigenmaps(graph, num_clusters, random_state=random_state)
    return _by_k_means_on_rows(features, num_clusters, num_neighbors, random_state)


def _warn_of_pieces(graph: sparse.csr_array, num_clusters: int, num_neighbors: int | None) -> None:
    num_pieces = connected_components(graph, directed=False, return_labels=False)
    if num_pieces > num_clusters:
        message = (
            f"the graph with {num_neighbors} neighbors falls into {num_pieces} pieces and "
            f"{num_clusters} clusters are asked for, so pieces are joined at will; "
            "raise num_neighbors"
        )
        warnings.warn(message, NeurashedWarning, stacklevel=5)


_METHODS: dict[str, Callable[[np.ndarray, int, int | None, _RandomState], np.ndarray]] = {
    "kernel_k_means": _by_kernel_k_means,
    "k_means_on_rows": _by_k_means_on_rows,
    "spectral": _by_cutting_the_graph,
    "eigenmaps": _by_eigenmaps,
}


def number_by_size(labels: np.ndarray) -> np.ndarray:
    """Give the largest cluster the number 0, and of equal ones that of the first example."""
    _, firsts, numbers, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((firsts, -sizes))
    return np.argsort(order)[numbers]


def _spread(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    spread = np.full(len(kept), np.nan)
    spread[kept] = values
    return spread


def cluster_features(
    features: np.ndarray, num_clusters: int, random_state: _RandomState
) -> np.ndarray:
    """Return k-means clusters of features ``(example, feature)``, the largest first."""
    found = _by_k_means_on_rows(features, num_clusters, None, random_state)
    return number_by_size(found)


def spread_clusters(clusters: Clusters, kept: np.ndarray) -> Clusters:
    """Return clusters of all examples from those of the ones that are kept."""
    labels = np.full(len(kept), LEFT_OUT)
    labels[kept] = clusters.labels
    typicality, margin = _spread(clusters.typicality, kept), _spread(clusters.margin, kept)
    return replace(clusters, labels=labels, typicality=typicality, margin=margin, kept=kept)
