"""Replicates are what they would be if the drawn examples were written out one by one."""

import time

import numpy as np
import pytest
import xarray as xr
from closeness import assert_close
from result_cases import make_result, random_result

from neurashed.results import class_table
from neurashed.results.bootstrap import Bootstrap, Population
from neurashed.results.pairs import group_pairs, match_examples, read_terms
from neurashed.results.weighted import summarize_groups
from neurashed.typing import Statistic


def _population(result: xr.DataArray) -> Population:
    labels = [result[f"{axis}_label"].values for axis in ("source", "probe")]
    return Population(*match_examples(result), *labels)


def _written_out(
    result: xr.DataArray,
    groups: np.ndarray,
    drawn: np.ndarray,
    population: Population,
    statistic: Statistic,
) -> list[float]:
    """Return each group's statistic, with rows and columns repeated as often as drawn."""
    rows = np.repeat(np.arange(result.shape[0]), drawn[population.sources])
    columns = np.repeat(np.arange(result.shape[1]), drawn[population.probes])
    values, groups = result.values[np.ix_(rows, columns)], groups[np.ix_(rows, columns)]
    scale = np.broadcast_to(result["self_response"].values[rows][:, None], values.shape)
    numbers = []
    for group in range(2):
        of_group, its_scale = values[groups == group], scale[groups == group]
        if statistic == "ratio_of_means":
            numbers.append((of_group * its_scale).sum() / its_scale.sum())
        else:
            numbers.append({"median": np.median, "mean": np.mean}[statistic](of_group))
    return numbers


@pytest.mark.parametrize("statistic", ["median", "mean", "ratio_of_means"])
def test_replicates_agree_with_writing_out(statistic: Statistic):
    result = random_result(num_examples=10, num_classes=2).round(1)
    population = _population(result)
    labels = population.source_classes
    groups = np.where(labels[:, None] == labels, 0, 1)
    groups[np.diag_indices(10)] = -1
    pairs = group_pairs(read_terms(result, statistic, magnitudes=False), groups, 2)
    bootstrap = Bootstrap(20, 0.9, seed=0)
    drawn = list(bootstrap._draw(population))
    expected = [_written_out(result, groups, each, population, statistic) for each in drawn]
    assert_close(bootstrap.replicate(pairs, statistic, population), np.array(expected))


def test_an_example_is_drawn_once_for_both_roles_and_class_sizes_stay():
    result = random_result(num_examples=12, num_classes=3)
    population = _population(result)
    for drawn in Bootstrap(10, 0.9, seed=1)._draw(population):
        assert drawn.sum() == 12
        for label in np.unique(population.source_classes):
            assert drawn[population.sources[population.source_classes == label]].sum() == 4


def test_sources_and_probes_apart_are_drawn_apart():
    population = _population(make_result(np.ones((4, 6)), list("abab"), list("aaabbb")))
    assert sorted(map(len, population.strata())) == [2, 2, 3, 3]
    for drawn in Bootstrap(10, 0.9, seed=1)._draw(population):
        assert drawn[population.sources].sum() == 4
        assert drawn[population.probes].sum() == 6


def test_shared_examples_are_a_stratum_of_their_own():
    result = random_result(num_examples=6, num_classes=1).isel(source=[0, 1, 2], probe=[2, 1, 5])
    assert sorted(len(stratum) for stratum in _population(result).strata()) == [1, 1, 2]


def test_ids_of_different_kinds_are_never_the_same_example():
    result = make_result(np.ones((2, 2)), ["a", "a"]).assign_coords(source=["0", "1"], probe=[0, 1])
    sources, probes = match_examples(result)
    assert not set(sources) & set(probes)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Values x_s + x_p with independent x: the mean of a class pair has a known expectation."""
    num_hits, num_trials = 0, 60
    for trial in range(num_trials):
        effect = np.random.default_rng(trial).normal(size=30)
        result = make_result(effect[:, None] + effect, ["a"] * 30)
        table = class_table(result, statistic="mean", confidence=0.9, seed=trial)
        num_hits += bool(table["low"].item() < 0 < table["high"].item())
    # 54 are expected and 7 is three standard deviations; drawing pairs would hit about 12 times.
    assert 47 <= num_hits <= 60


def test_an_interval_ignores_replicates_without_pairs():
    replicates = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    low, high = Bootstrap(3, 0.5, seed=0).interval(replicates)
    assert low[0] == 1.5
    assert high[0] == 2.5
    assert np.isnan([low[1], high[1]]).all()


def test_medians_of_huge_values_stay_finite_and_empty_groups_are_nan():
    result = make_result(np.full((2, 2), 0.75e308), ["a", "a"])
    groups = np.array([[0, 2], [2, 0]])
    for statistic in ("median", "mean"):
        pairs = group_pairs(read_terms(result, statistic, magnitudes=False), groups, 4)
        summary = summarize_groups(pairs, statistic)
        assert summary[[0, 2]].tolist() == [0.75e308] * 2
        assert np.isnan(summary[[1, 3]]).all()


def test_a_thousand_by_a_thousand_is_quick():
    result = random_result(num_examples=1000, num_classes=10)
    start = time.process_time()
    class_table(result, num_bootstrap=50)
    # A quarter of the usual 200 replicates; generous, since other work may share the core.
    assert time.process_time() - start < 5
