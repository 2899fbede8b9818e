"""Top probes on the page: read, searched for pairs, and shown in a browser."""

import numpy as np
import pytest
import xarray as xr
from result_cases import random_result

from neurashed.clustering import near_duplicates, odd_ones_out
from neurashed.errors import InputError
from neurashed.report.ranked import read_ranked
from neurashed.report.ranked_pairs import closest_pairs, find_known_pairs, odd_sources


def rank(result: xr.DataArray, k: int) -> xr.Dataset:
    """Return the top probes of a result, by sorting every row."""
    sizes = np.abs(result.values)
    np.fill_diagonal(sizes, -1)
    places = np.argsort(-sizes, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(result.values, places, axis=1)
    variables = {"value": (("source", "rank"), values), "place": (("source", "rank"), places)}
    return xr.Dataset(variables, coords=result.coords, attrs=result.attrs)


def make_kernel(num_examples: int = 30) -> xr.DataArray:
    """Return a kernel, symmetric, whose sources differ in size."""
    rows = np.random.default_rng(0).normal(size=(num_examples, 5))
    return random_result(num_examples=num_examples).copy(data=rows @ rows.T)


def test_with_all_ranks_pairs_are_those_of_the_matrix() -> None:
    for result in (random_result(num_examples=30), make_kernel()):
        ranked = read_ranked(result, rank(result, 29))
        known = find_known_pairs(ranked, is_symmetric=False)
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
    known = find_known_pairs(read_ranked(result, rank(result, 29)), is_symmetric=False)
    wanted = odd_ones_out(result, votes_of="neighbors")
    found = odd_sources(known, classes, 30)
    assert found
    for one in found:
        assert one.score == pytest.approx(wanted["score"].values[one.place])
        assert names[one.suggested] == wanted["suggested_label"].values[one.place]
    assert len(found) == (wanted["score"].values > 0).sum()


def test_of_a_symmetric_measure_one_direction_is_enough() -> None:
    result = make_kernel()
    ranked = read_ranked(result, rank(result, 3))
    both = find_known_pairs(ranked, is_symmetric=False)
    one = find_known_pairs(ranked, is_symmetric=True)
    assert len(one.values) > len(both.values)
    sizes = np.sqrt(np.diag(result.values))
    cosines = result.values / np.outer(sizes, sizes)
    assert one.values == pytest.approx(cosines[one.first, one.second])
    assert set(zip(both.first, both.second, strict=True)) <= set(
        zip(one.first, one.second, strict=True)
    )


def test_undefined_and_missing_probes_make_no_pair() -> None:
    result = make_kernel(6)
    top = rank(result, 2)
    top["place"][0, 1] = -1
    top["value"][1, 0] = np.nan
    result[2, 2] = 0.0
    known = find_known_pairs(read_ranked(result, top), is_symmetric=True)
    assert np.isfinite(known.values).all()
    assert 2 not in known.first
    assert (known.second >= 0).all()


def test_top_probes_of_other_examples_are_refused() -> None:
    with pytest.raises(InputError, match="the top probes have 4 sources and other ids than"):
        read_ranked(random_result(), rank(random_result(num_examples=4), 2))


def test_more_examples_than_a_page_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurashed.report.ranked._MOST_SOURCES", 10)
    result = random_result(num_examples=12)
    with pytest.raises(InputError, match="holds up to 10 examples and this result has 12"):
        read_ranked(result, rank(result, 2))


def test_what_sources_do_to_themselves_is_read_if_they_are_the_probes() -> None:
    result = random_result()
    own = read_ranked(result, rank(result, 2)).own
    assert np.array_equal(own, np.diag(result.values))
    others = result.isel(probe=slice(1, None))
    top = rank(result, 2).isel(probe=slice(1, None))
    assert read_ranked(others, top).own is None
