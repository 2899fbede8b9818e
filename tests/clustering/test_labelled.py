"""Clusters of the sources of a result, near-duplicates, and odd ones out."""

import json

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from clustering_cases import grouped_similarity, same_partition
from result_cases import make_result

import neurashed as ns
from neurashed.clustering import (
    agreement,
    cluster_by_elasticity,
    cluster_similarity,
    near_duplicates,
    odd_ones_out,
)
from neurashed.clustering.square import read_mutual_elasticity
from neurashed.errors import InputError


def _grouped_result(
    sizes: tuple[int, ...] = (12, 8), *, noise: float = 0.2, name: str = "tangent_kernel"
) -> tuple[xr.DataArray, np.ndarray]:
    similarity, groups = grouped_similarity(sizes, noise=noise)
    return make_result(similarity, ["ab"[group % 2] for group in groups], name=name), groups


def test_clusters_carry_what_the_sources_do():
    result, groups = _grouped_result()
    clusters = ns.cluster_by_elasticity(result, 2)
    assert same_partition(clusters["cluster"].values, groups)
    assert clusters["cluster"].dims == clusters["margin"].dims == ("source",)
    assert np.array_equal(clusters["source"], result["source"])
    for name in ("source_label", "source_fine_label", "source_text", "source_thumbnail"):
        assert np.array_equal(clusters[name], result[name])
    assert "probe" not in clusters.coords
    assert agreement(clusters["cluster"].values, clusters["source_label"].values).accuracy == 1
    plain = cluster_similarity(result.values, 2)
    assert_close(clusters["typicality"], plain.typicality)
    assert_close(clusters["margin"], plain.margin)


def test_settings_evidence_and_provenance_are_attributes():
    result, _ = _grouped_result((9, 7, 6))
    clusters = cluster_by_elasticity(
        result, method="spectral", normalize="center_cosine", num_neighbors=5, random_state=7
    )
    assert clusters.attrs | {"evidence": None, "provenance": None} == {
        "measure": "tangent_kernel",
        "num_clusters": 3,
        "sizes": [9, 7, 6],
        "method": "spectral",
        "normalize": "center_cosine",
        "num_neighbors": 5,
        "undefined": "refuse",
        "left_out": [],
        "evidence": None,
        "random_state": 7,
        "provenance": None,
    }
    assert clusters.attrs["provenance"] == result.attrs["provenance"]
    evidence = clusters.attrs["evidence"]
    assert evidence["evidence"] == "eigengap"
    assert evidence["candidates"][int(np.argmax(evidence["values"]))] == 3
    assert json.loads(json.dumps(clusters.attrs)) == clusters.attrs


def test_the_order_of_probes_does_not_matter():
    result, _ = _grouped_result(noise=1)
    order = np.random.default_rng(1).permutation(20)
    xr.testing.assert_identical(
        cluster_by_elasticity(result.isel(probe=order), 3), cluster_by_elasticity(result, 3)
    )


def test_further_probes_do_not_matter():
    result, groups = _grouped_result()
    some = np.arange(0, 20, 2)
    clusters = cluster_by_elasticity(result.isel(source=some), 2)
    assert np.array_equal(clusters["source"], result["source"][some])
    assert same_partition(clusters["cluster"].values, groups[some])


def test_helping_counts_as_alike():
    similarity, groups = grouped_similarity()
    result = make_result(-similarity, ["a"] * 20, name="loss_change")
    assert same_partition(cluster_by_elasticity(result, 2)["cluster"].values, groups)


def test_sources_left_out_are_named():
    result, groups = _grouped_result()
    result[3] = np.nan
    clusters = cluster_by_elasticity(result, 2, undefined="drop")
    assert clusters.attrs["left_out"] == ["x3"]
    assert clusters["cluster"].values[3] == -1
    assert clusters.sizes["source"] == 20
    rest = np.delete(np.arange(20), 3)
    assert same_partition(clusters["cluster"].values[rest], groups[rest])
    with pytest.raises(InputError, match="1 of 20 examples have undefined similarities"):
        cluster_by_elasticity(result, 2)


def test_mutual_elasticity_of_a_kernel_is_the_cosine():
    result, _ = _grouped_result(noise=1)
    own = np.sqrt(np.diag(result.values))
    assert_close(read_mutual_elasticity(result), result.values / own / own[:, None])


def test_mutual_elasticity_sees_neither_sizes_of_sources_nor_of_probes():
    result, _ = _grouped_result(noise=1)
    generator = np.random.default_rng(0)
    sizes, signs = np.exp(generator.normal(size=(2, 20, 1))), generator.choice([-1, 1], (20, 1))
    scaled = result.copy(data=result.values * sizes[0] * signs * sizes[1].T)
    assert_close(read_mutual_elasticity(scaled), read_mutual_elasticity(result))
    relative = result.copy(data=np.abs(result.values) / np.diag(result.values)[:, None])
    assert_close(read_mutual_elasticity(relative), np.abs(read_mutual_elasticity(result)))


def test_directions_that_disagree_cancel_and_undefined_stays_so():
    values = np.array([[1.0, 0.5, 0.1], [-0.5, 1.0, np.nan], [0.1, 0.1, 0.0]])
    mutual = read_mutual_elasticity(make_result(values, list("aab")))
    assert mutual[0, 1] == mutual[1, 0] == 0
    assert np.isnan(mutual[2]).all()
    assert np.isnan(mutual[:, 2]).all()
    assert_close(np.diag(mutual)[:2], np.ones(2))


