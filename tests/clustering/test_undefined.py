"""Examples with undefined similarities are refused, or left out and named."""

import numpy as np
import pytest

from neurashed.clustering.undefined import find_kept
from neurashed.errors import InputError


def test_all_are_kept_where_all_is_defined():
    for undefined in ("refuse", "drop"):
        assert find_kept(np.ones((3, 3)), undefined).all()


def test_a_source_without_responses_goes_alone():
    values = np.ones((5, 5))
    values[2] = np.nan
    assert find_kept(values, "drop").tolist() == [True, True, False, True, True]


def test_an_undefined_column_counts_as_a_row_does():
    values = np.ones((5, 5))
    values[:, 4] = np.inf
    assert find_kept(values, "drop").tolist() == [True, True, True, True, False]


def test_as_few_as_can_be_go():
    values = np.ones((6, 6))
    values[1, [0, 2, 3]] = np.nan
    values[4, 5] = np.nan
    assert find_kept(values, "drop").tolist() == [True, False, True, True, False, True]


def test_a_pair_undefined_in_one_direction_is_undefined():
    values = np.ones((3, 3))
    values[2, 0] = np.nan
    kept = find_kept(values, "drop")
    assert kept.tolist() == [False, True, True]


def test_an_example_that_does_not_move_itself_goes_if_that_is_needed():
    values = np.ones((3, 3))
    values[1, 1] = 0
    assert find_kept(values, "drop").all()
    assert find_kept(values, "drop", needs_self=True).tolist() == [True, False, True]
    with pytest.raises(InputError, match="1 of 3 examples have undefined similarities"):
        find_kept(values, "refuse", needs_self=True)


def test_refusals():
    values = np.ones((4, 4))
    values[1] = values[3] = np.nan
    message = "2 of 4 examples have undefined .* first of them at 1; pass undefined='drop'"
    with pytest.raises(InputError, match=message):
        find_kept(values, "refuse")
    with pytest.raises(InputError, match="none of the 2 examples has defined similarities"):
        find_kept(np.full((2, 2), np.nan), "drop")


@pytest.mark.usefixtures("unchecked_types")
def test_an_unknown_wish_is_refused():
    with pytest.raises(InputError, match="undefined is 'zero'; use one of 'refuse', 'drop'"):
        find_kept(np.eye(2), "zero")  # pyright: ignore[reportArgumentType]
