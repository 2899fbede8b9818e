"""How far stored numbers are from the computed ones."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurashed.errors import InputError
from neurashed.results.tiled import Storage, measure_error, pack, unpack

# Float32 numbers whose row scales are normal; the smallest are rounded as they are everywhere.
NUMBERS = st.one_of(
    st.floats(-(2.0**120), 2.0**120, width=32, allow_subnormal=False)
    .map(lambda x: x if abs(x) > 1e-30 else 0.0),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 65504.0, 2.0**120, 1e-30]),
)  # fmt: skip
TILES = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2), elements=NUMBERS)


@given(TILES)
def test_float16_error(values: np.ndarray):
    kept = unpack(pack(values, Storage("float16")), Storage("float16")).astype(np.float64)
    largest = np.abs(values.astype(np.float64)).max(1, keepdims=True)
    bound = np.maximum(2.0**-11 * np.abs(values), 2.0**-39 * largest)
    assert (np.abs(kept - values) <= bound).all()


@given(TILES)
def test_int8_error(values: np.ndarray):
    kept = unpack(pack(values, Storage("int8")), Storage("int8")).astype(np.float64)
    largest = np.abs(values.astype(np.float64)).max(1, keepdims=True)
    assert (np.abs(kept - values) <= largest / 254 * (1 + 1e-5)).all()


@given(TILES)
def test_exact_types(values: np.ndarray):
    for dtype in ("float32", "float64"):
        kept = unpack(pack(values, Storage(dtype)), Storage(dtype))
        assert kept.dtype == dtype
        np.testing.assert_array_equal(kept, values)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8"])
def test_undefined_and_infinite(dtype: str):
    storage = Storage(dtype)
    values = np.array(
        [[np.nan, 1, -2, 0.5], [np.inf, 1, -2, 0.5], [-np.inf, np.nan, 0, 0], [np.nan] * 4],
        dtype=np.float32,
    )
    packed = pack(values, storage)
    expected = np.where(np.isinf(values), np.nan, values) if dtype == "int8" else values
    tolerance = 2 / 254 if dtype == "int8" else 0
    np.testing.assert_allclose(unpack(packed, storage), expected, rtol=0, atol=tolerance)
    assert 0 <= measure_error(values, packed, storage) <= 1 / 254


def test_more_rows_than_are_packed_at_once():
    values = np.random.default_rng(0).normal(size=(150, 7)).astype(np.float32)
    values *= np.logspace(-20, 20, 150, dtype=np.float32)[:, None]
    for dtype, bound in (("float16", 2**-11), ("int8", 1 / 254)):
        packed = pack(values, Storage(dtype))
        errors = np.abs(unpack(packed, Storage(dtype)) / values.astype(np.float64) - 1)
        assert (errors[np.arange(150), np.abs(values).argmax(1)] <= bound).all()
        assert 0 < measure_error(values, packed, Storage(dtype)) <= bound


def test_double_precision_in_fewer_bits():
    values = np.array([[1e-3, 1.0, -1.0]])
    found = unpack(pack(values, Storage("float16")), Storage("float16"))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, values, rtol=2**-11)


def test_bounds_are_said():
    assert Storage("int8").bound == "at most 1/254 of the largest value in its row of a tile"
    assert "2^-11 of a value, or 2^-39" in Storage("float16").bound


def test_unknown_names():
    with pytest.raises(InputError, match="the storage dtype is 'int4'; use one of float64, float"):
        Storage("int4")
    with pytest.raises(InputError, match="the triangle is 'upper'; use 'lower' or 'both'"):
        Storage(triangle="upper")
