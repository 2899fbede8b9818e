"""Clusters without a matrix of all similarities, against those with it."""

import json

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from clustering_cases import grouped_similarity, indefinite_kernel, random_kernel, same_partition
from result_cases import make_result
from scipy import sparse

from neurashed.clustering import (
    Nystrom,
    cluster_by_elasticity,
    cluster_by_landmarks,
    labelled,
    mutual_blocks,
    near_duplicates,
    normalize_similarity,
    num_clusters,
    odd_ones_out,
)
from neurashed.clustering.landmarks import landmark_features
from neurashed.clustering.mutual_blocks import iterate_mutual_blocks
from neurashed.clustering.square import read_mutual_elasticity
from neurashed.errors import InputError
from neurashed.results import blocks


def make(values: np.ndarray, name: str = "tangent_kernel") -> xr.DataArray:
    """Return a result of examples that share one label."""
    return make_result(values, ["a"] * len(values), name=name)


@pytest.fixture(autouse=True)
def _many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 3_000)


@pytest.mark.parametrize("normalize", ["none", "cosine", "center", "center_cosine"])
def test_features_give_all_similarities_where_landmarks_span_them(normalize: str) -> None:
    kernel = random_kernel(40, rank=4)
    found = landmark_features(make(kernel), 12, normalize=normalize, random_state=0)
    assert found.features.shape == (40, 4)
    assert_close(found.features @ found.features.T, normalize_similarity(kernel, normalize))
    assert_close(found.own, np.diag(normalize_similarity(kernel, normalize)))
    assert len(found.landmarks) == 12
    assert found.negative_share < 1e-12


def test_both_directions_are_averaged_whatever_the_order_of_probes() -> None:
    values = random_kernel(30, rank=3) + np.arange(30.0) - np.arange(30.0)[:, None]
    result = make(values)
    order = np.random.default_rng(0).permutation(30)
    expected = landmark_features(make((values + values.T) / 2), 8, random_state=1).features
    assert_close(landmark_features(result, 8, random_state=1).features, expected)
    shuffled = result.isel(probe=order)
    assert_close(landmark_features(shuffled, 8, random_state=1).features, expected)
    assert_close(landmark_features(shuffled[5:], 8, random_state=1).features.shape[0], 25.0)


def test_eigenvalues_without_features_are_counted() -> None:
    kernel = indefinite_kernel(20)
    found = landmark_features(make(kernel), 20, normalize="none", random_state=0)
    eigenvalues = np.linalg.eigvalsh(kernel)
    negative = -eigenvalues[eigenvalues < 0].sum() / np.abs(eigenvalues).sum()
    assert found.negative_share == pytest.approx(negative)
    with pytest.raises(InputError, match="have no positive eigenvalue, so there are no features"):
        landmark_features(make(-random_kernel(20)), 20, normalize="none", random_state=0)


def test_a_tenth_of_the_examples_as_landmarks_give_the_clusters_of_all() -> None:
    similarity, groups = grouped_similarity((80, 60, 40), noise=0.3)
    result = make(similarity)
    clusters, details = cluster_by_landmarks(result, 3, num_landmarks=18)
    assert details["num_landmarks"] == 18
    assert same_partition(clusters.labels, groups)
    whole = cluster_by_elasticity(result, 3)
    assert same_partition(clusters.labels, whole["cluster"].values)
    assert clusters.sizes.tolist() == [80, 60, 40]
    assert_close(clusters.typicality, whole["typicality"], factor=1e7, reason="Nyström")
    assert cluster_by_landmarks(result, num_landmarks=60)[0].num_clusters == 3


def test_the_front_door_takes_landmarks_for_many_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    similarity, groups = grouped_similarity((30, 20))
    result = make(-similarity, "loss_change")
    assert cluster_by_elasticity(result, 2).attrs["method"] == "kernel_k_means"
    monkeypatch.setattr(labelled, "_MOST_SOURCES", 49)
    clusters = cluster_by_elasticity(result, 2)
    assert same_partition(clusters["cluster"].values, groups)
    assert clusters.attrs["method"] == "nystrom"
    assert clusters.attrs["num_landmarks"] == 50
    fewer = cluster_by_elasticity(result, 2, method=Nystrom(20))
    assert (fewer.attrs["method"], fewer.attrs["num_landmarks"]) == ("nystrom", 20)
    assert json.loads(json.dumps(clusters.attrs)) == clusters.attrs
    xr.testing.assert_identical(cluster_by_elasticity(result, 2, method="nystrom"), clusters)


