"""The estimator, by scikit-learn's own checks and by what it should find."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from coarse_cases import QUICK, blobs, build
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurashed.clustering import agreement
from neurashed.data import Examples
from neurashed.errors import InputError, InputTypeError
from neurashed.subclasses import (
    ElasticClustering,
    similarity_of_trained,
    train_on_coarse_labels,
)
from neurashed.task import Task

BLOCKS = np.kron(np.eye(2), np.ones((3, 3))) + 0.1


class _InnerProducts:
    """A function with a name that is the same in every process, which test runners need."""

    def __call__(self, array: np.ndarray) -> np.ndarray:
        return array @ array.T

    def __repr__(self) -> str:
        return "inner_products"


_inner_products = _InnerProducts()


_NOT_KEPT = {
    "check_do_not_raise_errors_in_init_or_set_params": "in tests, types are checked at the call"
}
_NOT_KEPT_BY_SIMILARITIES = {
    "check_clustering": "gives points where a similarity is due",
    "check_clustering(readonly_memmap=True)": "gives points where a similarity is due",
}


def _expected_failures(estimator: ElasticClustering) -> dict[str, str]:
    is_given = estimator.similarity == "precomputed"
    return {**_NOT_KEPT, **(_NOT_KEPT_BY_SIMILARITIES if is_given else {})}


@parametrize_with_checks(
    [
        ElasticClustering(num_clusters=2, normalize="none", random_state=0),
        ElasticClustering(_inner_products, 2, normalize="none", random_state=0),
    ],
    expected_failed_checks=_expected_failures,
)
def test_keeps_the_conventions(estimator: BaseEstimator, check: Callable[[BaseEstimator], None]):
    check(estimator)


@pytest.fixture(scope="module")
def trained() -> Task:
    [(task, _)] = train_on_coarse_labels(build, blobs(), QUICK)
    return task


def test_finds_the_blobs_from_a_task_a_result_and_a_function(trained: Task):
    primary = blobs().primary
    result = similarity_of_trained(trained, primary)
    by_task = ElasticClustering(trained, 2, random_state=0).fit(primary)
    by_result = ElasticClustering(num_clusters=2, random_state=0).fit(result)
    by_function = ElasticClustering(lambda _: result, 2, random_state=0).fit(primary)
    assert agreement(by_task.labels_, primary.fine_labels).accuracy == 1.0
    for other in (by_result, by_function):
        assert np.array_equal(by_task.labels_, other.labels_)
        assert np.array_equal(by_task.similarity_, other.similarity_)
    assert by_task.num_clusters_ == 2
    assert by_task.clusters_.typicality.shape == (16,)


def test_chooses_the_number_by_evidence():
    kernel = np.kron(np.eye(3), np.ones((8, 8))) + 0.01
    found = ElasticClustering(random_state=0).fit(kernel)
    assert found.num_clusters_ == 3
    assert found.clusters_.evidence is not None


def test_can_be_cloned_with_its_task_and_put_in_a_pipeline(trained: Task):
    model = ElasticClustering(trained, 2, random_state=4)
    again = clone(model)
    assert isinstance(again.similarity, Task)
    assert again.get_params()["random_state"] == 4
    pipeline = make_pipeline(FunctionTransformer(np.square), ElasticClustering(num_clusters=2))
    assert len(set(pipeline.fit_predict(BLOCKS))) == 2


@pytest.mark.parametrize(
    ("model", "given", "error", "message"),
    [
        (ElasticClustering(Task(torch.nn.Linear(2, 1))), BLOCKS, InputTypeError, "X is a ndarray"),
        (ElasticClustering("cosine"), BLOCKS, InputError, "similarity is 'cosine'; give"),
        (ElasticClustering(num_clusters=9), BLOCKS, InputError, "num_clusters is 9 and there are"),
        (ElasticClustering(), BLOCKS[:2], InputError, "the similarity has shape (2, 6)"),
    ],
)
def test_refuses(
    model: ElasticClustering, given: np.ndarray | Examples, error: type[Exception], message: str
):
    with pytest.raises(error, match=re.escape(message)):
        model.fit(given)
