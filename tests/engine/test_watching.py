"""Every use of a watched parameter is seen, and no other."""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neurashed.engine.calls import Call
from neurashed.engine.watching import ParameterWatch, find_tensors, replace_tensors

Pair = namedtuple("Pair", ["left", "right"])  # noqa: PYI024


class Diary(ParameterWatch):
    """Writes down what it sees."""

    def __init__(self, *parameters: nn.Parameter) -> None:
        super().__init__(parameters)
        self.calls: list[Call] = []
        self.others: list[str] = []

    def visit_call(
        self,
        call: Call,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Tensor:
        self.calls.append(call)
        return function(*args, **kwargs)

    def visit_other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        self.others.append(function.__name__)
        return function(*args, **kwargs)


def test_modules_and_functions_are_seen_alike():
    layer, x = nn.Linear(3, 3), torch.zeros(2, 3)
    with Diary(layer.weight) as diary:
        layer(x)
        F.linear(x, layer.weight)
    assert [call.kind for call in diary.calls] == ["linear", "linear"]
    assert all(call.weight is layer.weight for call in diary.calls)


def test_unwatched_weights_are_other_calls():
    layer = nn.Linear(3, 3)
    with Diary() as diary:
        layer(torch.zeros(2, 3))
    assert not diary.calls
    assert "linear" in diary.others


def test_a_watched_bias_is_enough():
    layer = nn.Linear(3, 3)
    with Diary(layer.bias) as diary:
        layer(torch.zeros(2, 3))
    assert [call.bias is layer.bias for call in diary.calls] == [True]


def test_tensors_are_found_and_replaced_in_nested_arguments():
    one, two, three = torch.ones(1), torch.ones(2), torch.ones(3)
    tree = {"a": [one, (two, "text")], "b": 4, "c": three}
    assert [len(value) for value in find_tensors(tree)] == [1, 2, 3]
    doubled = replace_tensors(tree, lambda value: 2 * value)
    assert [value.sum().item() for value in find_tensors(doubled)] == [2, 4, 6]
    assert isinstance(doubled["a"][1], tuple)
    assert doubled["b"] == 4


def test_named_tuples_are_left_alone():
    pair = Pair(torch.ones(1), torch.ones(1))
    assert replace_tensors(pair, lambda value: value * 0) is pair
