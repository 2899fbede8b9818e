"""Similarities with a known partition, and the best partition found by looking at all."""

from itertools import product

import numpy as np


def grouped_similarity(
    sizes: tuple[int, ...] = (12, 8), *, noise: float = 0.2, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return a positive semi-definite similarity of shuffled groups, and the group of each."""
    generator = np.random.default_rng(seed)
    groups = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    features = np.eye(len(sizes))[groups]
    features = np.hstack([features, noise * generator.normal(size=(len(groups), 5))])
    return features @ features.T, groups


def random_kernel(num_examples: int, *, rank: int = 4, seed: int = 0) -> np.ndarray:
    """Return a positive semi-definite matrix of low rank, with no groups in it."""
    features = np.random.default_rng(seed).normal(size=(num_examples, rank))
    return features @ features.T


def indefinite_kernel(num_examples: int, *, seed: int = 0) -> np.ndarray:
    """Return a symmetric matrix with eigenvalues of both signs."""
    values = np.random.default_rng(seed).normal(size=(num_examples, num_examples))
    return (values + values.T) / 2


def partition_objective(kernel: np.ndarray, labels: np.ndarray) -> float:
    """Return the objective of kernel k-means, straight from its definition."""
    total = 0.0
    for cluster in set(labels.tolist()):
        members = np.flatnonzero(labels == cluster)
        block = kernel[np.ix_(members, members)]
        total += np.trace(block) - block.sum() / len(members)
    return float(total)


def best_objective(kernel: np.ndarray, num_clusters: int) -> float:
    """Return the least objective of all partitions into clusters that are not empty."""
    return min(
        partition_objective(kernel, np.array(labels))
        for labels in product(range(num_clusters), repeat=len(kernel))
        if len(set(labels)) == num_clusters
    )


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two labellings are the same up to the names of the clusters."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))
