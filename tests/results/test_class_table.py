"""Class tables agree with their definition, cell by cell."""

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from result_cases import make_result, random_result, summarize_slowly

from neurashed.errors import InputError
from neurashed.results import class_table
from neurashed.typing import Statistic

STATISTICS = ["median", "mean", "ratio_of_means"]


def _expect(
    result: xr.DataArray, statistic: Statistic, *, include_diagonal: bool = False
) -> np.ndarray:
    classes = sorted(set(result["source_label"].values))
    same = result["source"].values[:, None] == result["probe"].values
    cells = [
        [
            (result["source_label"].values == row)[:, None]
            & (result["probe_label"].values == column)
            & (include_diagonal | ~same)
            for column in sorted(set(result["probe_label"].values))
        ]
        for row in classes
    ]
    return np.array([[summarize_slowly(result, statistic, cell) for cell in row] for row in cells])


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("include_diagonal", [False, True])
def test_agrees_with_the_definition(statistic: Statistic, include_diagonal: bool):
    result = random_result()
    table = class_table(
        result, statistic=statistic, include_diagonal=include_diagonal, num_bootstrap=5
    )
    expected = _expect(result, statistic, include_diagonal=include_diagonal)
    assert_close(table["value"], expected)
    own = 16 if include_diagonal else 12
    assert np.array_equal(table["count"], np.where(np.eye(3), own, 16))
    assert table.attrs["statistic"] == statistic
    assert table["value"].attrs["long_name"] == "relative elasticity"


@pytest.mark.parametrize("statistic", STATISTICS)
def test_values_that_are_not_finite_are_left_out_and_counted(statistic: Statistic):
    result = random_result()
    result[0, 3], result[0, 1], result[4, 2], result[2, 2] = np.nan, np.inf, -np.inf, np.nan
    table = class_table(result, statistic=statistic, num_bootstrap=5)
    assert_close(table["value"], _expect(result, statistic))
    assert table["num_undefined"].values.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert table["count"].values.tolist() == [[11, 15, 16], [16, 12, 15], [16, 16, 12]]


def test_probes_may_be_other_examples_of_other_classes():
    generator = np.random.default_rng(0)
    result = make_result(generator.normal(size=(4, 6)), ["b", "a", "b", "a"], list("xyzxyz"))
    table = class_table(result)
    assert table["value"].shape == (2, 3)
    assert_close(table["value"], _expect(result, "median"))
    assert (table["value"] < 0).any(), "values keep their sign"


def test_classes_stand_in_the_order_of_numbers():
    table = class_table(make_result(np.eye(4), ["10", "9", "b 2", "b 10"]), num_bootstrap=0)
    assert table["source_class"].values.tolist() == ["9", "10", "b 2", "b 10"]
    with_self = class_table(
        make_result(np.diag([1.0, 2, 3, 4]), ["10", "9", "b 2", "b 10"]), include_diagonal=True
    )
    assert np.diag(with_self["value"]).tolist() == [2, 1, 3, 4]


def test_finer_labels_make_finer_classes():
    table = class_table(random_result(), labels="fine_label", num_bootstrap=0)
    assert table.sizes == {"source_class": 6, "probe_class": 6}


def test_a_class_of_one_has_no_interval_and_no_pair_of_its_own():
    table = class_table(make_result(np.arange(9.0).reshape(3, 3), ["a", "a", "b"]))
    assert table["value"].values.tolist()[0] == [2.0, 3.5]
    assert np.isnan(table["value"][1, 1])
    assert table["count"][1, 1] == 0
    for end in ("low", "high"):
        assert np.isfinite(table[end][0, 0])
        assert np.isnan(table[end].values[[0, 1, 1], [1, 0, 1]]).all()


def test_intervals_hold_the_value_and_grow_with_confidence():
    result = random_result(num_examples=40, num_classes=2)
    narrow, wide = (class_table(result, confidence=level) for level in (0.5, 0.99))
    assert (wide["low"] < narrow["low"]).all()
    assert (narrow["low"] < narrow["high"]).all()
    assert (narrow["high"] < wide["high"]).all()
    assert ((wide["low"] < wide["value"]) & (wide["value"] < wide["high"])).all()


def test_the_seed_decides():
    result = random_result()
    assert class_table(result, seed=3).identical(class_table(result, seed=3))
    assert not class_table(result, seed=3)["low"].equals(class_table(result, seed=4)["low"])


def test_without_replicates_there_are_no_intervals():
    table = class_table(random_result(), num_bootstrap=0)
    assert np.isnan(table["low"]).all()
    assert np.isfinite(table["value"]).all()


@pytest.mark.parametrize(
    ("result", "arguments", "message"),
    [
        (random_result(), {"statistic": "mode"}, "statistic is 'mode'; use 'median'"),
        (random_result(), {"labels": "color"}, "the result has no source_color, only"),
        (random_result().drop_vars("probe_label"), {}, "the result has no probe_label"),
        (
            random_result().drop_vars("self_response"),
            {"statistic": "ratio_of_means"},
            r"needs the coordinate self_response, .* measures \('relative', 'refined'\) have",
        ),
        (random_result().expand_dims("layer"), {}, r"choose one at a time, .* result.isel\(layer"),
        (random_result(), {"num_bootstrap": -1}, "num_bootstrap is -1"),
        (random_result(), {"confidence": 95}, "confidence is 95; give a share between 0 and 1"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refusals(result: xr.DataArray, arguments: dict, message: str):
    with pytest.raises(InputError, match=message):
        class_table(result, **arguments)
