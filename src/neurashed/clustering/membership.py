"""How well each example fits its cluster."""

import numpy as np

__all__ = ["measure_membership", "membership_from_sums"]


def measure_membership(similarity: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how typical each example is of its cluster, and by how much it belongs there.

    Typicality is the mean similarity with the other members of the own cluster. The margin is the
    typicality minus the mean similarity with the members of the best other cluster: small where an
    example is ambiguous, negative where it moves more with another cluster.

    Args:
        similarity: Finite numbers ``(example, example)``, symmetric.
        labels: Cluster of each example ``(example,)``, from 0 without gaps.

    Returns:
        Typicality and margin ``(example,)`` in the units of the similarity; NaN for the only
        member of a cluster, and the margin also where there is a single cluster.

    Example:
        >>> similarity = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
        >>> typicality, margin = measure_membership(similarity, np.array([0, 0, 1]))
        >>> typicality
        array([0.9, 0.9, nan])
        >>> margin.round(3)
        array([0.8, 0.7, nan])
    """
    members = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float64)
    return membership_from_sums(similarity @ members, np.diag(similarity), labels)


def membership_from_sums(
    sums: np.ndarray, own: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `measure_membership` does, from sums over the members of each cluster.

    Args:
        sums: Sum of the similarities of each example ``(example, cluster)``, itself included.
        own: Similarity of each example with itself, as it is in the sums ``(example,)``.
        labels: Cluster of each example ``(example,)``.

    Returns:
        Typicality and margin ``(example,)``.
    """
    num_clusters = sums.shape[1]
    each = np.arange(len(labels))
    sizes = np.bincount(labels)
    num_others = sizes[labels] - 1
    typicality = np.full(len(labels), np.nan)
    inside = sums[each, labels] - own
    np.divide(inside, num_others, out=typicality, where=num_others > 0)
    if num_clusters == 1:
        return typicality, np.full(len(labels), np.nan)
    outside = sums / sizes
    outside[each, labels] = -np.inf
    return typicality, typicality - outside.max(axis=1)
