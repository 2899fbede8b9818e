"""Agreement with known classes, and intervals over runs."""

from itertools import permutations

import numpy as np
import pytest
from closeness import assert_close
from scipy import stats

from neurashed.clustering import Agreement, agreement, agreement_interval
from neurashed.errors import InputError


def _best_accuracy(labels: np.ndarray, truth: np.ndarray, num_names: int) -> float:
    """Try every one-to-one naming of clusters by classes."""
    return max(
        float(np.mean(np.array(names)[labels] == truth)) for names in permutations(range(num_names))
    )


@pytest.mark.parametrize(("num_clusters", "num_classes"), [(2, 2), (3, 3), (5, 3), (2, 4)])
def test_the_accuracy_is_that_of_the_best_matching(num_clusters: int, num_classes: int):
    generator = np.random.default_rng(0)
    for _ in range(10):
        labels = generator.integers(num_clusters, size=30)
        truth = generator.integers(num_classes, size=30)
        expected = _best_accuracy(labels, truth, max(num_clusters, num_classes))
        assert_close(agreement(labels, truth).accuracy, expected)


def test_names_do_not_matter():
    labels = np.array([0, 0, 1, 1, 2, 2, 2])
    truth = np.array(["a", "a", "b", "c", "c", "c", "b"])
    renamed = agreement(np.array([2, 0, 1])[labels], truth)
    assert renamed == agreement(labels, truth)
    numbers = agreement(labels, np.unique(truth, return_inverse=True)[1])
    assert numbers == renamed


def test_the_same_partition_agrees_fully_and_a_shuffled_one_hardly():
    truth = np.repeat(np.arange(4), 100)
    full = agreement((truth + 1) % 4, truth)
    assert full == Agreement(1.0, 1.0, 1.0, 400)
    shuffled = agreement(np.random.default_rng(0).permutation(truth), truth)
    assert abs(shuffled.ari) < 0.02
    assert shuffled.nmi < 0.05
    assert 0.25 <= shuffled.accuracy < 0.35


def test_known_numbers():
    """A 2 by 2 table ((2, 1), (0, 1)), computed by hand."""
    found = agreement(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1]))
    entropies = np.log(2), -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    mutual = 0.5 * np.log(0.5 / 0.375) + 0.25 * np.log(0.25 / 0.375) + 0.25 * np.log(0.25 / 0.125)
    assert found.accuracy == 0.75
    assert_close(found.nmi, 2 * mutual / sum(entropies))
    assert_close(found.ari + 1, 1.0)


def test_examples_without_a_cluster_do_not_count():
    labels = np.array([0, -1, 1, 1, -1])
    truth = np.array(["a", "b", "b", "b", "a"])
    found = agreement(labels, truth)
    assert found == Agreement(1.0, 1.0, 1.0, num_examples=3, num_left_out=2)


@pytest.mark.parametrize(
    ("labels", "truth", "message"),
    [
        (np.zeros(3, int), np.zeros(4, int), r"labels have shape \(3,\) and truth has \(4,\)"),
        (np.zeros((2, 2), int), np.zeros((2, 2), int), "give one cluster and one class for each"),
        (np.full(3, -1), np.zeros(3, int), "none of 3 examples has a cluster"),
    ],
)
def test_refusals(labels: np.ndarray, truth: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        agreement(labels, truth)


def _runs(*accuracies: float) -> list[Agreement]:
    return [Agreement(accuracy, accuracy / 2, accuracy - 1, 50) for accuracy in accuracies]


def test_the_interval_of_students_t():
    values = np.array([0.55, 0.6, 0.52, 0.63])
    found = agreement_interval(_runs(*values), confidence=0.9)
    error = values.std(ddof=1) / 2
    low, high = stats.t.interval(0.9, 3, loc=values.mean(), scale=error)
    assert_close(found.accuracy.mean, float(values.mean()))
    assert_close(found.accuracy.standard_deviation, float(values.std(ddof=1)))
    assert_close(found.accuracy.low, float(low))
    assert_close(found.accuracy.high, float(high))
    assert_close(found.nmi.mean, float(values.mean() / 2))
    assert_close(found.ari.mean, float(values.mean() - 1))
    assert (found.num_runs, found.confidence, found.kind) == (4, 0.9, "t")


def test_the_bootstrap_draws_runs_again():
    found = agreement_interval(_runs(0.2, 0.4), kind="bootstrap").accuracy
    assert (found.low, found.high) == (0.2, 0.4)
    many = agreement_interval(_runs(*np.linspace(0.4, 0.6, 200)), kind="bootstrap").accuracy
    wanted = agreement_interval(_runs(*np.linspace(0.4, 0.6, 200))).accuracy
    assert_close(np.array([many.low, many.high]), np.array([wanted.low, wanted.high]),
                 factor=1e8, reason="a bootstrap is random")  # fmt: skip
    again = agreement_interval(_runs(*np.linspace(0.4, 0.6, 200)), kind="bootstrap").accuracy
    assert many == again


def test_intervals_end_where_scores_do():
    found = agreement_interval(_runs(0.99, 1.0, 0.0))
    assert found.accuracy.low == 0
    assert found.accuracy.high == 1
    assert found.ari.low == -0.5


def test_one_run_has_no_interval():
    found = agreement_interval(_runs(0.7)).accuracy
    assert found.mean == 0.7
    assert np.isnan([found.standard_deviation, found.low, found.high]).all()


@pytest.mark.parametrize(
    ("runs", "settings", "message"),
    [
        ([], {}, "there are no runs to average"),
        (_runs(0.5), {"confidence": 95.0}, "confidence is 95.0; give a share between 0 and 1"),
        (_runs(0.5), {"kind": "z"}, "kind is 'z'; use one of 't', 'bootstrap'"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_intervals_refuse(runs: list[Agreement], settings: dict, message: str):
    with pytest.raises(InputError, match=message):
        agreement_interval(runs, **settings)
