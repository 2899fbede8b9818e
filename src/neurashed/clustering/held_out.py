"""What all other examples say of an example: predictions by kernel regression without it."""

import numpy as np
from jaxtyping import Float, Shaped
from scipy.linalg import get_lapack_funcs

from neurashed.clustering.affinity import normalize_similarity
from neurashed.errors import InputError
from neurashed.seeding import numpy_generator

__all__ = ["RIDGE", "held_out_predictions", "held_out_scores", "held_out_votes"]

# In units of an example's similarity with itself. Of 0.01, 0.03, 0.1 and 0.3 the one whose
# predictions fit given labels of MNIST best, right and wrong alike;
# docs/reproductions/he-su-2020-corrupted-labels.md says on which images.
RIDGE = 0.1


def held_out_predictions(
    kernel: Float[np.ndarray, "example example"],
    targets: Float[np.ndarray, "example output"],
    *,
    ridge: float = RIDGE,
    num_folds: int | None = None,
    seed: int = 0,
) -> Float[np.ndarray, "example output"]:
    """Return what kernel ridge regression on the other examples predicts for each.

    With ``G = (K + ridge I)⁻¹`` the prediction without the examples of a fold ``F`` is
    ``y_F − (G_FF)⁻¹ (G y)_F``, so one inverse does for all folds, also where each example is a fold
    of its own. For the tangent kernel it is what gradient descent of the linearized network, with
    as much weight decay, would have learned of an example from the others: their responses, summed
    up to the end of training.

    Args:
        kernel: Symmetric, positive semi-definite.
        targets: What each example is said to be.
        ridge: Added to the diagonal.
        num_folds: How many folds, of nearly equal size; None to leave out one example at a time.
        seed: Seed of the folds.

    Returns:
        The predictions.

    Raises:
        InputError: If the kernel with the ridge is not positive definite, or there are fewer than
            2 folds or more than examples.

    Example:
        >>> kernel = np.eye(4) + np.kron(np.eye(2), np.ones((2, 2)))
        >>> held_out_predictions(kernel, np.array([[1.0], [3.0], [5.0], [7.0]]), ridge=0.0)
        array([[1.5],
               [0.5],
               [3.5],
               [2.5]])

    References:
        Gaussian Processes for Machine Learning (Rasmussen and Williams, 2006), equation 5.12,
        https://gaussianprocess.org/gpml/
        Generalization Through The Lens of Leave-One-Out Error (Bachmann, Hofmann and Lucchi, 2022),
        https://arxiv.org/abs/2203.03443
    """
    inverse = _invert(kernel, ridge)
    fitted = inverse @ targets
    if num_folds is None:
        return targets - fitted / np.diag(inverse)[:, None]
    if not 2 <= num_folds <= len(kernel):
        message = (
            f"num_folds is {num_folds} and there are {len(kernel)} examples; "
            f"give 2 to {len(kernel)}, or None"
        )
        raise InputError(message)
    predictions = np.empty_like(fitted)
    order = numpy_generator(seed, "folds").permutation(len(kernel))
    for fold in np.array_split(order, num_folds):
        missing = np.linalg.solve(inverse[np.ix_(fold, fold)], fitted[fold])
        predictions[fold] = targets[fold] - missing
    return predictions


def held_out_votes(
    kernel: Float[np.ndarray, "example example"],
    labels: Shaped[np.ndarray, " example"],
    *,
    ridge: float = RIDGE,
    num_folds: int | None = None,
    seed: int = 0,
) -> Float[np.ndarray, "example label"]:
    """Return how much the other examples vote for each label of an example.

    The votes are `held_out_predictions` of which label it is, from the kernel divided by sizes.
    They are around the mean of all labels: those for an example that is like no other are 0, and
    those of an example add up to 0.

    Args:
        kernel: Similarity of each pair, positive semi-definite; each example needs a positive one
            with itself.
        labels: Label of each example.
        ridge: Ridge, in units of an example's similarity with itself.
        num_folds: How many folds; None to leave out one example at a time.
        seed: Seed of the folds.

    Returns:
        The votes, for the labels in sorted order.
    """
    names, numbers = np.unique(labels, return_inverse=True)
    targets = (numbers[:, None] == np.arange(len(names))) - 1 / len(names)
    similarity = normalize_similarity(kernel, "cosine")
    return held_out_predictions(similarity, targets, ridge=ridge, num_folds=num_folds, seed=seed)


def held_out_scores(
    kernel: Float[np.ndarray, "example example"],
    labels: Shaped[np.ndarray, " example"],
    *,
    ridge: float = RIDGE,
    num_folds: int | None = None,
    seed: int = 0,
) -> Float[np.ndarray, " example"]:
    """Score each example by how much more the others vote for another label than for its own.

    For a labelled result, `neurashed.clustering.odd_ones_out` gives the same scores with ids and
    suggestions.

    Args:
        kernel: Similarity of each pair, see `held_out_votes`.
        labels: Label of each example.
        ridge: Ridge, in units of an example's similarity with itself.
        num_folds: How many folds; None to leave out one example at a time.
        seed: Seed of the folds.

    Returns:
        The vote for the best other label less that for its own; above 0 where the label may be
        wrong.

    Example:
        >>> kernel = np.eye(6) + np.kron(np.eye(2), np.ones((3, 3)))
        >>> scores = held_out_scores(kernel, np.array(list("aaabba")))  # the last is like the "b"
        >>> int(scores.argmax()), bool(scores[5] > 0)
        (5, True)
    """
    votes = held_out_votes(kernel, labels, ridge=ridge, num_folds=num_folds, seed=seed)
    is_own = np.unique(labels, return_inverse=True)[1][:, None] == np.arange(votes.shape[1])
    return np.where(is_own, -np.inf, votes).max(axis=1) - votes[is_own]


def _invert(
    kernel: Float[np.ndarray, "example example"], ridge: float
) -> Float[np.ndarray, "example example"]:
    """Return ``(K + ridge I)⁻¹``."""
    # LAPACK's own inverse of a symmetric matrix: three times faster than a general one.
    potrf, potri = get_lapack_funcs(("potrf", "potri"), (kernel,))
    factor, failure = potrf(kernel + ridge * np.eye(len(kernel)), lower=1)
    if failure:
        message = f"the kernel with ridge {ridge:g} is not positive definite; raise the ridge"
        raise InputError(message)
    lower, _ = potri(factor, lower=1, overwrite_c=1)
    return np.tril(lower) + np.tril(lower, -1).T
