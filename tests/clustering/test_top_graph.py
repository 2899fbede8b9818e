"""Clusters on graphs of nearest neighbors, found without a matrix, against those with it."""

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from clustering_cases import grouped_similarity, random_kernel, same_partition
from result_cases import make_result

from neurashed.clustering import (
    cluster_by_elasticity,
    mutual_blocks,
    mutual_choice_graph,
    normalize_similarity,
    top_graph,
)
from neurashed.errors import InputError, NeurashedWarning
from neurashed.results import top_probes


def make(values: np.ndarray, name: str = "tangent_kernel") -> xr.DataArray:
    """Return a result of examples that share one label."""
    return make_result(values, ["a"] * len(values), name=name)


def of_all_sizes(similarity: np.ndarray) -> np.ndarray:
    """Return the kernel of the same examples with gradients of very different sizes."""
    sizes = 10 ** np.random.default_rng(1).uniform(-2, 2, len(similarity))
    return similarity * np.outer(sizes, sizes)


@pytest.mark.parametrize("normalize", ["cosine", "none"])
@pytest.mark.parametrize("side", [7, 100])
def test_the_graph_is_that_of_the_matrix(
    normalize: str, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutual_blocks, "_SIDE", side)
    seen = []
    join = top_graph._join
    monkeypatch.setattr(top_graph, "_join", lambda chosen: seen.append(join(chosen)) or seen[-1])
    kernel = of_all_sizes(random_kernel(40) + 4)
    kernel *= np.random.default_rng(2).uniform(0.9, 1.1, kernel.shape)  # not symmetric
    shuffled = make(kernel).isel(probe=np.random.default_rng(3).permutation(40))
    choices = {"normalize": normalize, "num_neighbors": 3, "undefined": "drop"}
    cluster_by_elasticity(shuffled, 4, method="top_k_graph", **choices)
    similarity = normalize_similarity(kernel, normalize)
    np.testing.assert_array_equal(seen[0].toarray(), mutual_choice_graph(similarity, 3).toarray())


def test_clusters_are_those_of_eigenmaps_whatever_the_sizes() -> None:
    similarity, groups = grouped_similarity((80, 60, 40), noise=0.45)
    result = make(of_all_sizes(similarity))
    clusters = cluster_by_elasticity(result, 3, method="top_k_graph", num_neighbors=8)
    whole = cluster_by_elasticity(result, 3, method="eigenmaps", num_neighbors=8)
    assert same_partition(clusters["cluster"].values, groups)
    assert same_partition(clusters["cluster"].values, whole["cluster"].values)
    settings = ("top_k_graph", "cosine", 8)
    assert (
        tuple(clusters.attrs[name] for name in ("method", "normalize", "num_neighbors")) == settings
    )
    assert clusters["typicality"].values.min() > 0.5
    assert_close(clusters["typicality"] - clusters["margin"] <= 0.5, np.full(180, 1.0) > 0)
    assert clusters["source_label"].values.tolist() == result["source_label"].values.tolist()
    raw = cluster_by_elasticity(
        result, 3, method="top_k_graph", normalize="none", num_neighbors=8, undefined="drop"
    )
    assert not same_partition(raw["cluster"].values, groups)
    negated = make(-of_all_sizes(similarity), "loss_change")
    again = cluster_by_elasticity(negated, 3, method="top_k_graph", num_neighbors=8)
    np.testing.assert_array_equal(again["cluster"], clusters["cluster"])


@pytest.mark.parametrize("measure", ["cosine", "relative"])
def test_top_probes_in_own_units_give_the_clusters_of_all(measure: str) -> None:
    similarity, groups = grouped_similarity((80, 60, 40), noise=0.45)
    result = make(normalize_similarity(similarity, "cosine"), measure)
    clusters = cluster_by_elasticity(top_probes(result, 20), 3, num_neighbors=8)
    whole = cluster_by_elasticity(result, 3, method="top_k_graph", num_neighbors=8)
    np.testing.assert_array_equal(clusters["cluster"], whole["cluster"])
    assert same_partition(clusters["cluster"].values, groups)
    chosen = cluster_by_elasticity(top_probes(result, 8))
    assert chosen.attrs["method"] == "top_k_graph"
    assert chosen.attrs["num_clusters"] == 3
    assert chosen.attrs["evidence"]["evidence"] == "eigengap"


def test_probes_that_move_the_other_way_or_are_no_sources_are_not_chosen() -> None:
    similarity, groups = grouped_similarity((12, 8))
    similarity[4] = similarity[:, 4] = -100.0
    result = make(np.hstack([similarity, np.full((20, 1), 50.0)])[:, :20], "relative")
    with pytest.raises(InputError, match="1 of 20 examples have undefined similarities"):
        cluster_by_elasticity(top_probes(result, 19), 2)
    clusters = cluster_by_elasticity(top_probes(result, 19), 2, num_neighbors=5, undefined="drop")
    assert np.flatnonzero(clusters["cluster"] == -1).tolist() == [4]
    kept = np.delete(np.arange(20), 4)
    assert same_partition(clusters["cluster"].values[kept], groups[kept])


def test_a_source_that_does_nothing_to_itself_has_no_cosine() -> None:
    similarity, groups = grouped_similarity((12, 8))
    similarity[4, 4] = 0.0
    result = make(similarity)
    choices = {"method": "top_k_graph", "num_neighbors": 5}
    with pytest.raises(InputError, match="1 of 20 examples have undefined similarities"):
        cluster_by_elasticity(result, 2, **choices)
    clusters = cluster_by_elasticity(result, 2, undefined="drop", **choices)
    assert clusters.attrs["left_out"] == ["x4"]
    kept = np.delete(np.arange(20), 4)
    assert same_partition(clusters["cluster"].values[kept], groups[kept])


def test_a_graph_in_more_pieces_than_clusters_is_warned_of() -> None:
    result = make(np.kron(np.eye(3), np.ones((4, 4))), "cosine")
    message = "with 3 neighbors falls into 3 pieces and 2 clusters are asked for"
    with pytest.warns(NeurashedWarning, match=message):
        cluster_by_elasticity(top_probes(result, 3), 2)
    with pytest.warns(NeurashedWarning, match=message):
        cluster_by_elasticity(result, 2, method="top_k_graph", num_neighbors=3)


@pytest.mark.parametrize(
    ("measure", "settings", "message"),
    [
        ("cosine", {"method": "nystrom"}, "'nystrom' needs a result with all pairs, got top"),
        ("cosine", {"method": "spectral"}, "'spectral' needs a result with all pairs, got top"),
        ("cosine", {"num_neighbors": 4}, "num_neighbors is 4 and 3 top probes of each source are"),
        ("tangent_kernel", {}, "top probes of tangent_kernel do not say what a source does to"),
        (
            "cosine",
            {"normalize": "center"},
            "normalize is 'center', and method 'top_k_graph' knows",
        ),
    ],
)
def test_refuses_what_top_probes_cannot_give(
    measure: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        cluster_by_elasticity(top_probes(make(random_kernel(10), measure), 3), 2, **settings)
