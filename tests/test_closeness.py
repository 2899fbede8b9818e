"""The comparison that other tests trust raises when it should."""

import numpy as np
import pytest
import torch
import xarray as xr
from closeness import TOLERANCES, assert_close

EXPECTED = np.array([[1.0, -4.0], [np.nan, 0.0]])


def test_equal_arrays_of_every_kind_agree():
    assert_close(torch.tensor(EXPECTED), xr.DataArray(EXPECTED, dims=("source", "probe")))
    assert_close(np.zeros((0, 3)), np.zeros((0, 3)))
    assert_close(2.0, 2.0)


@pytest.mark.parametrize("kind", TOLERANCES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_errors_are_relative_to_the_largest_value(kind: str, dtype: str):
    allowed = TOLERANCES[kind][dtype] * 4
    assert_close(EXPECTED + 0.9 * allowed, EXPECTED, kind=kind, dtype=dtype)
    with pytest.raises(AssertionError, match=r"of the scale 4, allowed"):
        assert_close(EXPECTED + 1.1 * allowed, EXPECTED, kind=kind, dtype=dtype)


def test_the_less_precise_array_sets_the_tolerance():
    single = torch.tensor(EXPECTED, dtype=torch.float32)
    assert_close(single + 1e-5, EXPECTED)
    with pytest.raises(AssertionError, match="allowed 1e-10"):
        assert_close(EXPECTED + 1e-5, EXPECTED)


def test_the_worst_place_is_named():
    actual = EXPECTED.copy()
    actual[0, 1] = -5
    with pytest.raises(AssertionError, match=r"at \(0, 1\): .*-5.0.*, expected .*-4.0"):
        assert_close(actual, EXPECTED)


@pytest.mark.parametrize("value", [1.0, np.inf, -np.inf])
def test_nan_must_be_where_it_is_expected(value: float):
    actual = EXPECTED.copy()
    actual[1, 0] = value
    with pytest.raises(AssertionError, match=r"1 values are NaN or infinite .* at \(1, 0\)"):
        assert_close(actual, EXPECTED)


def test_values_must_not_be_nan_elsewhere():
    actual = EXPECTED.copy()
    actual[0, 0] = np.nan
    with pytest.raises(AssertionError, match=r"at \(0, 0\): .*nan.*, expected .*1.0"):
        assert_close(actual, EXPECTED)


def test_infinities_agree_by_sign():
    assert_close(np.array([np.inf, 1]), np.array([np.inf, 1]))
    with pytest.raises(AssertionError, match="NaN or infinite"):
        assert_close(np.array([np.inf, 1]), np.array([-np.inf, 1]))


def test_shapes_must_agree():
    with pytest.raises(AssertionError, match=r"shape \(1, 2, 2\), expected \(2, 2\)"):
        assert_close(EXPECTED[None], EXPECTED)


def test_zeros_are_compared_with_one_or_a_given_scale():
    assert_close(np.full(3, 1e-11), np.zeros(3))
    with pytest.raises(AssertionError, match="of the scale 1e-06"):
        assert_close(np.full(3, 1e-11), np.zeros(3), scale=1e-6)


def test_a_wider_tolerance_needs_a_reason():
    with pytest.raises(ValueError, match="a tolerance of its own needs a reason"):
        assert_close(1.0, 1.0, factor=10)
    assert_close(1 + 5e-10, 1.0, factor=10, reason="to test the factor")
