"""Class tables from blocks as they come."""

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from result_cases import make_axis, random_result

from neurashed.errors import InputError
from neurashed.results import AxisLabels, ClassSums, class_table


def axis_of(result: xr.DataArray, axis: str) -> AxisLabels:
    """Return ids and labels of an axis of a result."""
    names = {"ids": axis, "labels": f"{axis}_label", "fine_labels": f"{axis}_fine_label"}
    return AxisLabels(**{name: result[of].values for name, of in names.items()})


def add_up(result: xr.DataArray, statistic: str, side: int = 5, **settings: object) -> xr.Dataset:
    """Return the table of a result that is added block by block, the last block first."""
    axes = axis_of(result, "source"), axis_of(result, "probe")
    response = result["self_response"].values if statistic == "ratio_of_means" else None
    sums = ClassSums(*axes, statistic=statistic, self_response=response, **settings)
    for top in reversed(range(0, result.shape[0], side)):
        for left in range(0, result.shape[1], side):
            rows, columns = slice(top, top + side), slice(left, left + side)
            sums.add(rows, columns, result.values[rows, columns])
    return sums.finish(name="relative", units="1")


@pytest.fixture(params=[3, 40], ids=["few classes", "many classes"])
def result(request: pytest.FixtureRequest) -> xr.DataArray:
    """Return a result with undefined pairs, a source without any, and one of no size."""
    result = random_result(num_examples=120, num_classes=request.param)
    result.values[:] *= np.random.default_rng(1).choice([-1, 1], size=result.shape)
    result.values[2, 5] = np.nan
    result.values[7] = np.inf
    result["self_response"].values[9] = np.nan
    return result


@pytest.mark.parametrize("statistic", ["mean", "ratio_of_means"])
@pytest.mark.parametrize("include_diagonal", [False, True])
def test_is_the_table_of_the_whole(
    result: xr.DataArray, statistic: str, *, include_diagonal: bool
) -> None:
    whole = class_table(result, statistic=statistic, include_diagonal=include_diagonal)
    table = add_up(result, statistic, include_diagonal=include_diagonal)
    assert table.attrs == whole.attrs
    for name in ("value", "count", "num_undefined"):
        assert_close(table[name], whole[name])
    xr.testing.assert_equal(table.coords.to_dataset(), whole.coords.to_dataset())


@pytest.mark.parametrize("statistic", ["mean", "ratio_of_means"])
def test_intervals_agree_with_those_of_all_pairs_to_first_order(statistic: str) -> None:
    result = random_result(num_examples=200, num_classes=2)
    effects = np.random.default_rng(2).gamma(2.0, size=(2, 200))
    result.values[:] = effects[0][:, None] + effects[1] + 0.1 * result.values
    whole, table = class_table(result, statistic=statistic), add_up(result, statistic, side=64)
    width = whole["high"] - whole["low"]
    for end in ("low", "high"):
        assert float((np.abs(table[end] - whole[end]) / width).max()) < 0.03


def test_fine_labels_and_other_probes() -> None:
    generator = np.random.default_rng(3)
    sources, probes = make_axis(["a", "b", "a"]), make_axis(["b", "b", "c", "a"], prefix="p")
    values = generator.normal(size=(3, 4))
    sums = ClassSums(sources, probes, labels="fine_label")
    sums.add(slice(0, 3), slice(0, 4), values)
    table = sums.finish(name="kernelized", units="1", num_bootstrap=0)
    assert table["value"].sel(source_class="a/0", probe_class="c/0").item() == pytest.approx(
        values[[0, 2], 2].mean()
    )
    assert int(table["count"].sum()) == 12
    assert np.isnan(table["low"]).all()


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"statistic": "median"}, "statistic is 'median'; use 'mean' or 'ratio_of_means'"),
        ({"statistic": "ratio_of_means"}, "a ratio of means needs self_response"),
        ({"labels": "fine_label"}, "the sources have no fine_label"),
    ],
)
def test_refuses_what_it_cannot_add_up(settings: dict[str, str], message: str) -> None:
    axis = AxisLabels(ids=np.arange(2), labels=np.array(["a", "b"]))
    with pytest.raises(InputError, match=message):
        ClassSums(axis, axis, **settings)


def test_refuses_to_finish_before_every_pair_was_added() -> None:
    axis = make_axis(["a", "b"])
    sums = ClassSums(axis, axis)
    sums.add(slice(0, 1), slice(0, 2), np.ones((1, 2)))
    with pytest.raises(InputError, match="2 of 4 pairs were added; add every block"):
        sums.finish(name="relative", units="1")
