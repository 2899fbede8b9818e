"""What all other examples say of an example."""

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import get_lapack_funcs

from neurashed.clustering import normalize_similarity
from neurashed.errors import InputError

__all__ = ["held_out_predictions", "score_held_out"]


def held_out_predictions(
    kernel: Float[np.ndarray, "example example"],
    targets: Float[np.ndarray, "example output"],
    *,
    ridge: float,
) -> Float[np.ndarray, "example output"]:
    """Return what kernel ridge regression on all other examples predicts for each.

    With ``G = (K + ridge I)⁻¹`` the prediction is ``y_i − (G y)_i / G_ii``, so one inverse does for
    all. For the tangent kernel it is what gradient descent of the linearized network, with as much
    weight decay, would have learned of an example from all others: their responses, summed up to
    the end of training.

    Args:
        kernel: Symmetric, positive semi-definite.
        targets: What each example is said to be.
        ridge: Added to the diagonal.

    Returns:
        The predictions.

    Raises:
        InputError: If the kernel with the ridge is not positive definite.

    References:
        Gaussian Processes for Machine Learning (Rasmussen and Williams, 2006), equation 5.12,
        https://gaussianprocess.org/gpml/
        Generalization Through The Lens of Leave-One-Out Error (Bachmann, Hofmann and Lucchi, 2022),
        https://arxiv.org/abs/2203.03443
    """
    # LAPACK's own inverse of a symmetric matrix: three times faster than a general one.
    potrf, potri = get_lapack_funcs(("potrf", "potri"), (kernel,))
    factor, failure = potrf(kernel + ridge * np.eye(len(kernel)), lower=1)
    if failure:
        message = f"the kernel with ridge {ridge:g} is not positive definite; raise the ridge"
        raise InputError(message)
    lower, _ = potri(factor, lower=1, overwrite_c=1)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    return targets - (inverse @ targets) / np.diag(inverse)[:, None]


def score_held_out(
    kernel: Float[np.ndarray, "example example"],
    classes: Int[np.ndarray, " example"],
    *,
    ridge: float,
) -> Float[np.ndarray, " example"]:
    """Score each example by how much more the others predict another class than its own.

    Args:
        kernel: Similarity of each pair; divided by sizes first, for ones on its diagonal.
        classes: Class number of each example, from 0.
        ridge: Ridge of the regression on one-hot targets.

    Returns:
        The best prediction for another class less that for its own; above 0 where the label may be
        wrong.
    """
    is_own = classes[:, None] == np.arange(classes.max() + 1)
    # Around the mean, so that an example that is like no other gets no class.
    targets = is_own - 1 / is_own.shape[1]
    similarity = normalize_similarity(kernel, "cosine")
    predicted = held_out_predictions(similarity, targets, ridge=ridge)
    return np.where(is_own, -np.inf, predicted).max(axis=1) - predicted[is_own]
