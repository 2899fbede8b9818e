import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from result_cases import make_result

from neurashed.errors import InputError
from neurashed.plots import plot_class_histograms


def _three_classes() -> xr.DataArray:
    # Two sources that are probes as well, x0 and x1, and a step on x0 that is undefined at x3.
    values = np.array([
        [1.0, 0.8, 0.6, np.nan, 0.2, 0.1],
        [0.7, 1.0, 0.5, 0.4, 0.3, 0.1],
    ])
    labels = ["tiger", "tiger", "leopard", "leopard", "bear", "bear"]
    square = np.full((6, 6), np.nan)
    square[:2] = values
    return make_result(square, labels).isel(source=[0, 1])


def _legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_each_class_stands_with_its_median_the_updated_one_first() -> None:
    ax = plot_class_histograms(_three_classes(), "tiger")
    assert _legend(ax) == [
        "tiger: median 0.75, 2 pairs",
        "leopard: median 0.5, 3 pairs",
        "bear: median 0.15, 4 pairs",
    ]
    assert ax.get_title() == "Updated with tiger (1 undefined left out)"
    assert ax.get_ylabel() == "share of pairs (%)"


def test_shares_of_a_class_add_up_and_lie_where_its_values_are() -> None:
    ax = plot_class_histograms(_three_classes(), "tiger")
    outlines = [patch.get_data() for patch in ax.patches if not patch.get_fill()]
    assert [data.values.sum() for data in outlines] == pytest.approx([100.0] * 3)
    assert all(data.edges[0] < 0.15 and data.edges[-1] > 0.75 for data in outlines)
    bear = outlines[2]
    middles = (bear.edges[:-1] + bear.edges[1:]) / 2
    assert middles @ bear.values / 100 == pytest.approx(0.175, abs=0.02)


def test_classes_are_told_apart_without_colour() -> None:
    ax = plot_class_histograms(_three_classes(), "tiger")
    lines = [line.get_linestyle() for line in ax.lines]
    assert len(set(lines)) == len(lines) == 3


def test_the_legend_hides_nothing() -> None:
    ax = plot_class_histograms(_three_classes(), "tiger")
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent().transformed(ax.transData.inverted())
    assert legend.y0 > max(patch.get_data().values.max() for patch in ax.patches)


def test_many_classes_are_drawn_together() -> None:
    labels = ["own", "own", *(f"class {number}" for number in range(8))]
    values = np.tile(np.arange(10, 0, -1.0), (10, 1))
    ax = plot_class_histograms(make_result(values, labels), "own")
    shown = _legend(ax)
    assert shown[1:3] == ["class 0: median 8, 2 pairs", "class 1: median 7, 2 pairs"]
    assert shown[-1] == "3 other classes: median 2, 6 pairs"


def test_a_class_without_another_example_is_not_drawn() -> None:
    ax = plot_class_histograms(make_result(np.array([[1.0, 0.5], [0.5, 1.0]]), ["a", "b"]), "a")
    assert _legend(ax) == ["b: median 0.5, 1 pairs"]


def test_nothing_defined_gives_an_empty_picture() -> None:
    ax = plot_class_histograms(make_result(np.full((2, 2), np.nan), ["a", "b"]), "a")
    assert ax.get_legend() is None
    assert ax.get_title() == "Updated with a (1 undefined left out)"


def test_labels_are_taken_literally() -> None:
    label = "$\\frac{$"
    ax = plot_class_histograms(make_result(np.eye(2), [label, label]), label)
    ax.figure.canvas.draw()
    assert ax.get_title() == f"Updated with {label}"


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(InputError, match="no source is of class 'bear'; give one of tiger"):
        plot_class_histograms(_three_classes(), "bear")


def test_labels_are_needed() -> None:
    with pytest.raises(InputError, match="no source_label; give labels when measuring"):
        plot_class_histograms(_three_classes().drop_vars("source_label"), "tiger")
