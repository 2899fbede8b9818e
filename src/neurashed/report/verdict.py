"""What the strengths say, in words a colleague can check against the numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from neurashed.results import Strength

__all__ = ["NOT_KEPT", "Verdict", "describe_all_pairs", "judge"]


@dataclass(frozen=True)
class Verdict:
    """The answer to the first question of the report.

    Attributes:
        answer: A few words.
        reasons: Sentences with the numbers that the answer rests on.
    """

    answer: str
    reasons: list[str]


NOT_KEPT = Verdict(
    "Cannot tell from top probes alone.",
    ["Strengths need all pairs, and of this run only the top probes of each source were kept."],
)


def judge(strength: Strength | None, comparisons: Mapping[str, Strength]) -> Verdict:
    """Say whether a network is locally elastic, and against what.

    The answer is yes only if the whole interval lies above one half, and above the whole interval
    of every comparison.

    Args:
        strength: Strength of the network in question; None if its examples have no labels.
        comparisons: Strengths of other networks on the same examples, by name.

    Returns:
        The answer with its reasons.
    """
    if strength is None:
        reason = "The examples have no labels, so pairs cannot be told within and between classes."
        return Verdict("Cannot tell without labels.", [reason])
    if not math.isfinite(strength.value):
        reason = "No pair within a class, or none between classes, has a defined value."
        return Verdict("Cannot tell from these pairs.", [reason])
    numbers = _describe_numbers(strength)
    if not math.isfinite(strength.low):
        return Verdict("Cannot tell without an interval: too few examples of a class.", [numbers])
    if strength.low <= 0.5:
        return Verdict(_deny(strength), [numbers])
    return _compare(strength, comparisons, numbers)


def describe_all_pairs(table: xr.Dataset) -> str:
    """Return what the means of a class table over all pairs come to within and between classes.

    Args:
        table: A class table of means with the same classes of sources and probes.

    Returns:
        A sentence.
    """
    names = np.array(table["source_class"].values)[:, None] == np.array(table["probe_class"].values)
    sums = np.nan_to_num(table["value"].values) * table["count"].values
    counts = table["count"].values
    within, between = (sums[kind].sum() / max(counts[kind].sum(), 1) for kind in (names, ~names))
    sentence = (
        f"Over all {counts.sum():,} pairs the mean is {within:.3g} within a class and "
        f"{between:.3g} between classes"
    )
    # Where a mean is negative, shares of their sum say nothing.
    if min(within, between) < 0 or within + between == 0:
        return f"{sentence}."
    return f"{sentence}: {within / (within + between):.3f} of their sum."


def _describe_numbers(strength: Strength) -> str:
    text = (
        f"Typical response within a class {strength.within:.3g}, between classes "
        f"{strength.between:.3g}: strength {strength.value:.3f}{_describe_interval(strength)}. "
        "One half would mean that classes make no difference."
    )
    if strength.num_undefined:
        text += f" {strength.num_undefined:,} undefined pairs are left out."
    return text


def _describe_interval(strength: Strength) -> str:
    if not math.isfinite(strength.low):
        return ""
    return f", 95 % interval {strength.low:.3f} to {strength.high:.3f}"


def _deny(strength: Strength) -> str:
    if strength.high < 0.5:
        return "No: a step moves other classes more than its own."
    return "Not shown: the interval of its strength includes one half."


def _compare(strength: Strength, comparisons: Mapping[str, Strength], numbers: str) -> Verdict:
    if not comparisons:
        caution = (
            "No comparison was given. A linear network can lie above one half too, because inputs "
            "of one class resemble each other; compare with one to see what training adds."
        )
        return Verdict("A step moves its own class more than others.", [numbers, caution])
    close = [name for name, other in comparisons.items() if not other.high < strength.low]
    if not close:
        sentence = "Its interval lies above the interval of every comparison below."
        return Verdict("Yes: more than every comparison.", [numbers, sentence])
    sentence = f"Its interval does not lie above the interval of: {'; '.join(close)}."
    return Verdict("In part: above one half, but not above every comparison.", [numbers, sentence])
