"""Kernel k-means on a symmetric matrix: starts, rounds of reassignment, single moves.

Legend: K kernel ``(i, j)``, i and j examples, k cluster.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["KernelPartition", "settle", "spread_start"]


@dataclass(frozen=True, eq=False)
class KernelPartition:
    """A partition that no reassignment and no single move improves, or the last one reached.

    Attributes:
        labels: Cluster of each example ``(example,)``.
        objectives: The objective at the start, after each round and after all single moves.
        num_rounds: Rounds of reassignment.
        is_settled: Whether nothing was left to improve when the last allowed step was taken.
    """

    labels: np.ndarray
    objectives: tuple[float, ...]
    num_rounds: int
    is_settled: bool

    @property
    def objective(self) -> float:
        """Sum over examples of the squared distance to the mean of their cluster."""
        return self.objectives[-1]


def spread_start(
    kernel: np.ndarray, num_clusters: int, generator: np.random.RandomState
) -> np.ndarray:
    """Assign examples to the nearest of centers that are drawn far from each other (k-means++).

    The first center is any example; each next one is drawn with a probability proportional to the
    squared distance to the nearest center so far, ``K_ii + K_jj − 2 K_ij``.

    Args:
        kernel: A symmetric matrix ``(example, example)``.
        num_clusters: How many centers.
        generator: Where chance comes from.

    Returns:
        Cluster of each example ``(example,)``; none is empty.

    References:
        k-means++: The Advantages of Careful Seeding (Arthur, Vassilvitskii, 2007),
        https://dl.acm.org/doi/10.5555/1283383.1283494
    """
    own = np.diag(kernel)
    distances = np.empty((len(kernel), num_clusters))
    is_center = np.zeros(len(kernel), dtype=bool)
    odds = np.ones(len(kernel))
    for cluster in range(num_clusters):
        # All that is left may sit at a center, or the kernel may have no true distances.
        odds = odds if odds.sum() > 0 else (~is_center).astype(float)
        center = generator.choice(len(kernel), p=odds / odds.sum())
        is_center[center] = True
        distances[:, cluster] = own + own[center] - 2 * kernel[center]
        odds = np.where(is_center, 0.0, np.maximum(distances[:, : cluster + 1].min(axis=1), 0.0))
    return _fill_empty(distances.argmin(axis=1), distances)


def settle(
    kernel: np.ndarray, labels: np.ndarray, num_clusters: int, *, max_rounds: int, tolerance: float
) -> KernelPartition:
    """Improve a partition until nothing improves it further.

    Rounds of reassignment come first: every example goes to the nearest mean. They stop early
    where a cluster's mean is held by its own members (each is a share of it), so then single moves
    follow: one example at a time changes its cluster, whichever lowers the objective most. A step
    that does not lower the objective is not taken, whatever the matrix.

    Args:
        kernel: A symmetric matrix ``(example, example)``.
        labels: Where to start ``(example,)``, with no cluster empty.
        num_clusters: How many clusters.
        max_rounds: Rounds of reassignment, at most; and of as many single moves as examples.
        tolerance: Smallest step of the objective that counts, as a share of the largest ``|K_ij|``.

    Returns:
        The partition reached.

    References:
        Kernel k-means, Spectral Clustering and Normalized Cuts (Dhillon, Guan, Kulis, 2004),
        https://doi.org/10.1145/1014052.1014118; single moves: Iterative Clustering of High
        Dimensional Text Data Augmented by Local Search (Dhillon, Guan, Kogan, 2002),
        https://doi.org/10.1109/ICDM.2002.1183895
    """
    least_step = tolerance * np.abs(kernel).max()
    distances = _distances(kernel, labels, num_clusters)
    objectives = [_own_distances(distances, labels).sum()]
    num_rounds = 0
    while num_rounds < max_rounds:
        num_rounds += 1
        proposed = _fill_empty(distances.argmin(axis=1), distances)
        new_distances = _distances(kernel, proposed, num_clusters)
        objective = _own_distances(new_distances, proposed).sum()
        if not objective < objectives[-1] - least_step:
            break
        labels, distances = proposed, new_distances
        objectives.append(objective)
    max_moves = max_rounds * len(kernel)
    moved, num_moves = _move_singly(kernel, labels, num_clusters, max_moves, least_step)
    if num_moves:
        distances = _distances(kernel, moved, num_clusters)
        objectives.append(_own_distances(distances, moved).sum())
    return KernelPartition(
        labels=moved,
        objectives=tuple(float(one) for one in objectives),
        num_rounds=num_rounds,
        is_settled=num_moves < max_moves,
    )


def _distances(kernel: np.ndarray, labels: np.ndarray, num_clusters: int) -> np.ndarray:
    """Return squared distances to means, ``K_ii − 2/|k| Σ_{j∈k} K_ij + 1/|k|² Σ_{j,l∈k} K_jl``."""
    members = _members(labels, num_clusters)
    sizes = members.sum(axis=0)
    sums = kernel @ members
    within = (members * sums).sum(axis=0)
    return np.diag(kernel)[:, None] - 2 * sums / sizes + within / sizes**2


def _members(labels: np.ndarray, num_clusters: int) -> np.ndarray:
    return (labels[:, None] == np.arange(num_clusters)).astype(np.float64)


def _own_distances(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return distances[np.arange(len(labels)), labels]


def _fill_empty(labels: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Give each empty cluster the example farthest from its own mean that another can spare."""
    sizes = np.bincount(labels, minlength=distances.shape[1])
    own = _own_distances(distances, labels)
    for cluster in np.flatnonzero(sizes == 0):
        worst = np.where(sizes[labels] > 1, own, -np.inf).argmax()
        sizes[labels[worst]] -= 1
        sizes[cluster] = 1
        labels[worst] = cluster
    return labels


def _move_singly(
    kernel: np.ndarray, labels: np.ndarray, num_clusters: int, max_moves: int, least_gain: float
) -> tuple[np.ndarray, int]:
    """Move one example at a time, the one that gains most; return labels and number of moves."""
    # The objective is Σ_i K_ii − Σ_k W_k/|k| with W_k = Σ_{j,l∈k} K_jl (`within`), so a move gains
    # what it adds to Σ_k W_k/|k|.
    labels, own = labels.copy(), np.diag(kernel)
    members = _members(labels, num_clusters)
    sizes, sums = members.sum(axis=0), kernel @ members
    within, each = (members * sums).sum(axis=0), np.arange(len(labels))
    for num_moves in range(max_moves):
        leave = _loss_of_leaving(sums[each, labels], own, within[labels], sizes[labels])
        join = (within + 2 * sums + own[:, None]) / (sizes + 1) - within / sizes
        gains = join - leave[:, None]
        gains[each, labels] = -np.inf
        example, cluster = np.unravel_index(gains.argmax(), gains.shape)
        if not gains[example, cluster] > least_gain:
            return labels, num_moves
        former = labels[example]
        within[former] += own[example] - 2 * sums[example, former]
        within[cluster] += own[example] + 2 * sums[example, cluster]
        sums[:, former] -= kernel[example]
        sums[:, cluster] += kernel[example]
        sizes[former] -= 1
        sizes[cluster] += 1
        labels[example] = cluster
    return labels, max_moves


def _loss_of_leaving(
    sums: np.ndarray, own: np.ndarray, within: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """Return what ``Σ_k W_k/|k|`` loses when each example leaves; the last one stays."""
    rest = (within - 2 * sums + own) / np.maximum(sizes - 1, 1)
    return np.where(sizes > 1, within / sizes - rest, np.inf)
