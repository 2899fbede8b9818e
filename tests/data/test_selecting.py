import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurashed.data import balance, first_per_class, split, where_label
from neurashed.errors import InputError, InputTypeError

LABELS = st.lists(st.sampled_from("abc"), min_size=1, max_size=30)


def test_where_label_finds_in_file_order():
    labels = ["b", "a", "c", "a"]
    assert where_label(labels, "a", "b").tolist() == [0, 1, 3]
    assert where_label(np.array([5, 8, 5]), 5).tolist() == [0, 2]
    assert where_label(["5", "8"], 8).tolist() == [1]


def test_where_label_refuses():
    with pytest.raises(InputError, match=re.escape("no example has the labels ['d']; there are a")):
        where_label(["a"], "a", "d")
    with pytest.raises(InputTypeError, match="labels are None; give the examples labels"):
        where_label(None, "a")
    with pytest.raises(
        InputTypeError, match=re.escape("shape (1,) and dtype float64; give a list")
    ):
        where_label([0.5], "a")


def test_a_message_lists_only_some_of_many_classes():
    with pytest.raises(InputError, match=r"there are 100, 101, .* and 180 more$"):
        where_label(np.arange(100, 300), "cat")


@settings(max_examples=30, deadline=None)
@given(LABELS, st.integers(1, 3), st.integers(0, 2))
def test_first_per_class_agrees_with_a_loop(labels: list[str], number: int, skip: int):
    seen: dict[str, int] = {}
    expected = []
    for index, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        if skip < seen[label] <= skip + number:
            expected.append(index)
    if min(seen.values()) < number + skip:
        with pytest.raises(InputError, match=f"{number} after the first {skip} are wanted"):
            first_per_class(labels, number, skip=skip)
    else:
        assert first_per_class(labels, number, skip=skip).tolist() == expected


def test_first_per_class_names_the_class_that_is_too_small():
    message = "class 'b' has 1 examples and 2 after the first 0 are wanted; ask for fewer"
    with pytest.raises(InputError, match=message):
        first_per_class(["a", "b", "a", "a"], 2)
    with pytest.raises(InputError, match="0 of each class after 0; ask for at least 1"):
        first_per_class(["a"], 0)


@settings(max_examples=30, deadline=None)
@given(LABELS, st.integers(0, 100))
def test_balance_takes_as_many_of_each(labels: list[str], seed: int):
    chosen = balance(labels, np.random.default_rng(seed))
    assert np.array_equal(chosen, np.unique(chosen))
    rarest = min(labels.count(label) for label in set(labels))
    counts = np.unique(np.array(labels)[chosen], return_counts=True)[1]
    assert counts.tolist() == [rarest] * len(set(labels))


def test_balance_depends_on_the_generator_alone():
    labels = np.repeat(["a", "b"], 50)
    chosen = [balance(labels, np.random.default_rng(seed), num_per_class=5) for seed in (0, 0, 1)]
    assert np.array_equal(chosen[0], chosen[1])
    assert not np.array_equal(chosen[0], chosen[2])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 4), st.integers(0, 9))
def test_split_gives_parts_that_share_nothing(sizes: list[int], rest: int, seed: int):
    parts = split(sum(sizes) + rest, sizes, np.random.default_rng(seed))
    assert [len(part) for part in parts] == sizes
    together = np.concatenate(parts)
    assert len(np.unique(together)) == sum(sizes)
    assert together.max() < sum(sizes) + rest
    assert all(np.array_equal(part, np.sort(part)) for part in parts)


def test_split_takes_examples_and_mixes_them():
    first, second = split(list(range(100)), [50, 50], np.random.default_rng(0))
    assert not np.array_equal(first, np.arange(50))
    assert set(first) | set(second) == set(range(100))


@pytest.mark.parametrize("sizes", [[], [0, 1], [3, 3]])
def test_split_refuses_sizes_that_do_not_fit(sizes: list[int]):
    with pytest.raises(InputError, match=re.escape(f"sizes are {sizes} for 5 examples; give")):
        split(5, sizes, np.random.default_rng(0))
