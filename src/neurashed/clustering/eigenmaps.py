"""Coordinates of examples in which those that a graph joins lie close together."""

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.csgraph import laplacian
from scipy.sparse.linalg import aslinearoperator, eigsh
from sklearn.utils import check_random_state

__all__ = ["laplacian_eigenmaps"]

# Up to this many examples all eigenvectors of a dense matrix cost less than a second.
_MOST_DENSE = 1_000


def laplacian_eigenmaps(
    graph: sparse.csr_array,
    num_coordinates: int,
    *,
    random_state: int | np.random.RandomState | None = None,
) -> np.ndarray:
    """Return the smoothest functions on a graph after the constant one, each at unit variance.

    They are the generalized eigenvectors of ``L v = λ D v`` for the smallest eigenvalues, where
    ``D`` holds the degrees and ``L = D − W``. The constant one, which tells nothing apart, is left
    out.

    Args:
        graph: Weights ``(example, example)``, symmetric, not negative.
        num_coordinates: How many, at most the number of examples less one.
        random_state: Where the iteration starts; a seed or a generator.

    Returns:
        Coordinates ``(example, coordinate)``, the smoothest first.

    Example:
        >>> chain = sparse.csr_array(np.diag([1.0, 0.1, 1.0], 1) + np.diag([1.0, 0.1, 1.0], -1))
        >>> side = laplacian_eigenmaps(chain, 1)[:, 0] > 0
        >>> bool((side == side[0]).tolist() == [True, True, False, False])
        True

    References:
        Laplacian Eigenmaps for Dimensionality Reduction and Data Representation
        (Mikhail Belkin and Partha Niyogi, 2003), https://doi.org/10.1162/089976603321780317
    """
    normalized, roots = laplacian(graph, normed=True, return_diag=True)
    num_examples = len(roots)
    constant = roots / np.linalg.norm(roots)
    if num_examples <= _MOST_DENSE:
        # Lifted above all others, the constant function is left out even of a graph in pieces.
        lifted = normalized.toarray() + 3 * np.outer(constant, constant)
        _, vectors = eigh(lifted, subset_by_index=(0, num_coordinates - 1))
    else:
        # The smallest of L are the largest of 2 − L, which the iteration finds fastest.
        flipped = aslinearoperator(2 * sparse.eye_array(num_examples) - normalized)
        lift = aslinearoperator(constant[:, None]) @ aslinearoperator(3 * constant[None, :])
        start = check_random_state(random_state).uniform(-1, 1, num_examples)
        values, vectors = eigsh(flipped - lift, num_coordinates, v0=start, which="LA")
        vectors = vectors[:, np.argsort(-values)]
    coordinates = vectors / roots[:, None]
    spread = coordinates.std(axis=0)
    return coordinates / np.where(spread > 0, spread, 1.0)
