"""What clusters by elasticity are held against."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from torch import Tensor

from neurashed.clustering import cluster_similarity
from neurashed.data import CoarseTask, Examples
from neurashed.elasticity import MeasurementOptions, measure_elasticity
from neurashed.errors import InputError
from neurashed.subclasses.autoencoding import encode
from neurashed.subclasses.features import activation_patterns, penultimate_features
from neurashed.task import Task

__all__ = ["BASELINES", "cluster_by_baseline"]

_NUM_COMPONENTS = 100
_NUM_STARTS: Any = 20  # the stubs know n_init as a string only

# From the coarse task, the network trained on it, the number of clusters and a seed to a cluster
# for each primary example, -1 for one that cannot be clustered.
Baseline = Callable[[CoarseTask, Task, int, int], np.ndarray]


def cluster_by_baseline(
    name: str, coarse: CoarseTask, task: Task, num_clusters: int, *, seed: int = 0
) -> np.ndarray:
    """Cluster the primary examples in a way that knows nothing of elasticity.

    - ``k_means``: k-means on the inputs.
    - ``pca``: k-means on their 100 principal components.
    - ``autoencoder``: k-means on the code of an autoencoder trained on all examples.
    - ``activation_patterns``: kernel k-means on the cosine of the patterns of active ReLU units.
    - ``penultimate_features``: k-means on what the last linear layer of the network sees.
    - ``gradient_cosine``: kernel k-means on the cosine of the gradients of the losses.

    Args:
        name: One of the six.
        coarse: The examples.
        task: A network trained on them, which the last three look into.
        num_clusters: How many clusters.
        seed: Seed of starts and of the autoencoder.

    Returns:
        Cluster of each primary example ``(example,)``; -1 where none can be given.

    Raises:
        InputError: If the name is unknown, or the baseline does not apply to these examples or
            this network.

    Example:
        >>> pets = Examples([[0.0], [0.1], [5.0]], ids=["a", "b", "c"])
        >>> coarse = CoarseTask(pets, Examples([[9.0]], ids=["d"]))
        >>> labels = cluster_by_baseline("k_means", coarse, Task(torch.nn.Linear(1, 1)), 2)
        >>> bool(labels[0] == labels[1] != labels[2])
        True
    """
    if name not in BASELINES:
        message = f"unknown baseline {name!r}; use some of {', '.join(BASELINES)}"
        raise InputError(message)
    return BASELINES[name](coarse, task, num_clusters, seed)


def _by_inputs(coarse: CoarseTask, _: Task, num_clusters: int, seed: int) -> np.ndarray:
    return _k_means(_as_features(coarse.primary), num_clusters, seed)


def _by_components(coarse: CoarseTask, _: Task, num_clusters: int, seed: int) -> np.ndarray:
    features = _as_features(coarse.primary)
    num_components = min(_NUM_COMPONENTS, *features.shape)
    reduced = PCA(num_components, svd_solver="full").fit_transform(features.numpy(force=True))
    return _k_means(torch.from_numpy(reduced), num_clusters, seed)


def _by_autoencoder(coarse: CoarseTask, _: Task, num_clusters: int, seed: int) -> np.ndarray:
    examples = coarse.training
    inputs = examples.inputs if isinstance(examples.inputs, Tensor) else _as_features(examples)
    _check_numbers(inputs)
    codes = encode(inputs, seed=seed)[: len(coarse.primary)]
    return _k_means(codes, num_clusters, seed)


def _by_patterns(coarse: CoarseTask, task: Task, num_clusters: int, seed: int) -> np.ndarray:
    patterns = activation_patterns(task, coarse.primary).double()
    return _kernel_k_means((patterns @ patterns.T).numpy(force=True), num_clusters, seed)


def _by_last_layer(coarse: CoarseTask, task: Task, num_clusters: int, seed: int) -> np.ndarray:
    return _k_means(penultimate_features(task, coarse.primary), num_clusters, seed)


def _by_gradients(coarse: CoarseTask, task: Task, num_clusters: int, seed: int) -> np.ndarray:
    # In float64: the gradient of a fitted example is a difference of nearly equal numbers.
    options = MeasurementOptions(dtype="float64")
    cosine = measure_elasticity(task, coarse.primary, measure="cosine", options=options)
    return _kernel_k_means(cosine.values, num_clusters, seed)


BASELINES: dict[str, Baseline] = {
    "k_means": _by_inputs,
    "pca": _by_components,
    "autoencoder": _by_autoencoder,
    "activation_patterns": _by_patterns,
    "penultimate_features": _by_last_layer,
    "gradient_cosine": _by_gradients,
}


def _as_features(examples: Examples) -> Tensor:
    """Return all numbers of each example in a row."""
    inputs = examples.inputs
    parts = [*inputs.values()] if isinstance(inputs, dict) else [inputs]
    for part in parts:
        _check_numbers(part)
    return torch.cat([part.flatten(1) for part in parts], 1)


def _check_numbers(inputs: Tensor) -> None:
    if not inputs.dtype.is_floating_point:
        message = (
            f"inputs have dtype {inputs.dtype}, and between such codes there are no distances; "
            "choose baselines that look into the network"
        )
        raise InputError(message)


def _k_means(features: Tensor, num_clusters: int, seed: int) -> np.ndarray:
    model = KMeans(num_clusters, n_init=_NUM_STARTS, random_state=seed)
    return model.fit_predict(features.double().numpy(force=True))


def _kernel_k_means(similarity: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
    found = cluster_similarity(
        similarity, num_clusters, method="kernel_k_means", undefined="drop", random_state=seed
    )
    return found.labels
