"""Kernel k-means as a scikit-learn estimator."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from neurashed.clustering.affinity import symmetrize
from neurashed.clustering.kernel_means import KernelPartition, settle, spread_start
from neurashed.errors import InputError

__all__ = ["KernelKMeans", "least_shift"]


class KernelKMeans(ClusterMixin, BaseEstimator):
    """Clusters examples so that each is near the mean of its cluster, as a kernel sees it.

    It minimizes ``Σ_i ‖φ(x_i) − mean of φ over the cluster of i‖²``, which needs inner products
    ``K_ij = φ(x_i)·φ(x_j)`` only. Each start is spread out as in k-means++; rounds of reassignment
    and then moves of single examples improve it until nothing does. The best start is kept.

    A matrix that is not positive semi-definite has no ``φ``. The objective is still defined by
    ``K``, no step raises it, and the best partition is the same for every shift of the diagonal;
    with ``shift=True`` distances are true ones, none is negative, and so is the objective.

    Args:
        num_clusters: How many clusters.
        kernel: ``"precomputed"`` if X is the kernel (its symmetric part counts); a name that
            `sklearn.metrics.pairwise.pairwise_kernels` knows, such as ``"linear"`` or ``"rbf"``;
            or a function of ``(X, X)`` that returns the kernel.
        num_starts: How many starts.
        max_iterations: Rounds of reassignment from each start, at most.
        shift: Whether the least eigenvalue, where negative, is taken off the diagonal.
        tolerance: Smallest step of the objective that counts, as a share of the largest ``|K_ij|``.
        random_state: A seed, a `numpy.random.RandomState`, or None for other starts in each fit.

    Attributes:
        labels_: Cluster of each example ``(example,)``, from 0; no cluster is empty.
        objective_: What is minimized, at the labels, in the units of the kernel.
        objectives_: The same from the best start on, after every round; it never rises.
        n_iter_: Rounds of reassignment from the best start.
        shift_: What was added to the diagonal.
        n_features_in_: Number of columns of X.

    Example:
        >>> kernel = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
        >>> model = KernelKMeans(2, random_state=0).fit(kernel)
        >>> bool(model.labels_[0] == model.labels_[1] != model.labels_[2])
        True
        >>> round(model.objective_, 3)
        0.1

    References:
        Kernel k-means, Spectral Clustering and Normalized Cuts (Dhillon, Guan, Kulis, 2004),
        https://doi.org/10.1145/1014052.1014118; the shift: Optimal Cluster Preserving Embedding of
        Nonmetric Proximity Data (Roth, Laub, Kawanabe, Buhmann, 2003),
        https://doi.org/10.1109/TPAMI.2003.1251147
    """

    labels_: np.ndarray
    objective_: float
    objectives_: tuple[float, ...]
    n_iter_: int
    shift_: float
    n_features_in_: int

    def __init__(
        self,
        num_clusters: int = 2,
        *,
        kernel: str | Callable[[np.ndarray, np.ndarray], np.ndarray] = "precomputed",
        num_starts: int = 20,
        max_iterations: int = 100,
        shift: bool = False,
        tolerance: float = 1e-8,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        """Keep the settings; they are checked in `fit`."""
        self.num_clusters = num_clusters
        self.kernel = kernel
        self.num_starts = num_starts
        self.max_iterations = max_iterations
        self.shift = shift
        self.tolerance = tolerance
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> "KernelKMeans":  # noqa: ANN401, ARG002
        """Find the clusters.

        Args:
            X: The kernel ``(example, example)`` or features ``(example, feature)``.
            y: Ignored; scikit-learn passes it.

        Returns:
            The estimator.

        Raises:
            InputError: If X or a setting cannot be used; scikit-learn's own check of X raises
                `ValueError`.
        """
        self._check_settings()
        # One example cannot be told from another, so there is nothing to cluster.
        array = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        kernel = self._compute_kernel(np.asarray(array))
        if self.num_clusters > len(kernel):
            message = (
                f"num_clusters is {self.num_clusters} and there are {len(kernel)} examples; "
                "give at most one cluster for each example"
            )
            raise InputError(message)
        self.shift_ = least_shift(kernel) if self.shift else 0.0
        kernel[np.diag_indices_from(kernel)] += self.shift_
        best = self._find_best(kernel)
        self.labels_ = best.labels.astype(np.int64)
        self.objective_ = best.objective
        self.objectives_ = best.objectives
        self.n_iter_ = best.num_rounds
        return self

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        """Tell scikit-learn that rows and columns of a precomputed kernel are both examples."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = isinstance(self.kernel, str) and self.kernel == "precomputed"
        return tags

    def _check_settings(self) -> None:
        for name in ("num_clusters", "num_starts", "max_iterations"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                message = f"{name} is {value!r}; give a whole number of at least 1"
                raise InputError(message)
        if not self.tolerance >= 0:
            message = f"tolerance is {self.tolerance}; give 0 or more"
            raise InputError(message)

    def _compute_kernel(self, array: np.ndarray) -> np.ndarray:
        if callable(self.kernel):
            return symmetrize(self.kernel(array, array))
        if self.kernel == "precomputed":
            return symmetrize(array)
        try:
            return symmetrize(pairwise_kernels(array, metric=self.kernel))
        except ValueError as error:
            message = f"kernel is {self.kernel!r}, which cannot be computed: {error}"
            raise InputError(message) from error

    def _find_best(self, kernel: np.ndarray) -> KernelPartition:
        generator = check_random_state(self.random_state)
        partitions = [
            settle(
                kernel,
                spread_start(kernel, self.num_clusters, generator),
                self.num_clusters,
                max_rounds=self.max_iterations,
                tolerance=self.tolerance,
            )
            for _ in range(self.num_starts)
        ]
        best = min(partitions, key=lambda partition: partition.objective)
        if not best.is_settled:
            message = (
                f"the clusters still changed after {self.max_iterations} rounds; "
                "raise max_iterations or tolerance"
            )
            warnings.warn(message, ConvergenceWarning, stacklevel=3)
        return best


def least_shift(kernel: np.ndarray) -> float:
    """Return what to add to the diagonal so that no eigenvalue is negative; 0 if none is.

    Args:
        kernel: A symmetric matrix ``(example, example)``.

    Returns:
        A number from 0 up, in the units of the kernel.

    Example:
        >>> round(least_shift(np.array([[0.0, 1.0], [1.0, 0.0]])), 6)
        1.0
    """
    return max(0.0, -float(np.linalg.eigvalsh(kernel)[0]))
