"""Coarse tasks: which examples they take, what they hide, and what they refuse."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from neurashed.data import CoarseTask, Examples, coarse_task
from neurashed.errors import InputError

NAMES = ["5", "3", "8", "9", "5", "8", "3", "8"]


@pytest.fixture
def digits() -> Examples:
    numbers = torch.tensor([int(name) for name in NAMES])
    return Examples(torch.arange(8.0)[:, None], numbers, thumbnails=np.zeros((8, 2, 2), np.uint8))


def test_takes_the_first_of_each_primary_class_and_the_first_auxiliary_ones(digits: Examples):
    task = coarse_task(
        digits, primary=["5", "8"], auxiliary=["3", "9"], primary_per_class=1, auxiliary_total=2
    )
    assert task.primary.ids.tolist() == [0, 2]
    assert task.auxiliary.ids.tolist() == [1, 3]
    assert task.training.ids.tolist() == [0, 2, 1, 3]
    assert task.training.inputs[:, 0].tolist() == [0, 2, 1, 3]
    assert task.training.targets.tolist() == [[1.0], [1.0], [0.0], [0.0]]
    assert task.training.labels.tolist() == ["5 or 8", "5 or 8", "3 or 9", "3 or 9"]
    assert task.training.thumbnails.shape == (4, 2, 2)


def test_merged_classes_become_the_hidden_ones(digits: Examples):
    task = coarse_task(digits, primary=["8", "5"])
    assert task.hidden_classes.tolist() == ["5", "8", "5", "8", "8"]
    assert task.auxiliary.fine_labels.tolist() == ["3", "9", "3"]


def test_one_primary_class_keeps_the_finer_labels_it_has():
    fine = ["cat", "dog", "car"]
    examples = Examples(torch.rand(3, 1), labels=["pet", "pet", "vehicle"], fine_labels=fine)
    task = coarse_task(examples, primary=["pet"])
    assert task.primary.labels.tolist() == ["pet", "pet"]
    assert task.hidden_classes.tolist() == ["cat", "dog"]
    bare = Examples(torch.rand(3, 1), labels=["pet", "pet", "vehicle"])
    assert coarse_task(bare, primary=["pet"]).hidden_classes is None


def test_several_inputs_by_name_are_joined():
    def some(start: int, label: str) -> Examples:
        inputs = {"a": torch.full((2, 1), float(start)), "b": torch.zeros(2, 3)}
        return Examples(inputs, ids=[f"{label}{i}" for i in range(2)], texts=["x", "y"])

    training = CoarseTask(some(1, "p"), some(2, "q")).training
    assert training.inputs["a"][:, 0].tolist() == [1, 1, 2, 2]
    assert training.texts.tolist() == ["x", "y", "x", "y"]
    assert training.labels.tolist() == ["primary", "primary", "auxiliary", "auxiliary"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"primary": ["5", "88"]}, "no example is of primary class '88'; did you mean '8'?"),
        ({"primary": ["5"], "auxiliary": ["7"]}, "no example is of auxiliary class '7'; use one"),
        ({"primary": ["5", "8"], "auxiliary": ["8", "3"]}, "8 is both primary and auxiliary"),
        ({"primary": ["3", "5", "8", "9"]}, "the coarse label has one class: all examples are 3"),
        ({"primary": []}, "no class is primary; name one of 3, 5, 8, 9"),
        ({"primary": "58"}, "give lists of class names"),
        ({"primary": ["5"], "primary_per_class": 3}, "class '5' has 2 examples"),
        ({"primary": ["5"], "auxiliary_total": 9}, "the auxiliary classes have 6 examples"),
    ],
)
def test_refuses(digits: Examples, choice: dict[str, Any], message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        coarse_task(digits, **choice)


def test_refuses_examples_without_labels():
    with pytest.raises(InputError, match="no labels to choose classes by"):
        coarse_task(Examples(torch.rand(2, 1)), primary=["a"])


def test_refuses_ids_on_both_sides():
    one, other = Examples(torch.rand(2, 1)), Examples(torch.rand(3, 1))
    with pytest.raises(InputError, match="2 ids are both primary and auxiliary, such as 0"):
        CoarseTask(one, other)


def test_refuses_one_label_on_both_sides():
    one = Examples(torch.rand(1, 1), ids=["a"], labels=["cat"])
    other = Examples(torch.rand(1, 1), ids=["b"], labels=["cat"])
    with pytest.raises(InputError, match="examples are both 'cat'"):
        CoarseTask(one, other)


def test_refuses_inputs_that_do_not_fit():
    one = Examples(torch.rand(1, 2), ids=["a"])
    with pytest.raises(InputError, match=re.escape("(2,) and auxiliary inputs (3,)")):
        CoarseTask(one, Examples(torch.rand(1, 3), ids=["b"])).training  # noqa: B018
    with pytest.raises(InputError, match="have different parts"):
        CoarseTask(one, Examples({"x": torch.rand(1, 2)}, ids=["b"])).training  # noqa: B018
