"""How many clusters there are, with the evidence."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.csgraph import laplacian
from scipy.sparse.linalg import eigsh
from sklearn.metrics import silhouette_score
from sklearn.utils import check_random_state

from neurashed.clustering.affinity import nearest_neighbor_graph, normalize_similarity
from neurashed.clustering.choices import Evidence, check_choice
from neurashed.clustering.kernel_k_means import KernelKMeans, least_shift
from neurashed.errors import InputError

__all__ = ["NumClusters", "choose_num_clusters", "eigengaps"]

# Up to this many examples some eigenvalues of a dense matrix cost seconds.
_MOST_DENSE = 4_000


@dataclass(frozen=True, eq=False)
class NumClusters:
    """A number of clusters and why it was chosen.

    Attributes:
        num_clusters: The number.
        candidates: The numbers that were considered ``(candidate,)``.
        values: How much speaks for each ``(candidate,)``; the largest won.
        evidence: ``"eigengap"`` or ``"silhouette"``.
    """

    num_clusters: int
    candidates: np.ndarray
    values: np.ndarray
    evidence: Evidence


def choose_num_clusters(
    similarity: np.ndarray,
    *,
    largest: int = 10,
    evidence: Evidence = "eigengap",
    num_neighbors: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> NumClusters:
    """Choose how many clusters there are, from 2 up.

    ``"eigengap"`` takes the graph of nearest neighbors and looks at how far the eigenvalue
    ``λ_{k+1}`` of its normalized Laplacian lies above ``λ_k``: k clusters that hardly touch make k
    small eigenvalues. ``"silhouette"`` partitions by kernel k-means into each number of clusters
    and takes the mean silhouette under the kernel's own distance ``√(S_ii + S_jj − 2 S_ij)``.

    Neither can say that there are no clusters at all. Look at the values: a winner that hardly
    stands out is no finding.

    Args:
        similarity: Finite numbers ``(example, example)``, normalized as they will be clustered.
        largest: Largest number considered; no more than there are examples less one.
        evidence: ``"eigengap"`` or ``"silhouette"``.
        num_neighbors: Neighbors in the graph, see `count_neighbors`; a silhouette needs none.
        random_state: A seed or generator for the partitions that a silhouette needs.

    Returns:
        The number and the evidence; of equal values the smallest number wins.

    Raises:
        InputError: If no number can be considered.

    Example:
        >>> blocks = np.kron(np.eye(3), np.ones((4, 4)))
        >>> choose_num_clusters(blocks).num_clusters
        3

    References:
        A Tutorial on Spectral Clustering (von Luxburg, 2007), section 8.3,
        https://arxiv.org/abs/0711.0189; Silhouettes (Rousseeuw, 1987),
        https://doi.org/10.1016/0377-0427(87)90125-7
    """
    check_choice(evidence, Evidence, what="evidence")
    values = normalize_similarity(similarity)
    largest = min(largest, len(values) - 1)
    if largest < 2:
        message = (
            f"there is no number of clusters to choose, with {len(values)} examples and at most "
            f"{largest} clusters; give at least 3 examples and largest=2"
        )
        raise InputError(message)
    if evidence == "eigengap":
        graph = nearest_neighbor_graph(values, num_neighbors)
        weights = eigengaps(graph, largest, random_state=random_state)
    else:
        weights = _silhouettes(values, largest, random_state)
    return NumClusters(
        num_clusters=2 + int(weights.argmax()),
        candidates=np.arange(2, largest + 1),
        values=weights,
        evidence=evidence,
    )


def eigengaps(
    graph: sparse.csr_array,
    largest: int,
    *,
    random_state: int | np.random.RandomState | None = None,
) -> np.ndarray:
    """Return how far apart the eigenvalues of a graph's normalized Laplacian are.

    Args:
        graph: Weights ``(example, example)``, symmetric, not negative.
        largest: Largest number of clusters considered.
        random_state: Where the iteration starts that a graph of many examples needs.

    Returns:
        ``λ_{k+1} − λ_k`` for k from 2 to the largest number.
    """
    normalized, roots = laplacian(graph, normed=True, return_diag=True)
    num_examples = len(roots)
    if num_examples <= _MOST_DENSE:
        eigenvalues = eigh(normalized.toarray(), eigvals_only=True, subset_by_index=(0, largest))
    else:
        # The smallest of L are the largest of 2 − L, which the iteration finds fastest.
        flipped = 2 * sparse.eye_array(num_examples) - normalized
        start = check_random_state(random_state).uniform(-1, 1, num_examples)
        found, _ = eigsh(flipped, largest + 1, v0=start, which="LA")
        eigenvalues = np.sort(2 - found)
    # Rounding, so that a gap of nothing is never a winner.
    return np.diff(eigenvalues[1:].round(10))


def _silhouettes(
    similarity: np.ndarray, largest: int, random_state: int | np.random.RandomState | None
) -> np.ndarray:
    generator = check_random_state(random_state)
    # The partition is the same for every shift; squared distances must not be negative.
    own = np.diag(similarity) + least_shift(similarity)
    squares = np.maximum(own + own[:, None] - 2 * similarity, 0.0)
    np.fill_diagonal(squares, 0.0)
    distances = np.sqrt(squares)
    return np.array([
        silhouette_score(
            distances,
            KernelKMeans(number, random_state=generator).fit_predict(similarity),
            metric="precomputed",
        )
        for number in range(2, largest + 1)
    ])
