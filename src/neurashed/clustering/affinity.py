"""From a similarity as it was measured to one that can be clustered."""

import math

import numpy as np
from scipy import sparse

from neurashed.clustering.choices import Normalize, check_choice
from neurashed.errors import InputError, InputTypeError

__all__ = [
    "as_similarity",
    "count_neighbors",
    "mutual_choice_graph",
    "nearest_neighbor_graph",
    "nearest_neighbors",
    "normalize_similarity",
    "symmetrize",
]


def as_similarity(similarity: np.ndarray) -> np.ndarray:
    """Return a similarity in float64 after checking its form; values may be undefined.

    Args:
        similarity: Real numbers ``(example, example)``.

    Returns:
        The same numbers in float64.

    Raises:
        InputError: If it is not square or has no examples.
        InputTypeError: If it does not hold real numbers.
    """
    array = np.asarray(similarity)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not len(array):
        message = (
            f"the similarity has shape {array.shape}; give a square array with one row and one "
            "column for each of at least one example"
        )
        raise InputError(message)
    if array.dtype.kind not in "fiub":
        message = f"the similarity has dtype {array.dtype}; give real numbers"
        raise InputTypeError(message)
    return array.astype(np.float64)


def symmetrize(similarity: np.ndarray) -> np.ndarray:
    """Return the mean of a similarity and its transpose, ``(S + Sᵀ) / 2``.

    Args:
        similarity: Real numbers ``(example, example)``.

    Returns:
        A symmetric array in float64.

    Example:
        >>> symmetrize(np.array([[1.0, 0.2], [0.4, 1.0]])).round(3)
        array([[1. , 0.3],
               [0.3, 1. ]])
    """
    values = as_similarity(similarity)
    return values / 2 + values.T / 2


def normalize_similarity(similarity: np.ndarray, normalize: Normalize = "none") -> np.ndarray:
    """Symmetrize a similarity and take sizes, the mean, or both out of it.

    ``"cosine"`` divides by sizes, ``S_ij / √(S_ii S_jj)``. ``"center"`` moves the origin to the
    mean of all examples, ``H S H`` with ``H = I − 11ᵀ/n``. ``"center_cosine"`` does first the
    second and then the first.

    Args:
        similarity: Real numbers ``(example, example)``, all finite.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``.

    Returns:
        A symmetric array in float64; with a cosine, ones on its diagonal.

    Raises:
        InputError: If a cosine is asked for and an example has no positive similarity with itself,
            or a value is not finite.

    Example:
        >>> normalize_similarity(np.array([[4.0, 1.0], [1.0, 1.0]]), "cosine")
        array([[1. , 0.5],
               [0.5, 1. ]])
    """
    check_choice(normalize, Normalize, what="normalize")
    values = symmetrize(similarity)
    if not np.isfinite(values).all():
        message = (
            f"{int((~np.isfinite(values)).sum())} of {values.size} values of the similarity are "
            "not finite; leave those examples out"
        )
        raise InputError(message)
    if normalize in {"center", "center_cosine"}:
        means = values.mean(axis=0)
        values = values - means - means[:, None] + means.mean()
    return _divide_by_sizes(values) if normalize in {"cosine", "center_cosine"} else values


def _divide_by_sizes(values: np.ndarray) -> np.ndarray:
    own = np.diag(values)
    # Centering leaves rounding where an example sits at the mean: that is no size either.
    too_small = own <= np.finfo(np.float64).eps * np.abs(own).max()
    if too_small.any():
        place = int(too_small.argmax())
        message = (
            f"{int(too_small.sum())} of {len(own)} examples have no positive similarity with "
            f"themselves (the one at {place} has {own[place]:.3g}), so there is no cosine; leave "
            "them out or choose normalize='none'"
        )
        raise InputError(message)
    sizes = np.sqrt(own)
    values = values / np.outer(sizes, sizes)
    np.fill_diagonal(values, 1.0)
    return values


