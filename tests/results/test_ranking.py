"""Nearest probes, and orders that put look-alikes together."""

import numpy as np
import pytest
from result_cases import make_result, random_result

from neurashed.errors import InputError
from neurashed.results import blocks, nearest_probes, order_by_similarity, read_thumbnails


def test_nearest_probes_are_sorted_by_magnitude_without_the_source():
    values = np.array([[9.0, -3.0, 1.0, np.nan, 2.0]] * 5)
    nearest = nearest_probes(make_result(values, list("aabbb")), "x0", k=10)
    assert nearest["probe"].values.tolist() == ["x1", "x4", "x2"]
    assert nearest.values.tolist() == [-3, 2, 1]
    assert nearest["probe_label"].values.tolist() == ["a", "b", "b"]
    assert nearest["source"].item() == "x0"
    images = read_thumbnails(nearest, "probe")
    assert images is not None
    assert images.shape == (3, 4, 3)


def test_ties_keep_the_order_of_the_result_and_k_cuts():
    nearest = nearest_probes(make_result(np.ones((4, 4)), list("aabb")), "x2", k=2)
    assert nearest["probe"].values.tolist() == ["x0", "x1"]


def test_a_probe_of_another_set_is_never_the_source():
    result = make_result(np.ones((2, 2)), ["a", "b"], ["a", "b"])
    assert nearest_probes(result, "x0").sizes == {"probe": 2}


@pytest.mark.parametrize(
    ("source", "k", "message"),
    [
        ("x99", 3, "no source has the id 'x99'"),
        (0, 3, "no source has the id 0"),
        ("x0", 0, "k is 0"),
    ],
)
def test_nearest_probes_refuses(source: str | int, k: int, message: str):
    with pytest.raises(InputError, match=message):
        nearest_probes(random_result(), source, k)


def _blocks(num_examples: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Return three hidden groups in random order, and values that follow them."""
    generator = np.random.default_rng(0)
    groups = generator.permutation(np.arange(num_examples) % 3)
    values = (groups[:, None] == groups) + 0.1 * generator.random((num_examples, num_examples))
    return groups, values


def _num_changes(groups: np.ndarray) -> int:
    return int((np.diff(groups) != 0).sum())


def test_hidden_groups_stand_together_and_one_order_serves_both_axes():
    groups, values = _blocks()
    shuffled = np.random.default_rng(1).permutation(24)
    result = make_result(values, ["a"] * 24).isel(probe=shuffled)
    sources, probes = order_by_similarity(result)
    assert sorted(sources) == sorted(probes) == list(range(24))
    assert _num_changes(groups) > 5
    assert _num_changes(groups[sources]) == 2
    assert np.array_equal(result["source"].values[sources], result["probe"].values[probes])


def test_columns_count_as_much_as_rows():
    """All rows are nearly alike: only columns show the groups."""
    generator = np.random.default_rng(0)
    groups = generator.permutation(np.arange(24) % 3)
    profiles = 1 + 0.3 * generator.normal(size=(24, 3))
    shuffled = generator.permutation(24)
    result = make_result(profiles[:, groups], ["a"] * 24).isel(probe=shuffled)
    sources, probes = order_by_similarity(result)
    assert _num_changes(groups[sources]) == 2
    assert _num_changes(groups[shuffled][probes]) == 2


def test_axes_of_different_examples_have_their_own_orders():
    groups, values = _blocks()
    result = make_result(values[:, :15], ["a"] * 24, ["a"] * 15)
    sources, probes = order_by_similarity(result)
    assert _num_changes(groups[sources]) == 2
    assert _num_changes(groups[:15][probes]) == 2


def test_undefined_and_empty_rows_are_no_obstacle():
    result = make_result(np.zeros((5, 5)), list("aabbb"))
    result[2] = np.nan
    sources, probes = order_by_similarity(result)
    assert sorted(sources) == sorted(probes) == list(range(5))


def test_large_results_are_ordered_without_turning_leaves():
    groups, values = _blocks(450)
    sources, _ = order_by_similarity(make_result(values, ["a"] * 450))
    assert _num_changes(groups[sources]) == 2


@pytest.mark.parametrize("num_examples", [1, 2])
def test_one_or_two_examples_need_no_order(num_examples: int):
    result = make_result(np.ones((num_examples, num_examples)), ["a"] * num_examples)
    assert order_by_similarity(result)[0].tolist() == list(range(num_examples))


def test_refuses_to_order_a_large_result(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(blocks, "MOST_PAIRS_AT_ONCE", 100)
    with pytest.raises(InputError, match="needs the distances of all 12 sources at once; order a"):
        order_by_similarity(random_result())
