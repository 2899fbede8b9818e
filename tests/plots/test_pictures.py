import numpy as np
import pytest
import xarray as xr
from result_cases import make_result, random_result

from neurashed.errors import InputError
from neurashed.plots import (
    describe_values,
    plot_class_table,
    plot_distributions,
    plot_heat_map,
    plot_strengths,
    plot_top_probes,
    split_pairs,
)
from neurashed.results import class_table, elasticity_strength


def _texts(ax: object) -> list[str]:
    return [text.get_text() for text in ax.texts]


def _two_classes() -> xr.DataArray:
    values = np.array([
        [1.0, 0.8, 0.1, 0.2],
        [0.6, 1.0, 0.3, np.nan],
        [0.1, 0.2, 1.0, 0.7],
        [0.2, 0.1, 0.5, 1.0],
    ])
    return make_result(values, ["cat", "cat", "dog", "dog"])


def test_heat_map_shows_every_value_in_its_place() -> None:
    result = random_result()
    ax = plot_heat_map(result, order="class")
    order = np.argsort(result["source_label"].values, kind="stable")
    shown = ax.images[0].get_array()
    assert sorted(shown.ravel()) == sorted(result.values.ravel())
    labels = result["source_label"].values
    fine = np.lexsort([result["source_fine_label"].values, labels])
    assert np.array_equal(shown, result.values[np.ix_(fine, fine)])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == sorted(set(labels[order]))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("probe", "source")


def test_heat_map_without_labels_is_ordered_by_similarity() -> None:
    result = _two_classes().drop_vars([
        f"{axis}_{label}" for axis in ("source", "probe") for label in ("label", "fine_label")
    ])
    assert plot_heat_map(result).get_title() == "Every pair, ordered by similarity"


def test_class_table_writes_its_values() -> None:
    ax = plot_class_table(class_table(_two_classes(), num_bootstrap=0))
    assert _texts(ax) == ["0.7", "0.2", "0.15", "0.6"]
    assert ax.get_ylabel() == "class of the source"


def test_class_table_names_what_is_undefined() -> None:
    result = _two_classes()
    result[:2, 2:] = np.nan
    ax = plot_class_table(class_table(result, num_bootstrap=0))
    assert _texts(ax)[1] == "n/a"


def test_pairs_are_split_without_self_pairs() -> None:
    pairs = split_pairs(_two_classes())
    assert sorted(pairs.within) == [0.5, 0.6, 0.7, 0.8]
    assert sorted(pairs.between) == [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.3]
    assert pairs.num_undefined == 1


def test_ids_of_two_kinds_are_never_the_same_example() -> None:
    result = make_result(np.ones((2, 2)), ["a", "a"], ["a", "a"])
    assert split_pairs(result).within.size == 4
    whole = result.assign_coords(probe=np.arange(2))
    assert split_pairs(whole).within.size == 4


def test_distributions_state_medians_and_what_is_left_out() -> None:
    ax = plot_distributions(_two_classes())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "within a class: median 0.65, 4 pairs",
        "between classes: median 0.2, 7 pairs",
    ]
    assert ax.get_title() == "Responses within and between classes (1 undefined left out)"


def test_distributions_need_labels() -> None:
    with pytest.raises(InputError, match="no source_label; give labels when measuring"):
        plot_distributions(_two_classes().drop_vars("source_label"))


def test_strengths_stand_with_their_intervals() -> None:
    strength = elasticity_strength(random_result(), num_bootstrap=20)
    ax = plot_strengths({"one": strength, "two": strength})
    wanted = f"{strength.value:.3f} [{strength.low:.3f}, {strength.high:.3f}]"
    assert _texts(ax) == [wanted, wanted]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["one", "two"]


def test_a_strength_without_interval_is_drawn_as_a_point() -> None:
    ax = plot_strengths({"one": elasticity_strength(_two_classes(), num_bootstrap=0)})
    assert _texts(ax) == ["0.765"]


def test_no_strengths_are_refused() -> None:
    with pytest.raises(InputError, match="strengths is empty"):
        plot_strengths({})


def test_top_probes_stand_in_the_order_of_their_response() -> None:
    ax = plot_top_probes(_two_classes(), "x0", k=3)
    assert _texts(ax) == ["source\ncat", "0.8\ncat", "0.2\ndog", "0.1\ndog"]
    assert [patch.get_linestyle() for patch in ax.patches] == ["-", "-", "--", "--"]
    assert len(ax.images) == 4


def test_top_probes_without_thumbnails_show_texts() -> None:
    result = _two_classes().drop_vars(["source_thumbnail", "probe_thumbnail"])
    texts = _texts(plot_top_probes(result, "x0", k=1))
    assert texts == ["text 0", "source\ncat", "text 1", "0.8\ncat"]


def test_labels_are_taken_literally() -> None:
    # Two dollar signs around what is no formula: matplotlib would refuse to draw it.
    label = "$\\frac{$"
    result = make_result(np.eye(2), [label, label])
    assert _texts(plot_top_probes(result, "x0", k=1))[0] == f"source\n{label}"
    table = class_table(result, num_bootstrap=0)
    for ax in (plot_heat_map(result), plot_class_table(table)):
        ax.figure.canvas.draw()
        assert [tick.get_text() for tick in ax.get_xticklabels()] == [label]


def test_top_probes_of_an_unknown_source_are_refused() -> None:
    with pytest.raises(InputError, match="no source has the id 'nobody'"):
        plot_top_probes(_two_classes(), "nobody")


@pytest.mark.parametrize(("units", "wanted"), [("1", "loss"), ("nat", "loss (nat)")])
def test_units_stand_behind_the_name(units: str, wanted: str) -> None:
    assert describe_values(xr.DataArray(1.0, attrs={"long_name": "loss", "units": units})) == wanted