def count_neighbors(num_examples: int, num_neighbors: int | None = None) -> int:
    """Return how many neighbors each example has in a graph: by default ``⌈log₂ n⌉``.

    That is the order below which a graph of nearest neighbors falls apart into pieces.

    Args:
        num_examples: How many examples there are, n.
        num_neighbors: What the user asked for; None for the rule.

    Returns:
        A number from 1 to n − 1.

    Raises:
        InputError: If the number asked for is out of this range, or there is a single example.

    Example:
        >>> count_neighbors(1000)
        10

    References:
        A Tutorial on Spectral Clustering (von Luxburg, 2007), section 8,
        https://arxiv.org/abs/0711.0189
    """
    if num_examples < 2:
        message = f"{num_examples} example has no neighbors; give at least 2"
        raise InputError(message)
    if num_neighbors is None:
        return min(num_examples - 1, math.ceil(math.log2(num_examples)))
    if not 1 <= num_neighbors < num_examples:
        message = (
            f"num_neighbors is {num_neighbors} and there are {num_examples} examples; "
            f"give 1 to {num_examples - 1}"
        )
        raise InputError(message)
    return num_neighbors


def nearest_neighbors(similarity: np.ndarray, num_neighbors: int) -> np.ndarray:
    """Return the most similar other examples of each example.

    Args:
        similarity: Numbers ``(example, example)``; NaN is less similar than all else.
        num_neighbors: How many.

    Returns:
        Positions ``(example, neighbor)``, the most similar first; those at the same similarity in
        the order of the examples.
    """
    distances = np.where(np.isnan(similarity), np.inf, -similarity)
    # NaN sorts after all numbers: an example is never its own neighbor.
    np.fill_diagonal(distances, np.nan)
    return np.argsort(distances, axis=1, kind="stable")[:, :num_neighbors]


def nearest_neighbor_graph(
    similarity: np.ndarray, num_neighbors: int | None = None
) -> sparse.csr_array:
    """Return the graph that joins each example with the examples most similar to it.

    Two examples are joined if either is among the nearest neighbors of the other. The weight is
    their similarity, or 0 where that is negative.

    Args:
        similarity: Finite numbers ``(example, example)``; symmetrized first.
        num_neighbors: Neighbors of each example; see `count_neighbors` for None.

    Returns:
        Weights ``(example, example)``, symmetric, not negative, 0 on the diagonal.

    Example:
        >>> similarity = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
        >>> nearest_neighbor_graph(similarity, 1).toarray()
        array([[0. , 0.9, 0. ],
               [0.9, 0. , 0.2],
               [0. , 0.2, 0. ]])
    """
    values, (rows, columns) = _find_neighbors(similarity, num_neighbors)
    weights = np.maximum(values[rows, columns], 0.0)
    directed = sparse.csr_array((weights, (rows, columns)), shape=values.shape)
    graph = directed.maximum(directed.T).tocsr()
    graph.eliminate_zeros()
    return graph


def mutual_choice_graph(
    similarity: np.ndarray, num_neighbors: int | None = None
) -> sparse.csr_array:
    """Return the graph that counts who chooses whom among its nearest neighbors.

    The weight is 1 where two examples choose each other, and ½ where only one does. Sizes of
    similarities play no part, so examples in dense and in thin places are treated alike.

    Args:
        similarity: Finite numbers ``(example, example)``; symmetrized first.
        num_neighbors: Neighbors of each example; see `count_neighbors` for None.

    Returns:
        Weights ``(example, example)``, symmetric, 0 on the diagonal.

    Example:
        >>> similarity = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
        >>> mutual_choice_graph(similarity, 1).toarray()
        array([[0. , 1. , 0. ],
               [1. , 0. , 0.5],
               [0. , 0.5, 0. ]])
    """
    values, (rows, columns) = _find_neighbors(similarity, num_neighbors)
    directed = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=values.shape)
    return ((directed + directed.T) / 2).tocsr()


def _find_neighbors(
    similarity: np.ndarray, num_neighbors: int | None
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the symmetrized similarity, and each example with each of its nearest neighbors."""
    values = normalize_similarity(similarity)
    num_neighbors = count_neighbors(len(values), num_neighbors)
    # scikit-learn takes no graph with larger indices.
    columns = nearest_neighbors(values, num_neighbors).ravel().astype(np.int32)
    rows = np.repeat(np.arange(len(values), dtype=np.int32), num_neighbors)
    return values, (rows, columns)
