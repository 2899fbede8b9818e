import numpy as np
import pytest
from result_cases import make_result

from neurashed.experiments.he_su_2020 import ClassRatio, find_class_ratios


def find(ratios: tuple[ClassRatio, ...], updated: str, other: str) -> ClassRatio:
    [ratio] = [each for each in ratios if (each.updated, each.other) == (updated, other)]
    return ratio


def test_a_ratio_compares_other_examples_of_the_class_with_those_of_another():
    values = np.array([
        [9.0, 0.8, 0.4, 0.1, 0.3],
        [0.6, 9.0, 0.1, 0.1, 0.2],
        [0.1, 0.1, 9.0, 0.5, 0.7],
        [0.2, 0.4, 0.6, 9.0, 0.8],
        [0.3, 0.1, 0.9, 0.8, 9.0],
    ])
    result = make_result(values, ["a", "a", "b", "b", "b"])
    by_median, by_mean = (find_class_ratios(result, statistic=each) for each in ("median", "mean"))
    assert find(by_median, "a", "b").value == pytest.approx(0.7 / 0.15)
    assert find(by_mean, "a", "b").value == pytest.approx(0.7 / 0.2)
    assert find(by_median, "b", "a").value == pytest.approx(0.75 / 0.15)
    assert (find(by_mean, "b", "a").num_own_pairs, find(by_mean, "b", "a").num_other_pairs) == (
        6,
        6,
    )
    assert len(by_median) == 2


def test_order_of_dimensions_and_examples_changes_nothing():
    values = np.random.default_rng(0).gamma(2.0, size=(6, 6))
    result = make_result(values, ["a", "b", "a", "b", "b", "a"])
    mixed = result.isel(source=[3, 1, 0, 5, 2, 4], probe=[5, 4, 3, 0, 1, 2])
    expected = find_class_ratios(result, num_bootstrap=1)
    for changed in (mixed, result.transpose("probe", "source")):
        found = find_class_ratios(changed, num_bootstrap=1)
        assert [each.value for each in found] == pytest.approx([each.value for each in expected])


def test_the_interval_covers_the_truth_as_often_as_it_says():
    # Probes of the own class are twice as far as others on average; one source, as in the paper.
    random = np.random.default_rng(0)
    num_covered, num_trials, widths = 0, 60, []
    for _ in range(num_trials):
        own, other = random.gamma(4.0, 2.0, size=30), random.gamma(4.0, 1.0, size=30)
        values = np.concatenate([[1.0], own, other])[None].repeat(61, 0)
        result = make_result(values, ["a"] * 31 + ["b"] * 30).isel(source=[0])
        ratio = find(find_class_ratios(result, statistic="mean", num_bootstrap=200), "a", "b")
        num_covered += ratio.low <= 2 <= ratio.high
        widths.append(ratio.high - ratio.low)
    assert num_covered / num_trials > 0.85
    # Of a ratio of two means of 30, each with a standard deviation of half its size.
    assert np.mean(widths) == pytest.approx(2 * 1.96 * 2 * (2 / 4 / 30) ** 0.5, rel=0.15)


def test_undefined_pairs_are_left_out():
    values = np.array([[1.0, np.nan, 0.5, 0.5], [np.nan] * 4, [0.2, 0.2, 1.0, 0.8], [np.nan] * 4])
    ratios = find_class_ratios(make_result(values, ["a", "a", "b", "b"]), num_bootstrap=20)
    lost, kept = find(ratios, "a", "b"), find(ratios, "b", "a")
    assert np.isnan([lost.value, lost.low, lost.high]).all()
    assert (lost.num_own_pairs, lost.num_other_pairs) == (0, 2)
    assert (kept.value, kept.low, kept.high) == pytest.approx((4.0, 4.0, 4.0))
