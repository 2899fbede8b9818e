"""The form of a result is checked part by part."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from result_cases import make_result

from neurashed.errors import InputError, InputTypeError
from neurashed.results import check_result

Change = Callable[[xr.DataArray], xr.DataArray]


def _result() -> xr.DataArray:
    return make_result(np.eye(2), ["a", "b"], self_response=np.ones(2))


def test_a_result_passes_whatever_it_is_cut_to():
    result = _result()
    check_result(result)
    check_result(result.isel(source=[1], probe=[0, 1]))
    check_result(result.astype(np.float32))


@pytest.mark.usefixtures("unchecked_types")
def test_something_else_is_refused():
    with pytest.raises(InputTypeError, match=r"a ndarray; give an xarray.DataArray"):
        check_result(np.eye(2))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda it: it.transpose("probe", "source"), r"dimensions \('probe', 'source'\)"),
        (lambda it: it.isel(source=0), r"dimensions \('probe',\)"),
        (lambda it: it.rename(source="origin"), "a result has"),
        (lambda it: it.expand_dims("output"), "in this order"),
        (lambda it: it.astype(np.float16), "dtype float16; give float32 or float64"),
        (lambda it: it.astype(int), "dtype int64"),
        (lambda it: it.drop_vars("probe"), "no ids along probe"),
        (lambda it: it.assign_coords(source=[0.0, 1.0]), "ids along source have dtype float64"),
        (lambda it: it.assign_coords(source=[4, 4]), "ids along source are not unique"),
        (lambda it: it.assign_coords(source_label=("source", [1, 2])), "give strings along source"),
        (lambda it: it.assign_coords(probe_text=("source", ["", ""])), "give strings along probe"),
        (lambda it: it.assign_coords(self_response=("source", [1, 2])), "self_response has"),
        (
            lambda it: it.assign_coords(source_thumbnail=("source", [1, 2])),
            "give packed images along source",
        ),
        (lambda it: it.rename("cosine"), "named 'cosine' and its measure is 'relative'"),
        (lambda it: it.drop_attrs(), r"lacks the attributes \['measure', 'units'"),
    ],
)
def test_each_fault_is_named(spoil: Change, message: str):
    with pytest.raises(InputError, match=message):
        check_result(spoil(_result()))
