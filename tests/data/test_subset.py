import re
from typing import Any

import numpy as np
import pytest
import torch

from neurashed.data import Examples, Subset, renumber_targets
from neurashed.errors import InputError

NAMES = ["cat", "dog", "dog", "eel", "cat", "dog"]
NUMBERS = [3, 5, 5, 7, 3, 5]


@pytest.fixture
def animals() -> Examples:
    return Examples(torch.arange(6.0)[:, None], torch.tensor(NUMBERS), labels=NAMES)


@pytest.mark.parametrize(
    ("subset", "ids"),
    [
        (Subset(), [0, 1, 2, 3, 4, 5]),
        (Subset(classes=("dog", "cat")), [0, 1, 2, 4, 5]),
        (Subset(classes=("5", "3")), [0, 1, 2, 4, 5]),
        (Subset(per_class=1), [0, 1, 3]),
        (Subset(classes=("cat", "dog"), per_class=1, skip_per_class=1), [2, 4]),
        (Subset(first=2), [0, 1]),
        (Subset(classes=("cat", "dog"), per_class=2, first=3), [0, 1, 2]),
    ],
)
def test_subset_takes_in_file_order(animals: Examples, subset: Subset, ids: list[int]):
    assert subset.apply(animals).ids.tolist() == ids


def test_labels_are_looked_at_before_numbers():
    examples = Examples(torch.rand(2, 1), torch.tensor([0, 1]), labels=["1", "0"])
    assert Subset(classes=("1",)).apply(examples).ids.tolist() == [0]


def test_examples_without_labels_can_only_be_counted():
    bare = Examples(torch.rand(3, 1))
    assert len(Subset(first=2).apply(bare)) == 2
    with pytest.raises(InputError, match="these examples have no labels to choose classes by"):
        Subset(per_class=1).apply(bare)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_class": 0}, "per_class is 0; give at least 1"),
        ({"first": 0}, "first is 0; give at least 1"),
        ({"per_class": 1, "skip_per_class": -1}, "skip_per_class is -1; give at least 0"),
        ({"skip_per_class": 2}, "skip_per_class is 2 and per_class is missing; give both"),
    ],
)
def test_subset_refuses(arguments: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        Subset(**arguments)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (("cow",), "no example is of class 'cow'; there are cat, dog, eel"),
        (("cat", "3"), "classes cat, 3 name one class twice; name it once"),
    ],
)
def test_subset_refuses_classes(animals: Examples, classes: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message):
        Subset(classes=classes).apply(animals)


def test_targets_are_numbered_in_the_order_of_the_classes(animals: Examples):
    assert renumber_targets(animals).targets.tolist() == [0, 1, 1, 2, 0, 1]
    changed = renumber_targets(animals, ("eel", "3", "dog"))
    assert changed.targets.tolist() == [1, 2, 2, 0, 1, 2]
    assert changed.targets.dtype == torch.int64
    assert changed.labels.tolist() == NAMES


def test_old_numbers_are_ordered_as_numbers():
    examples = Examples(torch.rand(3, 1), torch.tensor([10, 9, 10]))
    assert renumber_targets(examples).targets.tolist() == [1, 0, 1]


def test_targets_that_are_no_classes_are_numbered_by_label():
    examples = Examples(torch.rand(3, 1), torch.rand(3), labels=np.array(["b", "a", "b"]))
    assert renumber_targets(examples).targets.tolist() == [1, 0, 1]


def test_numbering_refuses(animals: Examples):
    with pytest.raises(InputError, match="classes leave out dog, eel; name all classes or select"):
        renumber_targets(animals, ("cat",))
    with pytest.raises(InputError, match=re.escape("no labels to number; give labels=...")):
        renumber_targets(Examples(torch.rand(2, 1)))