def test_near_duplicates_are_the_highest_pairs():
    result, _ = _grouped_result(noise=1)
    pairs = near_duplicates(result, 5)
    mutual = read_mutual_elasticity(result)
    above = np.sort(mutual[np.triu_indices(20, 1)])[::-1]
    assert_close(pairs["mutual_elasticity"], above[:5])
    ids, labels = result["source"].values, result["source_label"].values
    for pair in range(5):
        first, second = (int(np.flatnonzero(ids == pairs[name].values[pair])[0])
                         for name in ("first", "second"))  # fmt: skip
        assert first < second
        assert_close(mutual[first, second], above[pair])
        assert pairs["first_label"].values[pair] == labels[first]
        assert pairs["second_label"].values[pair] == labels[second]


def test_near_duplicates_leave_out_undefined_pairs_and_count_them():
    result, _ = _grouped_result()
    result[3] = np.nan
    pairs = near_duplicates(result.drop_vars("source_label"), 1000)
    assert pairs.sizes["pair"] == 19 * 18 // 2
    assert pairs.attrs["num_undefined"] == 19
    assert "x3" not in {*pairs["first"].values, *pairs["second"].values}
    assert "first_label" not in pairs


def test_wrong_labels_stand_out():
    result, groups = _grouped_result((30, 30, 30), noise=0.4)
    classes = np.array(["ant", "bee", "cat"])
    labels = classes[groups]
    wrong = [5, 40, 77]
    labels[wrong] = classes[(groups[wrong] + 1) % 3]
    odd = odd_ones_out(result, labels, votes_of="neighbors")
    assert set(np.argsort(-odd["score"].values)[:3].tolist()) == set(wrong)
    assert odd["suggested_label"].values[wrong].tolist() == classes[groups[wrong]].tolist()
    assert (odd["score"].values[wrong] > 0).all()
    assert (np.delete(odd["score"].values, wrong) < 0).all()
    assert odd.attrs["num_neighbors"] == 7


@pytest.mark.parametrize("num_neighbors", [4, 26])
def test_the_score_is_a_difference_of_mean_votes(num_neighbors: int):
    """With all others as neighbors some move the other way, and have no vote."""
    result, groups = _grouped_result((10, 9, 8), noise=1.5)
    labels = np.array(["ant", "bee", "cat"])[groups]
    odd = odd_ones_out(result, labels, votes_of="neighbors", num_neighbors=num_neighbors)
    mutual = read_mutual_elasticity(result)
    for source in range(27):
        others = sorted(set(range(27)) - {source}, key=lambda other: -mutual[source, other])
        votes = dict.fromkeys(["ant", "bee", "cat"], 0.0)
        for other in others[:num_neighbors]:
            votes[labels[other]] += max(mutual[source, other], 0)
        own = votes.pop(labels[source])
        best = max(votes, key=lambda label: votes[label])
        assert_close(odd["own_vote"].values[source] + 1, own / num_neighbors + 1)
        assert_close(odd["suggested_vote"].values[source] + 1, votes[best] / num_neighbors + 1)
        assert_close(odd["score"].values[source] + 2, (votes[best] - own) / num_neighbors + 2)
        assert odd["suggested_label"].values[source] == (best if votes[best] > 0 else "")


def test_labels_of_the_result_are_the_default():
    result, _ = _grouped_result()
    xr.testing.assert_identical(
        odd_ones_out(result), odd_ones_out(result, result["source_label"].values)
    )


def test_a_source_that_moves_with_nobody_has_no_score():
    values = np.eye(4) + 0.5 * np.ones((4, 4))
    values[1] = np.nan
    odd = odd_ones_out(make_result(values, list("aabb")), num_neighbors=2)
    assert np.isnan(odd["score"].values).tolist() == [False, True, False, False]
    assert odd["suggested_label"].values[1] == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda result: result.isel(probe=slice(3)), "17 of 20 sources are not among the probes"),
        (
            lambda result: result.expand_dims(layer=2),
            r"further dimensions \['layer'\]; choose one at a time, .* result.isel\(layer=0\)",
        ),
        (
            lambda result: result.assign_coords(source=result["source"][[0] * 20].values),
            "ids along source are not unique",
        ),
    ],
)
def test_results_that_are_refused(change, message: str):  # noqa: ANN001
    result = change(_grouped_result()[0])
    for read in (lambda array: cluster_by_elasticity(array, 2), near_duplicates, odd_ones_out):
        with pytest.raises(InputError, match=message):
            read(result)


def test_labels_and_counts_that_are_refused():
    result, _ = _grouped_result()
    with pytest.raises(InputError, match="count is 0; ask for at least 1 pair"):
        near_duplicates(result, 0)
    with pytest.raises(InputError, match=r"labels have shape \(3,\) and the result has 20"):
        odd_ones_out(result, np.array(["a", "b", "c"]))
    with pytest.raises(InputError, match="all 20 sources have the label 7; give at least 2"):
        odd_ones_out(result, np.full(20, 7))
    with pytest.raises(InputError, match="the result has no labels; pass labels"):
        odd_ones_out(result.drop_vars("source_label"))
