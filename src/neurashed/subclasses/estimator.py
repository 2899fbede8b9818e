"""Clustering by elasticity with the manners of scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from neurashed.clustering import Clusters, Evidence, Method, Normalize, cluster_similarity
from neurashed.data import Examples
from neurashed.errors import InputError, InputTypeError
from neurashed.subclasses.trained import similarity_of_trained
from neurashed.task import Task
from neurashed.typing import Measure

__all__ = ["ElasticClustering"]


class ElasticClustering(ClusterMixin, BaseEstimator):
    """Clusters examples that a trained network learns together.

    What `fit` takes depends on the similarity: with a `Task` it takes `Examples`, whose elasticity
    in the network of the task is measured; with a function, what that makes a similarity of,
    `Examples` or an array ``(example, feature)``; with ``"precomputed"`` the similarity itself, as
    an array ``(example, example)`` or as a result.

    The network must have been trained before. What it was trained on is the supervision: to find
    subclasses of a coarse label, that is the label, primary against auxiliary examples (see
    `train_on_coarse_labels`); `fit` takes the primary examples only.

    Args:
        similarity: ``"precomputed"``, a `Task`, or a function that returns the similarity.
        num_clusters: How many clusters; chosen by evidence if None.
        measure: What is measured with a task.
        normalize: ``"none"``, ``"cosine"``, ``"center"`` or ``"center_cosine"``.
        method: ``"kernel_k_means"``, ``"k_means_on_rows"``, ``"spectral"`` or ``"eigenmaps"``.
        num_neighbors: Neighbors of each example where a graph is used.
        evidence: What chooses the number of clusters: ``"eigengap"`` or ``"silhouette"``.
        random_state: A seed, a `numpy.random.RandomState`, or None for other starts in each fit.

    Attributes:
        labels_: Cluster of each example ``(example,)``, from 0.
        num_clusters_: How many clusters there are.
        clusters_: Typicality, margin and evidence; see `neurashed.clustering.Clusters`.
        similarity_: The similarity as it was given or measured ``(example, example)``.
        n_features_in_: Number of columns of a precomputed similarity.

    Example:
        >>> similarity = np.kron(np.eye(2), np.ones((3, 3))) + 0.1
        >>> ElasticClustering(num_clusters=2, random_state=0).fit_predict(similarity)
        array([0, 0, 0, 1, 1, 1])
    """

    labels_: np.ndarray
    num_clusters_: int
    clusters_: Clusters
    similarity_: np.ndarray
    n_features_in_: int

    def __init__(
        self,
        similarity: "str | Task | Callable[[Any], Any]" = "precomputed",
        num_clusters: int | None = None,
        *,
        measure: Measure = "kernelized",
        normalize: Normalize = "cosine",
        method: Method = "kernel_k_means",
        num_neighbors: int | None = None,
        evidence: Evidence = "eigengap",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        """Keep the settings; they are checked in `fit`."""
        self.similarity = similarity
        self.num_clusters = num_clusters
        self.measure: Measure = measure
        self.normalize: Normalize = normalize
        self.method: Method = method
        self.num_neighbors = num_neighbors
        self.evidence: Evidence = evidence
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> "ElasticClustering":  # noqa: ANN401, ARG002
        """Find the clusters.

        Args:
            X: `Examples`, a similarity, or an array for the function; see the class.
            y: Ignored; scikit-learn passes it.

        Returns:
            The estimator.
        """
        self.similarity_ = self._measure(X)
        self.clusters_ = cluster_similarity(
            self.similarity_,
            self.num_clusters,
            method=self.method,
            normalize=self.normalize,
            num_neighbors=self.num_neighbors,
            evidence=self.evidence,
            random_state=self.random_state,
        )
        self.labels_ = self.clusters_.labels
        self.num_clusters_ = self.clusters_.num_clusters
        return self

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        """Tell scikit-learn that rows and columns of a similarity are both examples."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.similarity == "precomputed"
        return tags

    def _measure(self, X: Any) -> np.ndarray:  # noqa: ANN401
        if isinstance(self.similarity, Task):
            if not isinstance(X, Examples):
                message = (
                    f"X is a {type(X).__name__}; with a task, fit takes neurashed.Examples, and "
                    "with similarity='precomputed' the similarity itself"
                )
                raise InputTypeError(message)
            return similarity_of_trained(self.similarity, X, measure=self.measure).values
        if callable(self.similarity):
            given = X if isinstance(X, Examples) else self._check_array(X)
            return np.asarray(self.similarity(given), dtype=np.float64)
        if self.similarity != "precomputed":
            message = f"similarity is {self.similarity!r}; give 'precomputed', a Task or a function"
            raise InputError(message)
        return self._check_array(X.values if isinstance(X, xr.DataArray) else X)

    def _check_array(self, array: Any) -> np.ndarray:  # noqa: ANN401
        # One example cannot be told from another, so there is nothing to cluster.
        checked = validate_data(self, array, dtype=[np.float64, np.float32], ensure_min_samples=2)
        return np.asarray(checked)
