import numpy as np
import pytest
import xarray as xr

from neurashed.plots import choose_color_scale


def test_values_of_one_sign_run_through_one_scale() -> None:
    scale = choose_color_scale(xr.DataArray(np.linspace(0.0, 1.0, 101)))
    assert scale.name == "cividis"
    assert (scale.low, scale.high) == pytest.approx((0.01, 0.99))
    assert scale.is_clipped


def test_values_of_both_signs_meet_at_zero() -> None:
    scale = choose_color_scale(xr.DataArray(np.array([-4.0, 1.0, 2.0])))
    assert scale.low == -scale.high
    middle = scale.stops(3)[1]
    assert middle[0] == 0.5
    red, green, blue = (int(middle[1][at : at + 2], 16) for at in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) <= 2


def test_one_huge_response_does_not_hide_the_others() -> None:
    values = np.ones((100, 100))
    values[0, 0] = 1e9
    values[1:50] = 0.0
    assert choose_color_scale(xr.DataArray(values)).high == 1.0


@pytest.mark.parametrize("values", [[np.nan, np.nan], [2.0, 2.0], [np.inf, 1.0]])
def test_a_scale_always_has_two_ends(values: list[float]) -> None:
    scale = choose_color_scale(xr.DataArray(values))
    assert np.isfinite([scale.low, scale.high]).all()
    assert scale.low < scale.high
