"""Replicates by products of matrices against replicates pair by pair."""

import numpy as np
import pytest
import xarray as xr
from result_cases import make_result

from neurashed.results import bootstrap, class_table, elasticity_strength, replicates
from neurashed.typing import Statistic


def make_case(name: str) -> xr.DataArray:
    """Return results that are awkward in different ways."""
    generator = np.random.default_rng(0)
    labels = [f"class {number % 3}" for number in range(14)]
    values = generator.gamma(2.0, size=(14, 14))
    own = generator.gamma(2.0, size=14)
    if name == "ties":
        values = np.round(values)
    if name == "undefined":
        values[generator.random(values.shape) < 0.3] = np.nan
    if name == "classes of one":
        labels[:4] = ["lone", "other", "pair", "pair"]
    if name == "other probes":
        return make_result(values[:, :6], labels, list("abacab"), self_response=own)
    return make_result(values, labels, self_response=own)


CASES = ("plain", "ties", "undefined", "classes of one", "other probes")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("statistic", ["median", "mean", "ratio_of_means"])
def test_replicates_are_those_found_pair_by_pair(
    case: str, statistic: Statistic, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_case(case)
    strength = elasticity_strength(result, statistic=statistic)
    table = class_table(result, statistic=statistic)
    monkeypatch.setattr(bootstrap, "replicate_groups", lambda *_: None)
    slow_strength = elasticity_strength(result, statistic=statistic)
    slow_table = class_table(result, statistic=statistic)
    if statistic == "median":
        xr.testing.assert_identical(table, slow_table)
        assert repr(strength) == repr(slow_strength)
    else:
        xr.testing.assert_allclose(table, slow_table, rtol=1e-12)
        ends = strength.low, strength.high
        assert ends == pytest.approx((slow_strength.low, slow_strength.high), nan_ok=True)


@pytest.mark.parametrize("num_runs", [1, 2, 100])
def test_medians_do_not_depend_on_the_number_of_runs(
    num_runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_case("ties")
    wanted = class_table(result)
    monkeypatch.setattr(replicates, "_NUM_RUNS", num_runs)
    xr.testing.assert_identical(class_table(result), wanted)


def test_too_many_classes_are_left_to_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    result = make_case("plain")
    wanted = class_table(result)
    monkeypatch.setattr(replicates, "_MOST_CELLS", 8)
    monkeypatch.setattr(replicates, "_find_medians", None)  # would fail if it were called
    xr.testing.assert_identical(class_table(result), wanted)
