"""Pairs and odd ones by top probes, against those of the whole result."""

import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.clustering import (
    KnownPairs,
    closest_pairs,
    find_known_pairs,
    near_duplicates,
    odd_ones_out,
    odd_sources,
)


def rank(result: xr.DataArray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values and places of the top probes of a result, by sorting every row."""
    sizes = np.abs(result.values)
    np.fill_diagonal(sizes, -1)
    places = np.argsort(-sizes, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(result.values, places, axis=1), places


def find(result: xr.DataArray, k: int, *, is_symmetric: bool) -> KnownPairs:
    return find_known_pairs(*rank(result, k), np.diag(result), is_symmetric=is_symmetric)


def make_kernel(num_examples: int = 30) -> xr.DataArray:
    """Return a kernel, symmetric, whose sources differ in size."""
    rows = np.random.default_rng(0).normal(size=(num_examples, 5))
    return random_result(num_examples=num_examples).copy(data=rows @ rows.T)


def test_with_all_ranks_pairs_are_those_of_the_matrix() -> None:
    for result in (random_result(num_examples=30), make_kernel()):
        known = find(result, 29, is_symmetric=False)
        wanted = near_duplicates(result, 7)
        found = closest_pairs(known, 7)
        ids = result["source"].values
        assert [ids[first] for first, _, _ in found] == wanted["first"].values.tolist()
        assert [ids[second] for _, second, _ in found] == wanted["second"].values.tolist()
        values = [value for _, _, value in found]
        assert values == pytest.approx(wanted["mutual_elasticity"].values)


def test_with_all_ranks_odd_ones_are_those_of_the_matrix() -> None:
    result = random_result(num_examples=30)
    names, classes = np.unique(result["source_label"].values, return_inverse=True)
    known = find(result, 29, is_symmetric=False)
    wanted = odd_ones_out(result, votes_of="neighbors")
    found = odd_sources(known, classes, 30)
    assert found
    for one in found:
        assert one.score == pytest.approx(wanted["score"].values[one.place])
        assert names[one.suggested] == wanted["suggested_label"].values[one.place]
    assert len(found) == (wanted["score"].values > 0).sum()


def test_of_a_symmetric_measure_one_direction_is_enough() -> None:
    result = make_kernel()
    both = find(result, 3, is_symmetric=False)
    one = find(result, 3, is_symmetric=True)
    assert len(one.values) > len(both.values)
    sizes = np.sqrt(np.diag(result.values))
    cosines = result.values / np.outer(sizes, sizes)
    assert one.values == pytest.approx(cosines[one.first, one.second])
    assert set(zip(both.first, both.second, strict=True)) <= set(
        zip(one.first, one.second, strict=True)
    )


def test_undefined_and_missing_probes_make_no_pair() -> None:
    result = make_kernel(6)
    values, places = rank(result, 2)
    places[0, 1], values[0, 1], values[1, 0] = -1, np.nan, np.nan
    result[2, 2] = 0.0
    known = find_known_pairs(values, places, np.diag(result), is_symmetric=True)
    assert np.isfinite(known.values).all()
    assert 2 not in known.first
    assert (known.second >= 0).all()
