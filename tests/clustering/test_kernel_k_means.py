"""Kernel k-means: the objective, starts, single moves, and the conventions of scikit-learn."""

from functools import partial

import numpy as np
import pytest
from closeness import assert_close
from clustering_cases import (
    best_objective,
    grouped_similarity,
    indefinite_kernel,
    partition_objective,
    random_kernel,
    same_partition,
)
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurashed.clustering import KernelKMeans, normalize_similarity
from neurashed.clustering.kernel_k_means import least_shift
from neurashed.clustering.kernel_means import settle, spread_start
from neurashed.errors import InputError


def _expect_features(estimator: KernelKMeans) -> dict[str, str]:
    """Name the check that hands every clusterer features, also one that takes a kernel."""
    reason = "the check gives (50, 2) features to an estimator whose X is a square kernel"
    return {"check_clustering": reason} if estimator.kernel == "precomputed" else {}


@parametrize_with_checks(
    [KernelKMeans(kernel=kernel) for kernel in ("linear", "rbf", "precomputed")],
    expected_failed_checks=_expect_features,
)
@pytest.mark.usefixtures("unchecked_types")
def test_conventions_of_estimators(estimator: KernelKMeans, check: partial):
    check(estimator)


@pytest.mark.parametrize("num_clusters", [1, 2, 3])
@pytest.mark.parametrize("make_kernel", [random_kernel, indefinite_kernel])
def test_no_partition_of_a_tiny_matrix_is_better(make_kernel: partial, num_clusters: int):
    for seed in range(5):
        kernel = make_kernel(7, seed=seed)
        model = KernelKMeans(num_clusters, random_state=seed).fit(kernel)
        assert_close(model.objective_, best_objective(kernel, num_clusters))
        assert_close(model.objective_, partition_objective(kernel, model.labels_))
        assert set(model.labels_.tolist()) == set(range(num_clusters))


@pytest.mark.parametrize("num_clusters", [2, 3, 5])
def test_a_linear_kernel_is_k_means(num_clusters: int):
    centers = 6 * np.random.default_rng(0).normal(size=(num_clusters, 4))
    features = np.random.default_rng(1).normal(size=(90, 4)) + np.repeat(
        centers, 90 // num_clusters, axis=0
    )
    ours = KernelKMeans(num_clusters, kernel="linear", random_state=0).fit(features)
    theirs = KMeans(num_clusters, n_init=20, random_state=0).fit(features)
    assert same_partition(ours.labels_, theirs.labels_)
    assert_close(ours.objective_, theirs.inertia_)


@pytest.mark.parametrize("kernel", [random_kernel(40), indefinite_kernel(40)])
def test_no_step_raises_the_objective(kernel: np.ndarray):
    generator = np.random.RandomState(0)
    for num_clusters in (2, 3, 7):
        start = spread_start(kernel, num_clusters, generator)
        found = settle(kernel, start, num_clusters, max_rounds=100, tolerance=1e-8)
        assert len(found.objectives) > 1
        assert (np.diff(found.objectives) < 0).all()
        assert_close(found.objectives[0], partition_objective(kernel, start))
        assert_close(found.objective, partition_objective(kernel, found.labels))


@pytest.mark.parametrize("shift", [0, 50])
@pytest.mark.parametrize("kernel", [random_kernel(25), indefinite_kernel(25)])
def test_no_single_move_improves_what_is_settled(kernel: np.ndarray, shift: int):
    """With a large diagonal single moves do all the work."""
    kernel = kernel + shift * np.eye(25)
    start = np.arange(25) % 3
    found = settle(kernel, start, 3, max_rounds=100, tolerance=1e-8)
    assert found.is_settled
    assert (found.labels != start).sum() > 5
    for example in range(25):
        for cluster in range(3):
            moved = found.labels.copy()
            moved[example] = cluster
            if len(set(moved.tolist())) == 3:
                assert partition_objective(kernel, moved) > found.objective - 1e-6


def test_members_that_hold_their_mean_are_moved_singly():
    """A large diagonal makes every example nearest to the mean of its own cluster."""
    kernel, groups = grouped_similarity((20, 20))
    heavy = kernel + 50 * np.eye(40)
    start = np.arange(40) % 2
    found = settle(heavy, start, 2, max_rounds=100, tolerance=1e-8)
    assert found.num_rounds == 1
    assert same_partition(found.labels, groups)


def test_a_matrix_without_a_diagonal_settles():
    """Rounding must not count as a gain, also where nothing on the diagonal sets a scale."""
    kernel = 0.1 * (1 - np.eye(61))  # every partition is as good as every other
    start = np.repeat(np.arange(4), [7, 11, 19, 24])
    found = settle(kernel, start, 4, max_rounds=20, tolerance=1e-8)
    assert found.is_settled
    assert np.array_equal(found.labels, start)
    assert len(found.objectives) == 1


def test_an_empty_cluster_takes_what_fits_worst():
    """Three centers at one place: two of the clusters start empty."""
    features = np.zeros((10, 1))
    features[3:] = np.arange(7)[:, None] + 1.0
    kernel = features @ features.T
    start = spread_start(kernel, 10, np.random.RandomState(0))
    assert sorted(start.tolist()) == list(range(10))
    for num_clusters in (2, 5, 9, 10):
        for seed in range(5):
            start = spread_start(kernel, num_clusters, np.random.RandomState(seed))
            assert len(set(start.tolist())) == num_clusters
    found = KernelKMeans(8, random_state=0).fit(kernel)
    assert_close(found.objective_ + 1, 1.0)
    assert len(set(found.labels_.tolist())) == 8


