"""From a similarity to clusters."""

import numpy as np
import pytest
from closeness import assert_close
from clustering_cases import grouped_similarity, same_partition
from sklearn.cluster import KMeans

from neurashed.clustering import KernelKMeans, cluster_similarity, normalize_similarity
from neurashed.clustering.membership import measure_membership
from neurashed.errors import InputError, NeurashedWarning

METHODS = ("kernel_k_means", "k_means_on_rows", "spectral", "eigenmaps")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("normalize", ["none", "cosine", "center", "center_cosine"])
@pytest.mark.parametrize("sizes", [(18, 12), (11, 9, 8)])
def test_every_method_finds_clear_groups(method: str, normalize: str, sizes: tuple[int, ...]):
    similarity, groups = grouped_similarity(sizes)
    clusters = cluster_similarity(similarity, len(sizes), method=method, normalize=normalize)
    assert same_partition(clusters.labels, groups)
    assert clusters.sizes.tolist() == sorted(sizes, reverse=True)
    assert clusters.num_clusters == len(sizes)
    assert clusters.kept.all()
    assert (clusters.margin > 0).all()
    assert clusters.evidence is None


@pytest.mark.parametrize("method", METHODS)
def test_the_number_is_found_and_the_evidence_kept(method: str):
    similarity, groups = grouped_similarity((14, 11, 9))
    clusters = cluster_similarity(similarity, method=method, evidence="silhouette")
    assert same_partition(clusters.labels, groups)
    assert clusters.evidence is not None
    assert clusters.evidence.evidence == "silhouette"
    assert clusters.evidence.num_clusters == 3


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_decides(method: str):
    similarity, _ = grouped_similarity((15, 15), noise=2)
    once = cluster_similarity(similarity, 4, method=method, random_state=5)
    again = cluster_similarity(similarity, 4, method=method, random_state=5)
    assert np.array_equal(once.labels, again.labels)
    assert np.array_equal(once.margin, again.margin)


@pytest.mark.parametrize("method", METHODS)
def test_reordering_examples_reorders_the_clusters(method: str):
    similarity, _ = grouped_similarity((12, 9, 6))
    order = np.random.default_rng(3).permutation(27)
    plain = cluster_similarity(similarity, 3, method=method)
    moved = cluster_similarity(similarity[np.ix_(order, order)], 3, method=method)
    assert np.array_equal(moved.labels, plain.labels[order])
    assert_close(moved.typicality, plain.typicality[order])


def test_methods_are_what_they_are_called():
    similarity, _ = grouped_similarity((15, 15), noise=1.5)
    values = normalize_similarity(similarity, "cosine")
    kernel = KernelKMeans(3, random_state=0).fit_predict(values)
    assert same_partition(cluster_similarity(similarity, 3).labels, kernel)
    rows = KMeans(3, n_init=20, random_state=0).fit_predict(values)
    found = cluster_similarity(similarity, 3, method="k_means_on_rows")
    assert same_partition(found.labels, rows)
    assert not same_partition(kernel, rows)


def test_membership_is_measured_on_the_normalized_similarity():
    similarity, _ = grouped_similarity((9, 7), noise=1)
    clusters = cluster_similarity(3 * similarity, 2, normalize="cosine")
    expected = measure_membership(normalize_similarity(similarity, "cosine"), clusters.labels)
    assert_close(clusters.typicality, expected[0])
    assert_close(clusters.margin, expected[1])


def test_directions_are_averaged():
    similarity, groups = grouped_similarity()
    skew = np.random.default_rng(0).normal(size=similarity.shape)
    clusters = cluster_similarity(similarity + skew - skew.T, 2)
    assert same_partition(clusters.labels, groups)


@pytest.mark.parametrize("method", METHODS)
def test_undefined_examples_are_left_out(method: str):
    similarity, groups = grouped_similarity((12, 9))
    similarity[4] = np.nan
    similarity[7, 7] = 0
    clusters = cluster_similarity(similarity, 2, method=method, undefined="drop")
    kept = np.ones(21, dtype=bool)
    kept[[4, 7]] = False
    assert np.array_equal(clusters.kept, kept)
    assert clusters.labels[4] == clusters.labels[7] == -1
    assert np.isnan(clusters.typicality[[4, 7]]).all()
    assert np.isnan(clusters.margin[[4, 7]]).all()
    assert same_partition(clusters.labels[kept], groups[kept])
    assert clusters.sizes.sum() == 19


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num_clusters", [1, 2, 7, 8])
def test_from_one_cluster_to_one_for_each_example(method: str, num_clusters: int):
    similarity, _ = grouped_similarity((5, 3), noise=1)
    clusters = cluster_similarity(similarity + 3, num_clusters, method=method)
    assert set(clusters.labels.tolist()) == set(range(num_clusters))


def test_the_graph_has_neighbors_by_the_rule_or_as_asked_for():
    similarity, _ = grouped_similarity((20, 20))
    assert cluster_similarity(similarity, 2).num_neighbors is None
    assert cluster_similarity(similarity, 2, method="spectral").num_neighbors == 6
    assert cluster_similarity(similarity).num_neighbors == 6
    asked = cluster_similarity(similarity, 2, method="spectral", num_neighbors=9)
    assert asked.num_neighbors == 9


def test_neighbors_without_a_graph_are_no_secret():
    similarity, _ = grouped_similarity()
    with pytest.warns(NeurashedWarning, match="num_neighbors=3 has no effect"):
        cluster_similarity(similarity, 2, num_neighbors=3)


def test_a_graph_in_too_many_pieces_is_no_secret():
    similarity = np.kron(np.eye(4), np.ones((5, 5)))
    message = "the graph with 4 neighbors falls into 4 pieces and 2 clusters are asked for"
    with pytest.warns(NeurashedWarning, match=message):
        cluster_similarity(similarity, 2, method="spectral", num_neighbors=4)
    pieces = cluster_similarity(similarity, 4, method="spectral", num_neighbors=4)
    assert pieces.sizes.tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize(
    ("similarity", "settings", "message"),
    [
        (np.eye(3), {"num_clusters": 4}, "num_clusters is 4 and there are 3 examples"),
        (np.eye(3), {"num_clusters": 0}, "num_clusters is 0; give at least 1, or None to choose"),
        (np.eye(1), {"num_clusters": 1}, "there is 1 example with defined similarities"),
        (np.eye(3), {"method": "guess"}, "method is 'guess'; use one of 'kernel_k_means'"),
        (np.eye(3), {"normalize": "l1"}, "normalize is 'l1'; use one of 'none'"),
        (np.eye(3), {"evidence": "elbow"}, "evidence is 'elbow'; use one of 'eigengap'"),
        (np.ones((2, 3)), {}, r"the similarity has shape \(2, 3\)"),
        (np.diag([1, np.nan, 1]), {"num_clusters": 2}, "1 of 3 examples have undefined"),
        (
            np.diag([1, np.nan, 1]),
            {"num_clusters": 3, "undefined": "drop"},
            "num_clusters is 3 and there are 2 examples with defined similarities",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refusals(similarity: np.ndarray, settings: dict, message: str):
    with pytest.raises(InputError, match=message):
        cluster_similarity(similarity, **settings)
