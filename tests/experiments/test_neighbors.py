"""Which examples go with one."""

import numpy as np
import pytest
import xarray as xr

from neurashed.errors import InputError
from neurashed.experiments.neighbors import find_by_pixels, find_by_response
from neurashed.results import AxisLabels, label_elasticity

PICTURES = np.array([[[0, 0]], [[0, 9]], [[50, 0]], [[60, 3]]], dtype=np.uint8)


@pytest.fixture
def result():
    axis = AxisLabels(
        ids=np.array([10, 11, 12, 13]), labels=np.array(["a", "a", "b", "b"]), thumbnails=PICTURES
    )
    values = np.array([
        [1, 0.2, -0.9, 0.1],
        [0.3, 1, 0.1, np.nan],
        [0.1, 0.2, 1, 0.8],
        [0.5, 0.1, 0.4, 1],
    ])
    return label_elasticity(
        values, sources=axis, probes=axis, name="relative", units="1", provenance={}
    )


def test_response_orders_by_magnitude_and_leaves_the_source_out(result: xr.DataArray):
    found = find_by_response(result, 10, 2)
    assert found.ids.tolist() == [12, 11]
    assert found.labels.tolist() == ["b", "a"]
    assert found.values.tolist() == [-0.9, 0.2]
    assert np.array_equal(found.thumbnails, PICTURES[[2, 1]])
    # Two neighbors each: {b, a}, {a, b}, {b, a}, {a, b}.
    assert found.share_of_kind == 0.5


def test_undefined_pairs_come_last(result: xr.DataArray):
    assert find_by_response(result, 11, 3).ids.tolist() == [10, 12, 13]


def test_pixels_order_by_distance(result: xr.DataArray):
    found = find_by_pixels(result, 10, 3)
    assert found.ids.tolist() == [11, 12, 13]
    assert found.values == pytest.approx([9, 50, np.hypot(60, 3)])
    assert find_by_pixels(result, 10, 1).share_of_kind == 1.0


def test_unknown_source_is_refused(result: xr.DataArray):
    with pytest.raises(InputError, match="no source has the id 99; the first are"):
        find_by_response(result, 99, 1)