def test_examples_that_are_all_the_same_fill_every_cluster():
    found = KernelKMeans(3, random_state=0).fit(np.ones((6, 6)))
    assert sorted(set(found.labels_.tolist())) == [0, 1, 2]
    assert found.objective_ == 0


def test_starts_are_spread_out():
    """Ten far groups: plain random centers would miss one almost always."""
    centers = 100 * np.arange(10)
    features = np.repeat(centers, 5)[:, None] + np.random.default_rng(0).normal(size=(50, 1))
    start = spread_start(features @ features.T, 10, np.random.RandomState(0))
    assert same_partition(start, np.repeat(np.arange(10), 5))


def test_a_shift_makes_the_matrix_positive_and_keeps_the_best_partition():
    kernel = indefinite_kernel(7)
    plain = KernelKMeans(3, random_state=0).fit(kernel)
    shifted = KernelKMeans(3, shift=True, random_state=0).fit(kernel)
    assert plain.shift_ == 0
    assert_close(shifted.shift_, -np.linalg.eigvalsh(kernel).min())
    assert plain.objective_ < 0 < shifted.objective_
    assert_close(shifted.objective_, plain.objective_ + shifted.shift_ * (7 - 3))
    assert same_partition(plain.labels_, shifted.labels_)


def test_a_positive_matrix_needs_no_shift():
    assert least_shift(np.eye(3)) == 0
    model = KernelKMeans(2, shift=True, random_state=0).fit(random_kernel(6, rank=6))
    assert model.shift_ == 0


def test_the_symmetric_part_counts():
    kernel, groups = grouped_similarity()
    skew = np.random.default_rng(0).normal(size=kernel.shape)
    found = KernelKMeans(2, random_state=0).fit(kernel + (skew - skew.T))
    assert same_partition(found.labels_, groups)
    assert_close(found.objective_, partition_objective(kernel, groups))


def test_the_seed_decides_and_the_kernel_is_left_alone():
    kernel = random_kernel(60)
    before = kernel.copy()
    once = KernelKMeans(6, num_starts=1, random_state=3).fit(kernel)
    again = KernelKMeans(6, num_starts=1, random_state=3).fit(kernel)
    assert np.array_equal(once.labels_, again.labels_)
    found = {
        KernelKMeans(6, num_starts=1, random_state=seed).fit(kernel).objective_ for seed in range(8)
    }
    assert len(found) > 1
    assert KernelKMeans(6, random_state=3).fit(kernel).objective_ <= min(found) + 1e-9
    KernelKMeans(2, shift=True, random_state=0).fit(kernel - 9 * np.eye(60))
    assert np.array_equal(kernel, before)


def test_kernels_by_name_and_by_function():
    features = np.random.default_rng(0).normal(size=(30, 3))
    named = KernelKMeans(3, kernel="rbf", random_state=0).fit(features)
    given = KernelKMeans(3, random_state=0).fit(rbf_kernel(features))
    made = KernelKMeans(3, kernel=partial(rbf_kernel, gamma=1 / 3), random_state=0).fit(features)
    assert_close(named.objective_, given.objective_)
    assert_close(made.objective_, given.objective_)


def test_it_clones_and_works_in_a_pipeline():
    kernel, groups = grouped_similarity()
    sizes = np.exp(np.random.default_rng(0).normal(size=len(kernel)))
    normalize = FunctionTransformer(normalize_similarity, kw_args={"normalize": "cosine"})
    pipeline = make_pipeline(normalize, KernelKMeans(2, random_state=0))
    labels = clone(pipeline).fit_predict(kernel * sizes * sizes[:, None])
    assert same_partition(labels, groups)
    copied = clone(KernelKMeans(5, shift=True, tolerance=1e-3))
    assert copied.get_params()["num_clusters"] == 5
    assert copied.get_params()["tolerance"] == 1e-3


def test_it_says_when_it_was_stopped():
    found = settle(random_kernel(20), np.arange(20) % 3, 3, max_rounds=0, tolerance=1e-8)
    assert not found.is_settled
    assert found.num_rounds == 0


def test_a_warning_when_moves_run_out(monkeypatch: pytest.MonkeyPatch):
    stopped = partial(settle, max_rounds=0)
    monkeypatch.setattr(
        "neurashed.clustering.kernel_k_means.settle",
        lambda kernel, labels, num_clusters, **_: stopped(
            kernel, labels, num_clusters, tolerance=1e-8
        ),
    )
    with pytest.warns(ConvergenceWarning, match="the clusters still changed after 100 rounds"):
        KernelKMeans(2, random_state=0).fit(random_kernel(6))


@pytest.mark.parametrize(
    ("settings", "kernel", "message"),
    [
        ({"num_clusters": 0}, np.eye(3), "num_clusters is 0; give a whole number of at least 1"),
        ({"num_clusters": 2.5}, np.eye(3), "num_clusters is 2.5; give a whole number"),
        ({"num_clusters": 4}, np.eye(3), "num_clusters is 4 and there are 3 examples"),
        ({"num_starts": 0}, np.eye(3), "num_starts is 0"),
        ({"max_iterations": 0}, np.eye(3), "max_iterations is 0"),
        ({"tolerance": -1.0}, np.eye(3), "tolerance is -1.0; give 0 or more"),
        ({"kernel": "magic"}, np.eye(3), "kernel is 'magic', which cannot be computed"),
        ({}, np.ones((3, 2)), r"the similarity has shape \(3, 2\); give a square array"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refusals(settings: dict, kernel: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        KernelKMeans(**settings).fit(kernel)


def test_undefined_values_are_refused_as_scikit_learn_does():
    with pytest.raises(ValueError, match="Input X contains NaN"):
        KernelKMeans(2).fit(np.diag([1.0, np.nan, 1.0]))
