"""From bare arrays to results: what is put on them, and what is refused."""

import numpy as np
import pytest
import xarray as xr
from result_cases import PROVENANCE, make_axis, make_result

from neurashed.errors import InputError, InputTypeError
from neurashed.results import AxisLabels, check_result, label_elasticity, read_thumbnails

_THREE = AxisLabels(np.arange(3))


def _label(values: np.ndarray, **changes: object) -> xr.DataArray:
    arguments = {
        "sources": AxisLabels(np.arange(2)),
        "probes": AxisLabels(np.arange(2)),
        "name": "relative",
        "units": "1",
        "provenance": {},
    }
    return label_elasticity(values, **(arguments | changes))


def test_result_carries_labels_units_and_provenance():
    result = make_result(np.eye(3), ["a", "b", "a"], self_response=np.array([1.0, 2.0, 3.0]))
    check_result(result)
    assert result.dims == ("source", "probe")
    assert result.name == "relative"
    assert result["source"].values.tolist() == ["x0", "x1", "x2"]
    assert result["probe_label"].values.tolist() == ["a", "b", "a"]
    assert result["source_fine_label"].values.tolist() == ["a/0", "b/1", "a/0"]
    assert result["probe_text"].values.tolist() == ["text 0", "text 1", "text 2"]
    assert result["self_response"].dims == ("source",)
    assert result.attrs["long_name"] == "relative elasticity"
    assert result.attrs["units"] == "1"
    assert result.attrs["provenance"] == PROVENANCE


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 3)])
def test_thumbnails_come_back_as_images(shape: tuple[int, ...]):
    images = np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)
    sources = AxisLabels(np.arange(3), thumbnails=images)
    probes = AxisLabels(np.arange(2), thumbnails=images[:2, :2, :2])
    result = _label(np.zeros((3, 2)), sources=sources, probes=probes)
    assert np.array_equal(read_thumbnails(result, "source"), images)
    assert np.array_equal(read_thumbnails(result, "probe"), images[:2, :2, :2])
    chosen = read_thumbnails(result.isel(source=[2, 0]), "source")
    assert np.array_equal(chosen, images[[2, 0]])


def test_thumbnails_may_be_a_view_of_larger_images():
    images = np.arange(3 * 4 * 10, dtype=np.uint8).reshape(3, 4, 10)
    for view in (images[:, :, ::2], images[::-1, ::-1], images.transpose(0, 2, 1)):
        result = _label(np.eye(3), sources=AxisLabels(np.arange(3), thumbnails=view), probes=_THREE)
        assert np.array_equal(read_thumbnails(result, "source"), view)


def test_result_without_thumbnails_has_none():
    assert read_thumbnails(_label(np.eye(2)), "source") is None


def test_extra_dims_are_put_in_their_place_with_coordinates():
    names = {"output": None, "layer": np.array(["fc1", "fc2", "fc3"]), "source_output": None}
    result = _label(np.zeros((3, 2, 2, 4, 5)), extra_dims=names)
    assert result.dims == ("layer", "source", "probe", "source_output", "output")
    assert result["layer"].values.tolist() == ["fc1", "fc2", "fc3"]
    check_result(result)


def test_ids_and_labels_take_one_form():
    axis = AxisLabels(np.array([3, 1], dtype=np.uint8), labels=np.array([7, 10]))
    assert axis.ids.dtype == np.int64
    assert axis.labels is not None
    assert axis.labels.tolist() == ["7", "10"]
    named = AxisLabels(np.array(["ä", "b"], dtype=object), texts=np.array(["", "x" * 50]))
    assert named.ids.dtype.kind == "U"
    assert len(named) == 2


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"ids": np.array([1, 2, 1])}, InputError, "id 1 occurs 2 times; make ids unique"),
        ({"ids": np.eye(3)}, InputError, r"ids have shape \(3, 3\)"),
        ({"ids": np.array([])}, InputError, "at least one example"),
        ({"ids": np.array([0.5, 1, 2])}, InputTypeError, "ids have dtype float64; give strings"),
        ({"labels": np.array(["a", "b"])}, InputError, "labels have shape .* there are 3 examples"),
        ({"labels": np.array([["a"], ["b"], ["c"]])}, InputError, "labels have shape"),
        ({"texts": np.array(["\ud800", "b", "c"])}, InputError, "texts hold '.ud800'"),
        ({"fine_labels": np.array([1.0, 2.0, 3.0])}, InputTypeError, "fine_labels have dtype"),
        ({"thumbnails": np.zeros((3, 8, 8))}, InputError, "dtype float64; give uint8 images"),
        ({"thumbnails": np.zeros((3, 8), np.uint8)}, InputError, "thumbnails have shape"),
        ({"thumbnails": np.zeros((3, 8, 8, 4), np.uint8)}, InputError, "thumbnails have shape"),
        ({"thumbnails": np.zeros((2, 8, 8), np.uint8)}, InputError, "there are 3 examples"),
    ],
)
def test_axis_labels_refuse(changes: dict[str, object], error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        AxisLabels(**({"ids": np.arange(3)} | changes))


@pytest.mark.parametrize(
    ("values", "changes", "error", "message"),
    [
        (np.eye(2, dtype=int), {}, InputTypeError, "dtype int64; give float32 or float64"),
        (np.eye(3), {}, InputError, r"shape \(3, 3\) .* 2 sources and 2 probes"),
        (np.zeros(2), {}, InputError, r"shape \(2,\)"),
        (np.zeros((2, 2, 2)), {}, InputError, "give labels that match the values"),
        (np.zeros((2, 2, 2)), {"extra_dims": ("depth",)}, InputError, r"\['depth'\] are no dim"),
        (np.eye(2), {"source_coords": {"self_response": np.ones(3)}}, InputError, "self_response"),
        (np.eye(2), {"provenance": {"f": len}}, InputTypeError, r"provenance\['f'\] holds a"),
    ],
)
def test_label_elasticity_refuses(
    values: np.ndarray, changes: dict[str, object], error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        _label(values, **changes)


def test_same_axis_twice_shares_ids():
    axis = make_axis(["a", "b"], prefix=None)
    result = _label(np.eye(2), sources=axis, probes=axis)
    assert result["source"].values.tolist() == result["probe"].values.tolist() == [0, 1]
