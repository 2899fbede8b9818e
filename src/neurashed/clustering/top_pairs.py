"""Near-duplicates and odd ones out of a result of which only the top probes are at hand."""

from dataclasses import dataclass

import numpy as np

from neurashed.clustering.affinity import count_neighbors

__all__ = ["KnownPairs", "OddSource", "closest_pairs", "find_known_pairs", "odd_sources"]


@dataclass(frozen=True, eq=False)
class KnownPairs:
    """Pairs of sources whose mutual elasticity is known, each pair in both directions.

    Attributes:
        first: Place of one source of each pair, in increasing order ``(pair,)``.
        second: Place of the other.
        values: Their mutual elasticity, see `neurashed.clustering.near_duplicates`.
    """

    first: np.ndarray
    second: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class OddSource:
    """A source that moves with another class than its own.

    Attributes:
        place: Where it stands among the sources.
        suggested: Number of the class that it moves with.
        score: The vote for that class less the vote for its own.
    """

    place: int
    suggested: int
    score: float


def find_known_pairs(
    values: np.ndarray, places: np.ndarray, own: np.ndarray, *, is_symmetric: bool
) -> KnownPairs:
    """Return the pairs whose mutual elasticity follows from top probes.

    These are the pairs of which each is among the top probes of the other or, where the measure is
    symmetric, one of them is.

    Args:
        values: Values of the top probes of sources that are the probes ``(source, rank)``; NaN
            where there is no further probe.
        places: Places of the probes; -1 where there is none.
        own: What each source does to itself ``(source,)``.
        is_symmetric: Whether the measure is symmetric.

    Returns:
        The pairs.
    """
    num_sources, num_ranks = places.shape
    own = np.asarray(own, dtype=np.float64)
    own = np.where(np.isfinite(own) & (own != 0), own, np.nan)
    first, second = np.repeat(np.arange(num_sources), num_ranks), places.ravel()
    values = values.ravel().astype(np.float64)
    if is_symmetric:
        first, second = np.concatenate([first, second]), np.concatenate([second, first])
        values = np.tile(values, 2)
    shares = values / own[first]
    is_known = np.isfinite(shares)
    first, second, shares = first[is_known], second[is_known], shares[is_known]
    keys, at = np.unique(first * num_sources + second, return_index=True)
    first, second, shares = first[at], second[at], shares[at]
    back = np.minimum(np.searchsorted(keys, second * num_sources + first), len(keys) - 1)
    is_mutual = (first[back] == second) & (second[back] == first)
    products = shares * shares[back]
    values = np.sign(shares) * np.sqrt(np.maximum(products, 0))
    return KnownPairs(first[is_mutual], second[is_mutual], values[is_mutual])


def closest_pairs(pairs: KnownPairs, count: int) -> list[tuple[int, int, float]]:
    """Return the pairs with the highest mutual elasticity, the highest first.

    Args:
        pairs: Known pairs.
        count: How many, at most.

    Returns:
        The places of both sources, the lower one first, with their mutual elasticity.
    """
    is_upper = pairs.first < pairs.second
    first, second, values = (one[is_upper] for one in (pairs.first, pairs.second, pairs.values))
    best = np.argsort(-values, kind="stable")[:count]
    return list(
        zip(first[best].tolist(), second[best].tolist(), values[best].tolist(), strict=True)
    )


def odd_sources(pairs: KnownPairs, classes: np.ndarray, count: int) -> list[OddSource]:
    """Return the sources that move most with another class than their own, the oddest first.

    The ``⌈log₂ n⌉`` sources of most mutual elasticity vote, see
    `neurashed.clustering.odd_ones_out`; a pair that is not known has no vote.

    Args:
        pairs: Known pairs.
        classes: Number of each source's class ``(source,)``, from 0.
        count: How many, at most.

    Returns:
        Those with a score above 0.
    """
    votes = _count_votes(pairs, classes)
    at = np.arange(len(classes))
    own = votes[at, classes]
    votes[at, classes] = -np.inf
    scores, suggested = votes.max(axis=1) - own, votes.argmax(axis=1)
    oddest = np.argsort(-scores, kind="stable")[:count].tolist()
    return [
        OddSource(place, int(suggested[place]), float(scores[place]))
        for place in oddest
        if scores[place] > 0
    ]


def _count_votes(pairs: KnownPairs, classes: np.ndarray) -> np.ndarray:
    """Return the mean vote of the nearest sources for each class ``(source, class)``."""
    num_neighbors = count_neighbors(len(classes))
    order = np.lexsort((pairs.second, -pairs.values, pairs.first))
    first, second, values = (one[order] for one in (pairs.first, pairs.second, pairs.values))
    ranks = np.arange(len(first)) - np.searchsorted(first, first)
    is_vote = (ranks < num_neighbors) & (values > 0)
    votes = np.zeros((len(classes), int(classes.max()) + 1))
    cells = (first[is_vote], classes[second[is_vote]])
    np.add.at(votes, cells, values[is_vote] / num_neighbors)
    return votes
