"""Summaries of a large result, read block by block, against those of a small one."""

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from result_cases import make_result, random_result

from neurashed.errors import InputError
from neurashed.results import blocks, class_table, elasticity_strength, value_histograms


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every result count as large, and read it in many blocks."""
    monkeypatch.setattr(blocks, "MOST_PAIRS_AT_ONCE", 0)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 4_000)
    monkeypatch.setattr(value_histograms, "_PAIRS_AT_ONCE", 100)


def awkward_result(dtype: str) -> xr.DataArray:
    """Return a result with many sizes, ties, zeros, undefined pairs and a lone class."""
    generator = np.random.default_rng(5)
    values = generator.normal(size=(61, 61)) * 10.0 ** generator.integers(-6, 7, size=(61, 61))
    values[generator.random(values.shape) < 0.2] = 0.25
    values[generator.random(values.shape) < 0.1] = -0.0
    values[3, 4], values[5], values[6, 7] = np.nan, -np.inf, np.inf
    labels = [f"class {number % 3}" for number in range(60)] + ["lone"]
    response = generator.gamma(2.0, size=61)
    return make_result(values.astype(dtype), labels, self_response=response)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("statistic", ["median", "mean", "ratio_of_means"])
@pytest.mark.parametrize("include_diagonal", [False, True])
def test_values_and_counts_are_those_of_a_small_result(
    request: pytest.FixtureRequest, dtype: str, statistic: str, *, include_diagonal: bool
) -> None:
    result = awkward_result(dtype)
    settings = {"statistic": statistic, "include_diagonal": include_diagonal, "num_bootstrap": 0}
    small = class_table(result, **settings), elasticity_strength(result, **settings)
    request.getfixturevalue("everything_is_large")
    table, strength = class_table(result, **settings), elasticity_strength(result, **settings)
    # A median is exact for values in float32, and rounded to it for others.
    relative = 1e-6 if (statistic, dtype) == ("median", "float64") else 1e-12
    np.testing.assert_allclose(table["value"], small[0]["value"], rtol=relative)
    for name in ("count", "num_undefined"):
        np.testing.assert_array_equal(table[name], small[0][name])
    assert strength.value == pytest.approx(small[1].value, rel=relative)
    assert strength.num_undefined == small[1].num_undefined
    assert (strength.num_within, strength.num_between) == (
        small[1].num_within,
        small[1].num_between,
    )
    assert table.attrs == small[0].attrs


@pytest.mark.parametrize("statistic", ["median", "mean", "ratio_of_means"])
def test_intervals_are_close_to_those_of_a_small_result(
    request: pytest.FixtureRequest, statistic: str
) -> None:
    result = random_result(num_examples=240, num_classes=2).astype(np.float32)
    # Examples differ, as in any network: what intervals leave out is small beside that.
    effects = np.random.default_rng(2).gamma(2.0, size=(2, 240))
    result.values[:] = effects[0][:, None] + effects[1] + result.values
    small = (
        class_table(result, statistic=statistic),
        elasticity_strength(result, statistic=statistic),
    )
    request.getfixturevalue("everything_is_large")
    table = class_table(result, statistic=statistic)
    strength = elasticity_strength(result, statistic=statistic)
    width = small[0]["high"] - small[0]["low"]
    for end in ("low", "high"):
        assert float((np.abs(table[end] - small[0][end]) / width).max()) < 0.12
        off = abs(getattr(strength, end) - getattr(small[1], end))
        assert off < 0.12 * (small[1].high - small[1].low)


@pytest.mark.usefixtures("everything_is_large")
def test_a_single_class_has_no_pairs_between() -> None:
    strength = elasticity_strength(random_result(num_classes=1), statistic="median")
    assert np.isnan(strength.between)
    assert np.isnan(strength.value)
    assert strength.num_between == 0


@pytest.mark.usefixtures("everything_is_large")
def test_refuses_medians_of_too_many_pairs_of_classes() -> None:
    result = random_result(num_examples=33, num_classes=33)
    with pytest.raises(InputError, match="there are 1089 pairs of classes, and medians of a"):
        class_table(result, statistic="median")
    assert_close(class_table(result, statistic="mean")["count"].sum().item(), 33.0 * 32)
