"""How well clusters agree with known classes, and how sure that is over several runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from neurashed.clustering.choices import check_choice
from neurashed.clustering.partition import LEFT_OUT
from neurashed.errors import InputError
from neurashed.seeding import numpy_generator

__all__ = [
    "Agreement",
    "AgreementInterval",
    "Interval",
    "IntervalKind",
    "agreement",
    "agreement_interval",
]

IntervalKind = Literal["t", "bootstrap"]

# The least value that each score can have.
_LEAST = {"accuracy": 0.0, "nmi": 0.0, "ari": -0.5}


@dataclass(frozen=True)
class Agreement:
    """How well a partition agrees with known classes.

    Attributes:
        accuracy: Share of examples whose cluster stands for their class, with clusters matched to
            classes one to one so that this is largest; a cluster or class too many stays unmatched.
        nmi: Normalized mutual information, over the mean of both entropies: 0 to 1.
        ari: Adjusted Rand index: 0 by chance, 1 for the same partition.
        num_examples: Examples that count.
        num_left_out: Examples without a cluster, which count in none of the scores.
    """

    accuracy: float
    nmi: float
    ari: float
    num_examples: int
    num_left_out: int = 0


@dataclass(frozen=True)
class Interval:
    """A mean over runs and how sure it is.

    Attributes:
        mean: Mean over runs.
        standard_deviation: Standard deviation of one run, with ``n − 1``; NaN for one run.
        low: Lower end of the interval of the mean; NaN for one run.
        high: Upper end.
    """

    mean: float
    standard_deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class AgreementInterval:
    """The agreement of several runs, such as one for each seed.

    Attributes:
        accuracy: Interval of the accuracy.
        nmi: Interval of the normalized mutual information.
        ari: Interval of the adjusted Rand index.
        num_runs: How many runs there are.
        confidence: Confidence of the intervals.
        kind: ``"t"`` or ``"bootstrap"``.
    """

    accuracy: Interval
    nmi: Interval
    ari: Interval
    num_runs: int
    confidence: float
    kind: IntervalKind


def agreement(labels: np.ndarray, truth: np.ndarray) -> Agreement:
    """Compare clusters with known classes; numbers and names on either side do not matter.

    Args:
        labels: Cluster of each example ``(example,)``; -1 for one that was left out.
        truth: Class of each example ``(example,)``, numbers or strings.

    Returns:
        The agreement.

    Raises:
        InputError: If lengths differ or no example has a cluster.

    Example:
        >>> agreement(np.array([0, 0, 0, 1]), np.array(["8", "8", "5", "5"])).accuracy
        0.75
    """
    labels, truth = np.asarray(labels), np.asarray(truth)
    if labels.shape != truth.shape or labels.ndim != 1:
        message = (
            f"labels have shape {labels.shape} and truth has {truth.shape}; "
            "give one cluster and one class for each example"
        )
        raise InputError(message)
    counts = labels != LEFT_OUT
    if not counts.any():
        message = f"none of {len(labels)} examples has a cluster; cluster some first"
        raise InputError(message)
    labels, truth = labels[counts], truth[counts]
    table = contingency_matrix(truth, labels)
    matched = table[linear_sum_assignment(table, maximize=True)].sum()
    return Agreement(
        accuracy=float(matched / len(labels)),
        nmi=float(normalized_mutual_info_score(truth, labels)),
        ari=float(adjusted_rand_score(truth, labels)),
        num_examples=len(labels),
        num_left_out=int((~counts).sum()),
    )


def agreement_interval(
    runs: Sequence[Agreement],
    *,
    kind: IntervalKind = "t",
    confidence: float = 0.95,
    num_bootstrap: int = 10_000,
    seed: int = 0,
) -> AgreementInterval:
    """Average the agreement of several runs, with intervals of the mean.

    ``"t"`` is the interval of Student's t, cut to where scores can lie. ``"bootstrap"`` draws runs
    again and takes percentiles of their mean. With a handful of runs the bootstrap is too narrow:
    with five it covers the mean about 80 times in 100 where it says 95, and ``"t"`` about 93.

    Args:
        runs: Agreements, one for each run.
        kind: ``"t"`` or ``"bootstrap"``.
        confidence: Confidence of the intervals.
        num_bootstrap: Replicates of the bootstrap.
        seed: Seed of the bootstrap.

    Returns:
        Means, standard deviations and intervals; they are about seeds, or whatever the runs differ
        in, and not about the choice of examples.

    Raises:
        InputError: If there are no runs or the confidence is no share.

    Example:
        >>> runs = [Agreement(accuracy, 0.5, 0.5, 100) for accuracy in (0.7, 0.8, 0.9)]
        >>> interval = agreement_interval(runs).accuracy
        >>> round(interval.mean, 3), round(interval.low, 3), round(interval.high, 3)
        (0.8, 0.552, 1.0)
    """
    check_choice(kind, IntervalKind, what="kind")
    if not runs:
        message = "there are no runs to average; give at least one agreement"
        raise InputError(message)
    if not 0 < confidence < 1:
        message = f"confidence is {confidence}; give a share between 0 and 1, such as 0.95"
        raise InputError(message)
    draws = numpy_generator(seed, "agreement").integers(len(runs), size=(num_bootstrap, len(runs)))
    outside = (1 - confidence) / 2
    intervals = {}
    for name, least in _LEAST.items():
        scores = np.array([getattr(run, name) for run in runs])
        low, high = _find_ends(scores, draws if kind == "bootstrap" else None, outside)
        intervals[name] = Interval(
            mean=float(scores.mean()),
            standard_deviation=float(scores.std(ddof=1)) if len(runs) > 1 else float("nan"),
            low=float(np.maximum(low, least)),
            high=float(np.minimum(high, 1.0)),
        )
    return AgreementInterval(**intervals, num_runs=len(runs), confidence=confidence, kind=kind)


def _find_ends(scores: np.ndarray, draws: np.ndarray | None, outside: float) -> tuple[float, float]:
    """Return the ends of an interval of the mean: of Student's t, or over draws of runs."""
    num_runs = len(scores)
    if num_runs == 1:
        return float("nan"), float("nan")
    if draws is not None:
        low, high = np.quantile(scores[draws].mean(axis=1), [outside, 1 - outside])
        return float(low), float(high)
    error = scores.std(ddof=1) / np.sqrt(num_runs)
    reach = float(stats.t.ppf(1 - outside, num_runs - 1) * error)
    return float(scores.mean()) - reach, float(scores.mean()) + reach
