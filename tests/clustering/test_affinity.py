"""From a similarity as measured to one that can be clustered."""

import numpy as np
import pytest
from closeness import assert_close
from clustering_cases import grouped_similarity, random_kernel
from scipy import sparse

from neurashed.clustering import nearest_neighbor_graph, normalize_similarity, symmetrize
from neurashed.clustering.affinity import count_neighbors, nearest_neighbors
from neurashed.errors import InputError, InputTypeError


def test_both_directions_count_the_same():
    values = np.random.default_rng(0).normal(size=(5, 5))
    assert_close(symmetrize(values), (values + values.T) / 2)
    assert np.array_equal(symmetrize(values), symmetrize(values.T))
    for normalize in ("none", "center"):
        assert_close(
            normalize_similarity(values, normalize), normalize_similarity(values.T, normalize)
        )


def test_the_mean_of_huge_values_is_finite():
    assert np.isfinite(symmetrize(np.full((2, 2), np.finfo(np.float64).max))).all()


@pytest.mark.parametrize("normalize", ["none", "cosine", "center", "center_cosine"])
def test_normalizing_a_kernel_is_normalizing_its_features(normalize: str):
    features = np.random.default_rng(1).normal(size=(9, 3)) + 2
    expected = features.copy()
    if "center" in normalize:
        expected -= expected.mean(axis=0)
    if "cosine" in normalize:
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = normalize_similarity(features @ features.T, normalize)
    assert_close(found, expected @ expected.T)
    assert np.array_equal(found, found.T)


def test_a_cosine_does_not_see_sizes():
    kernel = random_kernel(8)
    sizes = np.exp(np.random.default_rng(2).normal(size=8))
    scaled = kernel * sizes * sizes[:, None]
    assert_close(normalize_similarity(scaled, "cosine"), normalize_similarity(kernel, "cosine"))


def test_the_input_is_left_alone():
    values = random_kernel(4)
    before = values.copy()
    for normalize in ("none", "cosine", "center_cosine"):
        normalize_similarity(values, normalize)[:] = 0
    assert np.array_equal(values, before)


@pytest.mark.parametrize(
    ("num_examples", "expected"), [(2, 1), (3, 2), (8, 3), (9, 4), (1000, 10), (1025, 11)]
)
def test_the_rule_for_neighbors(num_examples: int, expected: int):
    assert count_neighbors(num_examples) == expected


def test_neighbors_are_the_most_similar_others():
    similarity = np.array([[0.0, 3.0, np.nan, 3.0], [1.0, 9.0, 2.0, -np.inf],
                           [np.nan, np.nan, 5.0, -1.0], [1.0, 1.0, 1.0, 1.0]])  # fmt: skip
    found = nearest_neighbors(similarity, 2)
    assert found.tolist() == [[1, 3], [2, 0], [3, 0], [0, 1]]


def test_the_graph_joins_an_example_with_its_neighbors_in_either_direction():
    similarity, _ = grouped_similarity((9, 6), noise=0.5)
    graph = nearest_neighbor_graph(similarity, 3)
    assert isinstance(graph, sparse.csr_array)
    expected = np.zeros((15, 15))
    for one in range(15):
        others = sorted(set(range(15)) - {one}, key=lambda other: -similarity[one, other])
        for other in others[:3]:
            expected[one, other] = expected[other, one] = max(similarity[one, other], 0)
    assert_close(graph.toarray(), expected)


def test_negative_similarity_joins_nothing():
    graph = nearest_neighbor_graph(-np.ones((4, 4)), 2)
    assert graph.nnz == 0


@pytest.mark.parametrize(
    ("similarity", "normalize", "message"),
    [
        (np.ones((3, 2)), "none", r"the similarity has shape \(3, 2\); give a square array"),
        (np.ones((0, 0)), "none", r"shape \(0, 0\)"),
        (np.ones(3), "none", r"shape \(3,\)"),
        (np.eye(3), "sine", "normalize is 'sine'; use one of 'none', 'cosine', 'center'"),
        (np.diag([1.0, np.nan]), "none", "1 of 4 values of the similarity are not finite"),
        (
            np.diag([1.0, 0.0, -2.0]),
            "cosine",
            r"2 of 3 examples have no positive similarity with themselves \(the one at 1 has 0\)",
        ),
        (np.ones((3, 3)), "center_cosine", "3 of 3 examples have no positive similarity"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refusals(similarity: np.ndarray, normalize: str, message: str):
    with pytest.raises(InputError, match=message):
        normalize_similarity(similarity, normalize)


def test_text_is_no_similarity():
    with pytest.raises(InputTypeError, match="the similarity has dtype <U1; give real numbers"):
        symmetrize(np.array([["a"]]))


@pytest.mark.parametrize(
    ("num_examples", "num_neighbors", "message"),
    [
        (5, 5, "num_neighbors is 5 and there are 5 examples; give 1 to 4"),
        (5, 0, "num_neighbors is 0 and there are 5 examples; give 1 to 4"),
        (1, None, "1 example has no neighbors"),
    ],
)
def test_numbers_of_neighbors_that_are_refused(
    num_examples: int, num_neighbors: int | None, message: str
):
    with pytest.raises(InputError, match=message):
        nearest_neighbor_graph(np.eye(num_examples), num_neighbors)
