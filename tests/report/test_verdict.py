import pytest

from neurashed.report.verdict import judge
from neurashed.results import Strength

NAN = float("nan")


def _strength(low: float, high: float, num_undefined: int = 0) -> Strength:
    value = (low + high) / 2
    return Strength(value, low, high, value, 1 - value, 10, 10, num_undefined)


def test_yes_takes_more_than_every_comparison() -> None:
    verdict = judge(_strength(0.8, 0.9), {"linear": _strength(0.5, 0.6)})
    assert verdict.answer == "Yes: more than every comparison."
    assert "strength 0.850, 95 % interval 0.800 to 0.900" in verdict.reasons[0]


def test_a_comparison_whose_interval_overlaps_is_named() -> None:
    others = {"linear": _strength(0.5, 0.6), "wide": _strength(0.6, 0.81)}
    verdict = judge(_strength(0.8, 0.9), others)
    assert verdict.answer.startswith("In part")
    assert verdict.reasons[-1] == "Its interval does not lie above the interval of: wide."


def test_a_comparison_without_interval_counts_as_not_beaten() -> None:
    verdict = judge(_strength(0.8, 0.9), {"few": _strength(NAN, NAN)})
    assert verdict.answer.startswith("In part")


def test_without_comparisons_the_answer_is_careful() -> None:
    verdict = judge(_strength(0.8, 0.9), {})
    assert not verdict.answer.startswith("Yes")
    assert "A linear network can lie above one half too" in verdict.reasons[-1]


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.45, 0.6, "Not shown: the interval of its strength includes one half."),
        (0.5, 0.6, "Not shown: the interval of its strength includes one half."),
        (0.3, 0.4, "No: a step moves other classes more than its own."),
    ],
)
def test_one_half_is_the_line(low: float, high: float, answer: str) -> None:
    assert judge(_strength(low, high), {}).answer == answer


def test_what_cannot_be_told_is_said() -> None:
    assert judge(None, {}).answer == "Cannot tell without labels."
    assert judge(_strength(NAN, NAN), {}).answer == "Cannot tell from these pairs."
    no_interval = Strength(0.8, NAN, NAN, 0.8, 0.2, 1, 1, 0)
    assert judge(no_interval, {}).answer.startswith("Cannot tell without an interval")


def test_undefined_pairs_are_counted() -> None:
    assert "1,234 undefined pairs are left out." in judge(_strength(0.8, 0.9, 1234), {}).reasons[0]
