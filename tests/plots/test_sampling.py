"""Pictures of results that are too large to be drawn whole."""

import numpy as np
import pytest
import xarray as xr
from result_cases import make_result, random_result

from neurashed.plots import (
    choose_color_scale,
    plot_class_histograms,
    plot_distributions,
    plot_heat_map,
    sample_examples,
    split_pairs,
)
from neurashed.results import blocks


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> xr.DataArray:
    """Return a result that counts as large, whose values are places of source and probe."""
    monkeypatch.setattr(blocks, "MOST_PAIRS_AT_ONCE", 1_000_000)
    labels = [f"class {number // 260}" for number in range(1300)]
    values = np.arange(1300.0)[:, None] + np.arange(1300.0) / 10_000
    return make_result(values, labels)


def test_a_sample_meets_every_class(large: xr.DataArray) -> None:
    sample = sample_examples(large)
    assert sample.shape == (1000, 1000)
    assert sample["source"].values.tolist() == sample["probe"].values.tolist()
    assert np.unique(sample["source_label"], return_counts=True)[1].min() > 100
    xr.testing.assert_identical(sample, large.sel(source=sample.source, probe=sample.probe))


def test_small_results_are_drawn_whole() -> None:
    result = random_result()
    assert sample_examples(result) is result
    assert plot_heat_map(result).get_title() == "Every pair, ordered by class"


def test_titles_say_what_is_drawn(large: xr.DataArray) -> None:
    ax = plot_heat_map(large)
    assert ax.get_title() == "Pairs, ordered by class, 1,000 of 1,300 sources"
    assert ax.images[0].get_array().shape == (1000, 1000)
    title = plot_distributions(large).get_title()
    assert title == "Responses within and between classes, 1,000 of 1,300 sources"
    title = plot_class_histograms(large, "class 2").get_title()
    assert title == "Updated with class 2, 1,000 of 1,300 sources"


def test_numbers_behind_pictures_come_from_the_sample(large: xr.DataArray) -> None:
    pairs = split_pairs(large)
    assert pairs.within.size + pairs.between.size == 1000 * 999
    scale = choose_color_scale(large)
    assert scale.low == pytest.approx(13, abs=10)
    assert choose_color_scale(large.isel(probe=0)).high < 1300
