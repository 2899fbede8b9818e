"""The number of clusters, and what speaks for it."""

import numpy as np
import pytest
from closeness import assert_close
from clustering_cases import grouped_similarity
from scipy.sparse.csgraph import laplacian
from sklearn.metrics import silhouette_score

from neurashed.clustering import (
    KernelKMeans,
    choose_num_clusters,
    nearest_neighbor_graph,
    normalize_similarity,
)
from neurashed.errors import InputError


@pytest.mark.parametrize("sizes", [(20, 15), (12, 10, 9), (8, 9, 8, 10, 7)])
@pytest.mark.parametrize("evidence", ["eigengap", "silhouette"])
def test_hidden_groups_are_counted(sizes: tuple[int, ...], evidence: str):
    similarity, _ = grouped_similarity(sizes, noise=0.3)
    chosen = choose_num_clusters(
        normalize_similarity(similarity, "cosine"), evidence=evidence, random_state=0
    )
    assert chosen.num_clusters == len(sizes)
    assert chosen.evidence == evidence
    assert chosen.candidates.tolist() == list(range(2, 11))
    assert chosen.values.shape == chosen.candidates.shape
    assert chosen.candidates[chosen.values.argmax()] == chosen.num_clusters


def test_the_eigengap_is_one_of_the_graph():
    similarity, _ = grouped_similarity((10, 8, 7), noise=0.6)
    chosen = choose_num_clusters(similarity, largest=5, num_neighbors=4)
    graph = nearest_neighbor_graph(similarity, 4).toarray()
    eigenvalues = np.sort(np.linalg.eigvalsh(laplacian(graph, normed=True)))
    expected = [eigenvalues[k] - eigenvalues[k - 1] for k in (2, 3, 4, 5)]
    assert_close(chosen.values, np.array(expected), factor=10, reason="gaps are cut to 10 digits")


def test_the_silhouette_is_that_of_the_features():
    features = np.random.default_rng(0).normal(size=(30, 3))
    features[:15, 0] += 3
    kernel = features @ features.T
    chosen = choose_num_clusters(kernel, evidence="silhouette", largest=3, random_state=0)
    labels = KernelKMeans(2, random_state=0).fit_predict(kernel)
    assert_close(chosen.values[0], float(silhouette_score(features, labels)))


def test_a_silhouette_of_a_matrix_without_distances():
    """The least shift of the diagonal gives it the distances of the matrix before."""
    similarity, _ = grouped_similarity((12, 12))
    plain, lowered = (
        choose_num_clusters(kernel, evidence="silhouette", largest=3, random_state=0)
        for kernel in (similarity, similarity - 0.5 * np.eye(24))
    )
    assert_close(lowered.values[0], plain.values[0])


def test_there_are_fewer_candidates_than_examples():
    chosen = choose_num_clusters(np.kron(np.eye(2), np.ones((2, 2))), num_neighbors=1)
    assert chosen.candidates.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("num_examples", "settings", "message"),
    [
        (2, {}, "no number of clusters to choose, with 2 examples and at most 1 clusters"),
        (9, {"largest": 1}, "with 9 examples and at most 1 clusters; give at least 3 examples"),
        (9, {"evidence": "elbow"}, "evidence is 'elbow'; use one of 'eigengap', 'silhouette'"),
        (9, {"num_neighbors": 9}, "num_neighbors is 9 and there are 9 examples"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refusals(num_examples: int, settings: dict, message: str):
    with pytest.raises(InputError, match=message):
        choose_num_clusters(np.eye(num_examples), **settings)
