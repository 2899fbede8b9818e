"""What must hold for every result, tried on many."""

import tempfile
from pathlib import Path
from random import Random

import hypothesis.extra.numpy as hnp
import numpy as np
import xarray as xr
from closeness import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from result_cases import make_result

from neurashed.results import (
    class_table,
    content_checksum,
    elasticity_strength,
    nearest_probes,
    open_result,
    order_by_similarity,
    save_result,
)
from neurashed.typing import Statistic

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
POSITIVE = st.floats(0.01, 100)
STATISTICS = st.sampled_from(["median", "mean", "ratio_of_means"])


Case = tuple[np.ndarray, list[str], np.ndarray]


@st.composite
def cases(draw: st.DrawFn, elements: st.SearchStrategy[float] = POSITIVE) -> Case:
    """Return values, labels and self-responses of two to nine examples."""
    num_examples = draw(st.integers(2, 9))
    values = draw(hnp.arrays(np.float64, (num_examples, num_examples), elements=elements))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=num_examples, max_size=num_examples))
    scale = draw(hnp.arrays(np.float64, num_examples, elements=st.floats(0.5, 2)))
    return values, labels, scale


def _build(case: Case) -> xr.DataArray:
    values, labels, scale = case
    return make_result(values, labels, self_response=scale)


@given(cases(st.floats(width=64)), st.lists(TEXTS, min_size=9, max_size=9))
@settings(max_examples=15)
def test_any_result_survives_the_disk(case: Case, texts: list[str]):
    result = _build(case)
    some = np.array(texts[: len(result)])
    result = result.assign_coords(source_text=("source", some), probe_label=("probe", some))
    with tempfile.TemporaryDirectory() as folder:
        back = open_result(save_result(result, Path(folder) / "r.zarr"), verify="checksums")
        assert content_checksum(back) == content_checksum(result)
        assert back.identical(result)


@given(cases(), st.randoms(use_true_random=False), STATISTICS)
@settings(max_examples=40)
def test_order_of_examples_means_nothing(case: Case, random: Random, statistic: Statistic):
    result = _build(case)
    rows, columns = ([*range(len(result))] for _ in range(2))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = result.isel(source=rows, probe=columns)
    one, other = (
        class_table(each, statistic=statistic, num_bootstrap=10) for each in (result, shuffled)
    )
    for name in ("value", "low", "high", "count", "num_undefined"):
        assert_close(other[name], one[name])
    before, after = (
        vars(elasticity_strength(each, statistic=statistic, num_bootstrap=10))
        for each in (result, shuffled)
    )
    assert_close(np.array([*after.values()]), np.array([*before.values()]))


@given(cases(), STATISTICS)
@settings(max_examples=40)
def test_a_summary_lies_between_the_extremes(case: Case, statistic: Statistic):
    result = _build(case)
    table = class_table(result, statistic=statistic, num_bootstrap=10)
    full = table["count"].values > 0
    slack = 1 + 1e-12
    values = table["value"].values[full]
    assert (values <= result.values.max() * slack).all()
    assert (values * slack >= result.values.min()).all()
    assert np.isnan(table["value"].values[~full]).all()
    assert not (table["low"] > table["high"]).any()


@given(cases(), STATISTICS, st.booleans())
@settings(max_examples=40)
def test_pairs_are_counted_once(case: Case, statistic: Statistic, include_diagonal: bool):
    result = _build(case)
    arguments = {"statistic": statistic, "include_diagonal": include_diagonal, "num_bootstrap": 0}
    table = class_table(result, **arguments)
    strength = elasticity_strength(result, **arguments)
    num_pairs = result.size - (0 if include_diagonal else len(result))
    assert table["count"].sum() == num_pairs
    assert strength.num_within + strength.num_between == num_pairs
    assert np.isnan(strength.value) or 0 <= strength.value <= 1


@given(cases(st.floats(-5, 5) | st.just(np.nan)))
@settings(max_examples=40)
def test_nearest_probes_are_the_largest(case: Case):
    result = _build(case)
    nearest = nearest_probes(result, "x0", k=3)
    others = np.abs(result.values[0, 1:])
    expected = np.sort(others[np.isfinite(others)])[::-1][:3]
    assert np.array_equal(np.abs(nearest.values), expected)


@given(cases(st.floats(-5, 5) | st.just(np.nan)))
@settings(max_examples=40)
def test_similarity_orders_are_permutations(case: Case):
    result = _build(case)
    for order in order_by_similarity(result):
        assert sorted(order) == list(range(len(result)))
