import json

import numpy as np
import pytest
from result_cases import make_result, random_result

from neurashed.report.summary import (
    describe_charts,
    summarize_distributions,
    summarize_strengths,
)
from neurashed.results import elasticity_strength


def test_strengths_are_those_of_the_results_room() -> None:
    result = random_result()
    (row,) = summarize_strengths({"mine": result})
    assert row.by_statistic["mean"] == elasticity_strength(result, statistic="mean")


def test_histograms_hold_every_pair_of_different_examples() -> None:
    (panel,) = summarize_distributions({"mine": random_result(num_examples=12, num_classes=3)})
    assert panel.counts == {"within": 36, "between": 96}
    assert sum(panel.shares["within"]) == pytest.approx(100, abs=0.1)
    assert sum(panel.shares["between"]) == pytest.approx(100, abs=0.1)


def test_results_of_one_measure_share_their_bins_and_others_do_not() -> None:
    small, large = random_result(0), 10 * random_result(1)
    large.attrs = small.attrs
    kernel = random_result(2).assign_attrs(long_name="tangent kernel")
    panels = summarize_distributions({"small": small, "large": large, "kernel": kernel})
    edges = [panel.edges for panel in panels]
    assert edges[0] == edges[1]
    assert edges[0] != edges[2]


def test_unlabelled_and_undefined_results_are_left_out() -> None:
    undefined = make_result(np.full((3, 3), np.nan), ["a", "a", "b"])
    unlabelled = random_result().drop_vars("source_label")
    results = {"undefined": undefined, "unlabelled": unlabelled}
    assert summarize_distributions(results) == []
    rows = summarize_strengths(results)
    assert [row.name for row in rows] == ["undefined"]
    charts = describe_charts(rows, [])
    assert charts["strengths"][0]["by_statistic"]["median"]["value"] is None
    assert "NaN" not in json.dumps(charts)
