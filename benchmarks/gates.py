"""Which rectified units are on: seen in a run, compared with float64, or decided from outside.

A unit that is on in one of float32 and float64 and off in the other changes the gradient of its
example by all that flows back through it, however close to 0 it is. Max-pooling, which may take
another one of two units that are close, is not looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from exact_pairs import take_sample
from problem import Problem, Run
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch_problem import torch_problem

__all__ = ["Gates", "Given", "SwitchedUnit", "find_switched"]

RECTIFIERS = {torch.nn.functional.relu, torch.relu, Tensor.relu}
# What each ReLU is given for an example, by its place among the examples that are compared.
Given = dict[int, list[Tensor]]


@dataclass(frozen=True)
class SwitchedUnit:
    """A unit that is on in one precision and off in the other.

    Attributes:
        example: Its example's place among those that are compared.
        rectifier: How many ReLUs come before its own.
        place: Its place in what the ReLU is given.
        found: What it is given in float32.
        exact: The same in float64.
        size: Root mean square of what the ReLU is given for the example.
    """

    example: int
    rectifier: int
    place: tuple[int, ...]
    found: float
    exact: float
    size: float


class Gates(TorchFunctionMode):
    """Sees what each ReLU is given for each of some examples, and may overrule which units are on.

    Attributes:
        given: By example, from the largest batch that it was in: smaller ones are checks.
    """

    def __init__(self, inputs: Tensor, deciding: Given | None = None) -> None:
        """Watch some examples; units are on where those of ``deciding`` are above 0."""
        super().__init__()
        self.given: Given = {}
        self._deciding = deciding
        self._places = {_bytes(row): place for place, row in enumerate(inputs)}
        self._shape = inputs.shape[1:]
        self._largest: dict[int, int] = {}
        self._batch: list[int | None] = []
        self._num_seen = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Compute one call of torch."""
        value = args[0] if args else None
        if func in RECTIFIERS and len(value) == len(self._batch):
            return self._rectify(value)
        if isinstance(value, Tensor) and value.ndim and value.shape[1:] == self._shape:
            self._batch, self._num_seen = [self._places.get(_bytes(row)) for row in value], 0
        return func(*args, **(kwargs or {}))

    def _rectify(self, value: Tensor) -> Tensor:
        rectifier, self._num_seen = self._num_seen, self._num_seen + 1
        is_on = value.detach() > 0
        for at, example in enumerate(self._batch):
            if example is not None and self._largest.get(example, 0) <= len(self._batch):
                self._largest[example] = len(self._batch)
                self.given[example] = self.given.get(example, [])[:rectifier]
                self.given[example].append(value[at].detach().clone())
            if example is not None and self._deciding is not None:
                is_on[at] = self._deciding[example][rectifier] > 0
        return value * is_on


def _bytes(row: Tensor) -> bytes:
    return row.detach().float().numpy().tobytes()


def find_switched(run: Run, problem: Problem) -> tuple[list[SwitchedUnit], Given]:
    """Return the units that a run switches, and what all ReLUs are given in float64.

    Args:
        run: Computes the matrix by calling the model on batches of examples.
        problem: The workload with its numbers.

    Returns:
        The units of the examples that are compared, and what decides about all of theirs.
    """
    exact = take_sample(torch_problem(problem, torch.float64))
    with torch.no_grad(), Gates(exact.inputs) as true:
        exact.model(exact.inputs)
    with Gates(exact.inputs) as found:
        run()
    units = []
    for example, of_example in sorted(true.given.items()):
        for rectifier, (ours, theirs) in enumerate(
            zip(found.given[example], of_example, strict=True)
        ):
            size = float(theirs.square().mean().sqrt())
            for place in map(tuple, ((ours > 0) != (theirs > 0)).nonzero().tolist()):
                values = float(ours[place]), float(theirs[place]), size
                units.append(SwitchedUnit(example, rectifier, place, *values))
    return units, true.given
