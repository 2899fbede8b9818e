"""Nested records of a run and its repetition, held against each other."""

from typing import Any

import numpy as np
import pytest

from neurashed.experiments.comparison import compare_numbers


@pytest.mark.parametrize(
    ("other", "gap"),
    [
        ({"rows": {"a": 0.5, "b": [1, 2, None]}, "name": "x"}, 0.0),
        ({"rows": {"a": 0.75, "b": [1, 2, None]}, "name": "x"}, 0.25),
        ({"rows": {"a": 0.5, "b": [1, 4, None]}, "name": "x"}, 2.0),
        ({"rows": {"a": 0.5, "b": [1, 2, 3]}, "name": "x"}, np.nan),
        ({"rows": {"a": 0.5, "b": [1, 2, None]}, "name": "y"}, np.nan),
        ({"rows": {"a": 0.5, "b": [1, 2]}, "name": "x"}, np.nan),
        (None, np.nan),
    ],
)
def test_records_are_compared_number_by_number(other: Any, gap: float):  # noqa: ANN401
    record = {"rows": {"a": 0.5, "b": [1, 2, None]}, "name": "x"}
    found = compare_numbers(record, other)
    assert found.is_identical is (gap == 0)
    assert found.largest_difference == pytest.approx(gap, nan_ok=True)


def test_arrays_are_leaves_of_a_record():
    scores = np.array([0.1, np.nan, np.inf])
    assert compare_numbers({"s": scores}, {"s": scores.copy()}).is_identical
    last_bit = compare_numbers({"s": scores}, {"s": np.nextafter(scores, 1)})
    assert not last_bit.is_identical
    assert compare_numbers({"s": scores}, {"s": scores[:2]}).is_identical is False
    moved = compare_numbers({"s": scores}, {"s": np.array([0.1, 0.2, np.inf])})
    assert np.isnan(moved.largest_difference)
