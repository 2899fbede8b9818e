"""The strength of local elasticity at its fixed points."""

import math

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from result_cases import make_result, random_result, summarize_slowly

from neurashed.errors import InputError
from neurashed.results import Strength, elasticity_strength
from neurashed.typing import Statistic

STATISTICS = ["median", "mean", "ratio_of_means"]


def _from_blocks(within: float, between: float, num_examples: int = 8) -> xr.DataArray:
    labels = [f"class {number % 2}" for number in range(num_examples)]
    same = np.array(labels)[:, None] == labels
    return make_result(
        np.where(same, float(within), float(between)),
        labels,
        self_response=np.arange(1.0, num_examples + 1),
    )


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(
    ("within", "between", "expected"), [(1, 0, 1), (0, 1, 0), (0.3, 0.3, 0.5), (3, 1, 0.75)]
)
def test_fixed_points(statistic: Statistic, within: float, between: float, expected: float):
    strength = elasticity_strength(_from_blocks(within, between), statistic=statistic)
    assert_close(np.array([strength.value, strength.low, strength.high]), np.full(3, expected))
    assert_close(np.array([strength.within, strength.between]), np.array([within, between], float))
    assert (strength.num_within, strength.num_between, strength.num_undefined) == (24, 32, 0)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("include_diagonal", [False, True])
def test_agrees_with_the_definition(statistic: Statistic, include_diagonal: bool):
    result = random_result(5)
    result[0, 1], result[3, 3] = np.nan, np.nan
    strength = elasticity_strength(
        result, statistic=statistic, include_diagonal=include_diagonal, num_bootstrap=5
    )
    labels = result["source_label"].values
    same = labels[:, None] == labels
    counts = np.ones(result.shape, bool) if include_diagonal else ~np.eye(12, dtype=bool)
    within = summarize_slowly(result, statistic, same & counts)
    between = summarize_slowly(result, statistic, ~same & counts)
    assert_close(strength.value, within / (within + between))
    assert strength.num_undefined == (2 if include_diagonal else 1)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("scale", [1e-200, 1e-3, 7.0, 1e200])
def test_scale_does_not_matter(statistic: Statistic, scale: float):
    result = random_result(2)
    plain, scaled = (
        elasticity_strength(each, statistic=statistic)
        for each in (result, result.copy(data=result.values * scale))
    )
    for name in ("value", "low", "high"):
        assert_close(getattr(scaled, name), getattr(plain, name))


def test_labels_that_mean_nothing_give_one_half():
    generator = np.random.default_rng(0)
    labels = generator.choice(["a", "b", "c"], size=150).tolist()
    strength = elasticity_strength(make_result(generator.gamma(2.0, size=(150, 150)), labels))
    assert abs(strength.value - 0.5) < 0.01
    assert strength.low < 0.5 < strength.high


def test_signs_are_dropped():
    generator = np.random.default_rng(0)
    result = _from_blocks(3, 1)
    signs = generator.choice([-1.0, 1.0], size=result.shape)
    signed = result.copy(data=result.values * signs)
    for statistic in STATISTICS:
        assert elasticity_strength(signed, statistic=statistic).value == 0.75


def test_finer_labels():
    result = random_result()
    by_fine = elasticity_strength(result, labels="fine_label")
    assert by_fine.num_within < elasticity_strength(result).num_within


@pytest.mark.parametrize(
    "result",
    [
        make_result(np.zeros((4, 4)), list("aabb")),
        make_result(np.ones((4, 4)), list("abcd")),
        make_result(np.ones((4, 4)), list("aaaa")),
        make_result(np.full((4, 4), np.nan), list("aabb")),
    ],
    ids=["nothing moves", "no pair within", "no pair between", "all undefined"],
)
def test_undefined_strengths_are_nan(result: xr.DataArray):
    strength = elasticity_strength(result)
    assert math.isnan(strength.value)
    assert math.isnan(strength.low)


def test_examples_alone_in_their_class_give_no_interval():
    result = make_result(np.full((2, 2), 0.5), ["a", "b"])
    strength = elasticity_strength(result, include_diagonal=True)
    assert strength == Strength(0.5, strength.low, strength.high, 0.5, 0.5, 2, 2, 0)
    assert math.isnan(strength.low)
    assert math.isnan(strength.high)


def test_needs_labels():
    with pytest.raises(InputError, match=r"has no source_label, .* give Examples labels"):
        elasticity_strength(random_result().drop_vars("source_label"))
