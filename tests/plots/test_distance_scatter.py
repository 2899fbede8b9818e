import numpy as np
import pytest
import xarray as xr
from result_cases import make_result

from neurashed.errors import InputError
from neurashed.plots import plot_distance_scatter, plot_points


def _over_distance() -> xr.DataArray:
    places = np.array([0.0, 1.0, 3.0, 7.0])
    distances = np.abs(places[:, None] - places)
    values = 1 / (1 + distances)
    values[0, 3] = np.nan
    result = make_result(values, list("abab"))
    return result.assign_coords(geodesic=(("source", "probe"), distances))


def test_every_pair_is_a_dot_at_its_distance() -> None:
    result = _over_distance()
    ax = plot_distance_scatter(result)
    dots = np.asarray(ax.collections[0].get_offsets())
    is_drawn = ~np.eye(4, dtype=bool) & np.isfinite(result.values)
    expected = np.stack([result["geodesic"].values[is_drawn], result.values[is_drawn]], axis=1)
    assert np.array_equal(dots, expected)
    assert ax.get_xlabel() == "geodesic distance"
    assert ax.get_title() == "1 undefined left out"


def test_the_line_joins_medians_from_near_to_far() -> None:
    result = _over_distance().fillna(0.0)
    across, up = plot_distance_scatter(result).lines[0].get_data()
    assert (np.diff(across) >= 0).all()
    assert up[0] == 0.5
    assert across[-1] == 7.0


def test_another_distance_is_taken_by_its_name() -> None:
    result = _over_distance().rename(geodesic="angle")
    ax = plot_distance_scatter(result.T, distance="angle")
    assert ax.get_xlabel() == "angle distance"
    with pytest.raises(InputError, match="no distance 'geodesic' of each source and probe"):
        plot_distance_scatter(result)


@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_points_are_drawn_where_they_are(num_coordinates: int) -> None:
    places = np.random.default_rng(0).random((6, num_coordinates))
    labels = ("example", list("xyxyxy"))
    points = xr.DataArray(places, dims=("example", "coordinate"), coords={"label": labels})
    ax = plot_points(points)
    assert [each.get_label() for each in ax.collections] == ["x", "y"]
    if num_coordinates == 2:
        assert np.allclose(np.asarray(ax.collections[0].get_offsets()), places[::2])
    with pytest.raises(InputError, match="6 coordinates and 2 classes"):
        plot_points(xr.DataArray(np.ones((6, 6)), dims=points.dims, coords=points.coords))
