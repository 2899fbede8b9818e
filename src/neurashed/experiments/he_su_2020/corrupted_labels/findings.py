"""How well each way finds the wrong labels, over seeds and against each other."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from neurashed.clustering import Interval
from neurashed.experiments.he_su_2020.corrupted_labels.approaches import (
    APPROACHES,
    HELD_OUT,
    NEIGHBORS,
)
from neurashed.experiments.he_su_2020.corrupted_labels.files import SavedScores

__all__ = ["LabelFinding", "Quality", "compare_scores", "judge_scores", "write_table"]

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Quality:
    """How well scores find wrong labels.

    Attributes:
        precision: Share of wrong labels among as many of the highest scores as there are wrong
            labels.
        average_precision: Mean precision over all numbers of highest scores that end with a wrong
            label.
        auroc: Share of pairs of a wrong and a right label in which the wrong one scores higher.
    """

    precision: float
    average_precision: float
    auroc: float


@dataclass(frozen=True)
class LabelFinding:
    """How well one way finds wrong labels at one time of training.

    Attributes:
        approach: Its name, see `APPROACHES`.
        time: When in training; empty for what needs no network.
        num_seeds: How many seeds.
        precision: See `Quality`; mean, standard deviation and interval over seeds.
        average_precision: The same.
        auroc: The same.
        behind_held_out: Precision of the held-out prediction of the tangent kernel at the usual
            loss, less this precision, seed by seed.
        behind_votes: Precision of the votes of neighbors by the tangent kernel at the usual loss,
            less this precision, seed by seed.
        precisions: The precision of each seed.
    """

    approach: str
    time: str
    num_seeds: int
    precision: Interval
    average_precision: Interval
    auroc: Interval
    behind_held_out: Interval
    behind_votes: Interval
    precisions: tuple[float, ...]


def judge_scores(scores: np.ndarray, is_corrupted: np.ndarray) -> Quality:
    """Hold scores against the truth.

    Args:
        scores: One number for each example, higher where the label is more likely wrong; NaN is
            lower than all others.
        is_corrupted: Whether each label is wrong.

    Returns:
        The quality.

    Example:
        >>> judge_scores(np.array([0.1, 0.9, 0.5]), np.array([False, True, False])).precision
        1.0
    """
    # Ranks: scores may be infinite. Equal scores get equal ranks.
    ranks = stats.rankdata(np.where(np.isnan(scores), -np.inf, scores))
    highest = np.argsort(-ranks, kind="stable")[: int(is_corrupted.sum())]
    return Quality(
        precision=float(is_corrupted[highest].mean()),
        average_precision=float(average_precision_score(is_corrupted, ranks)),
        auroc=float(roc_auc_score(is_corrupted, ranks)),
    )


def compare_scores(seeds: Sequence[SavedScores], usual: str) -> list[LabelFinding]:
    """Judge all scores of all seeds.

    Args:
        seeds: The scores of each seed.
        usual: The time of training with which all are compared.

    Returns:
        A finding for each approach and time, in the order of `APPROACHES`.
    """
    qualities = {
        key: [judge_scores(one.scores[key], one.is_corrupted) for one in seeds]
        for key in seeds[0].scores
    }
    order = sorted(qualities, key=lambda key: list(APPROACHES).index(key[0]))
    precisions = {
        key: np.array([each.precision for each in found]) for key, found in qualities.items()
    }
    return [
        LabelFinding(
            approach=key[0],
            time=key[1],
            num_seeds=len(seeds),
            precision=_average(precisions[key]),
            average_precision=_average([each.average_precision for each in qualities[key]]),
            auroc=_average([each.auroc for each in qualities[key]]),
            behind_held_out=_average(precisions[HELD_OUT, usual] - precisions[key]),
            behind_votes=_average(precisions[NEIGHBORS, usual] - precisions[key]),
            precisions=tuple(precisions[key].tolist()),
        )
        for key in order
    ]


def _average(values: Sequence[float] | np.ndarray) -> Interval:
    """Return mean, standard deviation and the interval of Student's t."""
    numbers = np.asarray(values, dtype=float)
    mean = float(numbers.mean())
    if len(numbers) == 1:
        return Interval(mean, float("nan"), float("nan"), float("nan"))
    deviation = float(numbers.std(ddof=1))
    reach = deviation / np.sqrt(len(numbers)) * stats.t.ppf((1 + _CONFIDENCE) / 2, len(numbers) - 1)
    return Interval(mean, deviation, float(mean - reach), float(mean + reach))


def write_table(findings: Sequence[LabelFinding], path: Path) -> None:
    """Write findings as CSV, one line each.

    Args:
        findings: The findings.
        path: The file.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [_as_row(finding) for finding in findings]
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _as_row(finding: LabelFinding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "approach": finding.approach,
        "time": finding.time,
        "num_seeds": finding.num_seeds,
    }
    for name in ("precision", "average_precision", "auroc"):
        spread: Interval = getattr(finding, name)
        row |= {
            f"{name}_mean": f"{spread.mean:.4f}",
            f"{name}_sd": f"{spread.standard_deviation:.4f}",
        }
    for name in ("behind_held_out", "behind_votes"):
        spread = getattr(finding, name)
        row |= {f"{name}_{end}": f"{getattr(spread, end):.4f}" for end in ("mean", "low", "high")}
    return row | {"precisions": " ".join(f"{each:.4g}" for each in finding.precisions)}