def test_undefined_sources_are_refused_or_left_out() -> None:
    similarity, groups = grouped_similarity((30, 20))
    similarity[7] = np.nan
    similarity[3, 3] = 0
    with pytest.raises(InputError, match="2 of 50 examples have undefined similarities"):
        cluster_by_elasticity(make(similarity), 2, method="nystrom")
    clusters = cluster_by_elasticity(make(similarity), 2, method="nystrom", undefined="drop")
    kept = np.delete(np.arange(50), [3, 7])
    assert np.flatnonzero(clusters["cluster"] == -1).tolist() == [3, 7]
    assert np.isnan(clusters["margin"][[3, 7]]).all()
    assert same_partition(clusters["cluster"].values[kept], groups[kept])
    assert clusters.attrs["left_out"] == ["x3", "x7"]


def test_gaps_by_iteration_are_those_of_all_eigenvalues(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    weights = np.triu(generator.random((60, 60)) < 0.2, 1).astype(float)
    graph = sparse.csr_array(weights + weights.T)
    dense = num_clusters.eigengaps(graph, 6)
    monkeypatch.setattr(num_clusters, "_MOST_DENSE", 10)
    assert_close(num_clusters.eigengaps(graph, 6, random_state=0), dense)


def test_refuses_a_single_landmark() -> None:
    with pytest.raises(InputError, match="num_landmarks is 1; give at least 2"):
        cluster_by_landmarks(make(random_kernel(5)), 2, num_landmarks=1)


@pytest.fixture
def awkward() -> xr.DataArray:
    """Return a result of two classes with both signs, ties, undefined pairs and a still source."""
    similarity, groups = grouped_similarity((25, 18), noise=0.6)
    similarity = (similarity + 0.1 * np.random.default_rng(4).normal(size=(43, 43))).round(2)
    similarity[3, 5], similarity[8], similarity[11, 11] = np.nan, np.inf, 0.0
    result = make_result(similarity, ["ab"[group] for group in groups], name="kernelized")
    return result.isel(probe=np.random.default_rng(5).permutation(43))


@pytest.mark.parametrize("side", [7, 43])
def test_mutual_elasticity_block_by_block(
    awkward: xr.DataArray, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    monkeypatch.setattr(mutual_blocks, "_SIDE", side)
    whole = read_mutual_elasticity(awkward)
    seen = np.full(whole.shape, -7.0)
    for block in iterate_mutual_blocks(awkward):
        seen[block.rows, block.columns] = block.values
    upper = np.triu_indices(43)
    np.testing.assert_array_equal(seen[upper], whole[upper])


@pytest.mark.parametrize("count", [1, 10, 400, 2_000])
def test_near_duplicates_do_not_depend_on_the_blocks(
    awkward: xr.DataArray, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    mutual = read_mutual_elasticity(awkward)
    first, second = np.triu_indices(43, k=1)
    order = np.argsort(-mutual[first, second], kind="stable")
    order = order[np.isfinite(mutual[first, second][order])][:count]
    monkeypatch.setattr(mutual_blocks, "_SIDE", 10)
    pairs = near_duplicates(awkward, count)
    assert pairs["first"].values.tolist() == awkward["source"].values[first[order]].tolist()
    assert pairs["second"].values.tolist() == awkward["source"].values[second[order]].tolist()
    np.testing.assert_array_equal(pairs["mutual_elasticity"], mutual[first, second][order])
    assert pairs.attrs["num_undefined"] == np.isnan(mutual[first, second]).sum()


def test_odd_ones_out_of_a_large_result_are_the_same(
    awkward: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = odd_ones_out(awkward, num_neighbors=6)
    monkeypatch.setattr(blocks, "MOST_PAIRS_AT_ONCE", 0)
    monkeypatch.setattr(mutual_blocks, "_SIDE", 10)
    large = odd_ones_out(awkward, num_neighbors=6)
    for name in ("score", "own_vote", "suggested_vote"):
        assert_close(large[name], small[name], dtype="float32")
    np.testing.assert_array_equal(large["suggested_label"], small["suggested_label"])
