"""Features of examples from their similarity with a few of them: the method of Nyström."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from sklearn.utils import check_random_state

from neurashed.clustering.choices import Normalize, Undefined
from neurashed.clustering.square import check_square
from neurashed.clustering.undefined import find_kept, refuse_undefined
from neurashed.errors import InputError
from neurashed.results import find_selves, iterate_blocks

__all__ = ["LandmarkFeatures", "landmark_features"]

# k-means takes time with each feature; a hundred hold what tells some tens of clusters apart.
_MOST_FEATURES = 100


@dataclass(frozen=True, eq=False)
class LandmarkFeatures:
    """Coordinates of examples whose inner products are close to their similarities.

    Attributes:
        features: Coordinates ``(example, feature)`` of the examples that are kept.
        own: Similarity of each of them with itself, which the inner products may fall short of.
        kept: Whether each example is kept ``(example,)``; false where it is undefined.
        landmarks: Which of the examples kept are landmarks ``(landmark,)``.
        negative_share: Share of the landmarks' eigenvalues, by magnitude, that are negative and
            have no features.
    """

    features: np.ndarray
    own: np.ndarray
    kept: np.ndarray
    landmarks: np.ndarray
    negative_share: float


def landmark_features(
    result: xr.DataArray,
    num_landmarks: int,
    *,
    normalize: Normalize = "cosine",
    undefined: Undefined = "refuse",
    sign: int = 1,
    random_state: int | np.random.RandomState | None = None,
) -> LandmarkFeatures:
    """Return features by which the similarity of any two examples is nearly their inner product.

    With ``C`` the similarities with the landmarks and ``W`` those among them, ``S ≈ C W⁻¹ Cᵀ``: the
    features are ``C U Λ^-½`` from ``W = U Λ Uᵀ``. All similarities are read once, block by block;
    8 bytes are kept for each example and landmark. A similarity is the mean of both directions.

    Args:
        result: A result with dimensions source and probe in which every source is also a probe.
        num_landmarks: How many examples, drawn without looking at labels, are landmarks.
        normalize: What is done with sizes and the mean, see `normalize_similarity`; the mean is
            that of the features.
        undefined: Whether examples with undefined similarities are refused or left out.
        sign: -1 if what is smallest is most alike.
        random_state: A seed or a generator.

    Returns:
        The features of all examples, at most 100.

    Raises:
        InputError: If there are fewer than 2 landmarks, or none has a feature.

    References:
        Using the Nyström Method to Speed Up Kernel Machines (Christopher Williams and Matthias
        Seeger, 2001), https://papers.nips.cc/paper/1866
    """
    check_square(result)
    if num_landmarks < 2:
        message = f"num_landmarks is {num_landmarks}; give at least 2"
        raise InputError(message)
    generator = check_random_state(random_state)
    num_examples = result.sizes["source"]
    landmarks = np.sort(generator.permutation(num_examples)[:num_landmarks])
    columns, own = _read_columns(result, landmarks)
    columns, own = sign * columns, sign * own
    needs_self = normalize == "cosine"
    is_good = find_kept(columns[landmarks], "drop", needs_self=needs_self)
    columns, landmarks = columns[:, is_good], landmarks[is_good]
    kept = np.isfinite(columns).all(axis=1) & (~(own <= 0) | (not needs_self))
    refuse_undefined(kept, undefined)
    columns, own = columns[kept], own[kept]
    landmarks = np.searchsorted(np.flatnonzero(kept), landmarks)
    features, negative_share = _to_features(columns, landmarks)
    features, own = _normalize(features, own, normalize)
    return LandmarkFeatures(features, own, kept, landmarks, negative_share)


def _read_columns(result: xr.DataArray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarity of each source with each landmark, and with itself."""
    places = find_selves(result["source"].to_numpy(), result["probe"].to_numpy())
    source_at = np.full(result.sizes["probe"], -1)
    source_at[places] = np.arange(len(places))
    columns = np.zeros((len(places), len(landmarks)), dtype=result.dtype)
    own = np.full(len(places), np.nan)
    for block in iterate_blocks(result):
        values = block.values / 2
        at = places[landmarks] - block.probes.start
        inside = np.flatnonzero((at >= 0) & (at < values.shape[1]))
        columns[block.sources, inside] += values[:, at[inside]]
        at = landmarks - block.sources.start
        inside = np.flatnonzero((at >= 0) & (at < len(values)))
        others = source_at[block.probes]
        is_source = others >= 0
        columns[np.ix_(others[is_source], inside)] += values[at[inside]][:, is_source].T
        at = places[block.sources] - block.probes.start
        inside = np.flatnonzero((at >= 0) & (at < values.shape[1]))
        own[block.sources.start + inside] = 2 * values[inside, at[inside]]
    return columns, own


def _to_features(columns: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, float]:
    eigenvalues, vectors = np.linalg.eigh(columns[landmarks].astype(np.float64))
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    # Below what the numbers resolve, a feature would be noise blown up.
    least = len(landmarks) * np.finfo(columns.dtype).eps * np.abs(eigenvalues).max()
    num_features = min(int((eigenvalues > least).sum()), _MOST_FEATURES)
    if not num_features:
        message = (
            "the similarities among the landmarks have no positive eigenvalue, so there are no "
            "features; measure a tangent kernel, or cluster fewer examples by another method"
        )
        raise InputError(message)
    scaled = vectors[:, :num_features] / np.sqrt(eigenvalues[:num_features])
    negative = np.abs(eigenvalues[eigenvalues < 0]).sum() / np.abs(eigenvalues).sum()
    return columns @ scaled.astype(columns.dtype), float(negative)


def _normalize(
    features: np.ndarray, own: np.ndarray, normalize: Normalize
) -> tuple[np.ndarray, np.ndarray]:
    features = features.astype(np.float64)
    if normalize in {"center", "center_cosine"}:
        mean = features.mean(axis=0)
        own = own - 2 * features @ mean + mean @ mean
        features = features - mean
    if normalize in {"cosine", "center_cosine"}:
        # Where features fall short of a size, as they do for examples unlike all landmarks, a
        # cosine of 1 with itself is not made up.
        sizes = np.sqrt(np.maximum(own, np.finfo(np.float64).tiny))
        return features / sizes[:, None], np.ones(len(own))
    return features, own
