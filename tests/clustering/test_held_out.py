"""Held-out predictions against fits that really leave examples out, and the scores made of them."""

import sys

import numpy as np
import pytest
from closeness import assert_close
from clustering_cases import grouped_similarity
from result_cases import make_result

from neurashed.clustering import held_out_predictions, held_out_scores, odd_ones_out
from neurashed.errors import InputError
from neurashed.seeding import numpy_generator


def fit_without(
    kernel: np.ndarray, targets: np.ndarray, folds: list[np.ndarray], ridge: float
) -> np.ndarray:
    """Return the predictions by hand: a regression for each fold."""
    predictions = np.empty_like(targets)
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(kernel)), fold)
        lifted = kernel[np.ix_(rest, rest)] + ridge * np.eye(len(rest))
        predictions[fold] = kernel[np.ix_(fold, rest)] @ np.linalg.solve(lifted, targets[rest])
    return predictions


@pytest.mark.parametrize("num_folds", [None, 2, 4, 9])
def test_predictions_are_those_of_fits_without_the_examples(num_folds: int | None):
    generator = np.random.default_rng(0)
    features, targets = generator.standard_normal((9, 4)), generator.standard_normal((9, 2))
    kernel = features @ features.T
    order = np.arange(9) if num_folds is None else numpy_generator(5, "folds").permutation(9)
    by_hand = fit_without(kernel, targets, np.array_split(order, num_folds or 9), 0.3)
    found = held_out_predictions(kernel, targets, ridge=0.3, num_folds=num_folds, seed=5)
    assert_close(found, by_hand)


def test_folds_of_one_are_leaving_out_one():
    similarity, _ = grouped_similarity((6, 5), noise=0.3)
    targets = np.arange(11.0)[:, None]
    alone = held_out_predictions(similarity, targets, ridge=0.2)
    assert_close(held_out_predictions(similarity, targets, ridge=0.2, num_folds=11), alone)


def test_the_score_is_the_best_other_vote_less_the_own():
    generator = np.random.default_rng(1)
    features = generator.standard_normal((12, 5))
    kernel, labels = features @ features.T, np.array(list("abcabcabcabc"))
    sizes = np.sqrt(np.diag(kernel))
    targets = (labels[:, None] == np.array(list("abc"))).astype(float)
    votes = fit_without(
        kernel / np.outer(sizes, sizes), targets - 1 / 3, list(np.arange(12)[:, None]), 0.1
    )
    own = votes[targets == 1]
    best = np.where(targets == 1, -np.inf, votes).max(1)
    assert_close(held_out_scores(kernel, labels), best - own)
    odd = odd_ones_out(make_result(kernel, labels, name="tangent_kernel"))
    assert_close(odd["score"], best - own)
    assert_close(odd["own_vote"], own)
    assert_close(odd["suggested_vote"], best)


def test_wrong_labels_stand_out_of_a_tangent_kernel():
    similarity, groups = grouped_similarity((30, 30, 30), noise=0.4)
    classes = np.array(["ant", "bee", "cat"])
    labels, wrong = classes[groups], [5, 40, 77]
    labels[wrong] = classes[(groups[wrong] + 1) % 3]
    odd = odd_ones_out(make_result(similarity, labels, name="tangent_kernel"))
    assert set(np.argsort(-odd["score"].values)[:3].tolist()) == set(wrong)
    assert odd["suggested_label"].values[wrong].tolist() == classes[groups[wrong]].tolist()
    assert odd.attrs["votes_of"] == "held_out"
    assert (odd.attrs["ridge"], odd.attrs["num_folds"]) == (0.1, None)


def test_only_tangent_kernels_are_regressed_on_unasked(monkeypatch: pytest.MonkeyPatch):
    similarity, groups = grouped_similarity((6, 5))
    labels = np.array(["ant", "bee"])[groups]
    relative = odd_ones_out(make_result(similarity, labels, name="relative"))
    assert relative.attrs["votes_of"] == "neighbors"
    kernel = make_result(similarity, labels, name="tangent_kernel")
    assert odd_ones_out(kernel, votes_of="neighbors").attrs["votes_of"] == "neighbors"
    # The function hides the module of its name.
    module = sys.modules["neurashed.clustering.odd_ones_out"]
    monkeypatch.setattr(module, "_MOST_HELD_OUT", 10)
    assert odd_ones_out(kernel).attrs["votes_of"] == "neighbors"


def test_a_source_that_moves_nothing_has_no_vote():
    similarity, groups = grouped_similarity((6, 5))
    similarity[3] = similarity[:, 3] = 0
    labels = np.array(["ant", "bee"])[groups]
    odd = odd_ones_out(make_result(similarity, labels, name="tangent_kernel"))
    assert np.flatnonzero(np.isnan(odd["score"].values)).tolist() == [3]
    assert odd["suggested_label"].values[3] == ""
    rest = np.delete(np.arange(11), 3)
    without = held_out_scores(similarity[np.ix_(rest, rest)], labels[rest])
    assert_close(odd["score"].values[rest], without)
    nothing = odd_ones_out(make_result(0 * similarity, labels, name="tangent_kernel"))
    assert np.isnan(nothing["score"].values).all()


def test_what_cannot_be_regressed_is_refused():
    with pytest.raises(InputError, match=r"with ridge 0.1 is not positive definite; raise"):
        held_out_predictions(-np.eye(3), np.ones((3, 1)), ridge=0.1)
    for num_folds in (1, 4):
        message = f"num_folds is {num_folds} and there are 3 examples; give 2 to 3, or None"
        with pytest.raises(InputError, match=message):
            held_out_predictions(np.eye(3), np.ones((3, 1)), num_folds=num_folds)
