"""Eigenmaps solve the generalized eigenproblem, whole or by iteration, in one piece or more."""

import numpy as np
import pytest
from closeness import assert_close
from clustering_cases import grouped_similarity
from scipy import sparse
from scipy.linalg import eigh

from neurashed.clustering import eigenmaps, laplacian_eigenmaps, mutual_choice_graph


def _aligned(coordinates: np.ndarray, like: np.ndarray) -> np.ndarray:
    return coordinates * np.sign((coordinates * like).sum(0))


@pytest.mark.parametrize("num_coordinates", [1, 3])
def test_coordinates_solve_the_generalized_problem(num_coordinates: int):
    similarity, _ = grouped_similarity((15, 12), noise=3)
    graph = mutual_choice_graph(similarity, 6)
    weights = graph.toarray()
    degrees = np.diag(weights.sum(0))
    values, vectors = eigh(degrees - weights, degrees)
    assert values[1] > 1e-6  # one piece
    wanted = vectors[:, 1 : 1 + num_coordinates]
    found = laplacian_eigenmaps(graph, num_coordinates)
    assert_close(_aligned(found, wanted), wanted / wanted.std(0))


def test_the_iteration_finds_the_same(monkeypatch: pytest.MonkeyPatch):
    similarity, _ = grouped_similarity((30, 20), noise=3)
    graph = mutual_choice_graph(similarity, 7)
    whole = laplacian_eigenmaps(graph, 3)
    monkeypatch.setattr(eigenmaps, "_MOST_DENSE", 10)
    iterated = laplacian_eigenmaps(graph, 3, random_state=0)
    assert_close(_aligned(iterated, whole), whole)
    assert np.array_equal(iterated, laplacian_eigenmaps(graph, 3, random_state=0))


def test_pieces_are_told_apart_and_nothing_is_constant(monkeypatch: pytest.MonkeyPatch):
    block = np.ones((5, 5)) - np.eye(5)
    graph = sparse.csr_array(np.kron(np.eye(3), block))
    for most in (1_000, 10):
        monkeypatch.setattr(eigenmaps, "_MOST_DENSE", most)
        coordinates = laplacian_eigenmaps(graph, 2, random_state=1)
        assert_close(coordinates.std(0), np.ones(2))
        places = coordinates.reshape(3, 5, 2)
        assert_close(places, np.broadcast_to(places[:, :1], places.shape))
        apart = np.linalg.norm(places[:, None, 0] - places[None, :, 0], axis=-1)
        assert apart[np.triu_indices(3, 1)].min() > 1


def test_a_graph_of_choices_counts_them():
    similarity, _ = grouped_similarity((9, 6), noise=2)
    graph = mutual_choice_graph(similarity, 3).toarray()
    order = np.argsort(-(similarity + similarity.T) - 1e9 * -np.eye(15), axis=1)[:, :3]
    chooses = np.zeros((15, 15))
    np.put_along_axis(chooses, order, 1.0, axis=1)
    assert np.array_equal(graph, (chooses + chooses.T) / 2)
    assert set(np.unique(graph)) == {0.0, 0.5, 1.0}
