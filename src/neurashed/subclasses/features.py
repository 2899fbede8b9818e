"""What a network computes on its way to the output."""

from collections.abc import Callable, Iterable
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from neurashed.data import Examples
from neurashed.errors import InputError
from neurashed.task import Task

__all__ = ["activation_patterns", "penultimate_features"]

_RELUS = {functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}
# Examples in a forward pass: memory does not grow with their number.
_CHUNK = 256


def activation_patterns(task: Task, examples: Examples) -> Float[Tensor, "example unit"]:
    """Return which ReLU units of a network are on for each example.

    Every ReLU of a forward pass counts, a module or a function call, at every position.

    Args:
        task: The network.
        examples: What goes in.

    Returns:
        1 where a unit is above zero, 0 elsewhere, in float32.

    Raises:
        InputError: If the network has no ReLU.

    Example:
        >>> from torch import nn
        >>> task = Task(nn.Sequential(nn.ReLU(), nn.Linear(2, 1)))
        >>> activation_patterns(task, Examples([[1.0, -1.0], [0.5, 2.0]])).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    rows = [
        [(each > 0).flatten(1).float() for each in calls]
        for calls in _watch(task, examples, _RELUS, lambda _, result: result)
    ]
    if not rows[0]:
        message = "the network has no ReLU, so there are no patterns of active units"
        raise InputError(message)
    return torch.cat([torch.cat(parts, 1) for parts in rows])


def penultimate_features(task: Task, examples: Examples) -> Float[Tensor, "example feature"]:
    """Return what the last linear layer of a network sees of each example.

    Args:
        task: The network.
        examples: What goes in.

    Returns:
        The inputs of the last linear layer that is called, flattened.

    Raises:
        InputError: If the network has no linear layer.

    Example:
        >>> from torch import nn
        >>> task = Task(nn.Sequential(nn.ReLU(), nn.Linear(2, 1)))
        >>> penultimate_features(task, Examples([[1.0, -1.0], [0.5, 2.0]])).tolist()
        [[1.0, 0.0], [0.5, 2.0]]
    """
    rows = [
        calls[-1].flatten(1) if calls else None
        for calls in _watch(task, examples, {functional.linear}, lambda given, _: given)
    ]
    found = [each for each in rows if each is not None]
    if not found:
        message = "the network has no linear layer, so nothing comes before its last one"
        raise InputError(message)
    return torch.cat(found)


@final
class _Watch(TorchFunctionMode):
    """Keeps a tensor of each call of some functions, made of its first argument and result."""

    def __init__(
        self, functions: set[Callable[..., Any]], pick: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.functions, self.pick = functions, pick
        self.seen: list[Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        result = func(*args, **(kwargs or {}))
        if func in self.functions:
            # A copy: what comes later may be computed in place.
            self.seen.append(self.pick(args[0], result).detach().clone())
        return result


@torch.no_grad()
def _watch(
    task: Task,
    examples: Examples,
    functions: set[Callable[..., Any]],
    pick: Callable[[Tensor, Tensor], Tensor],
) -> list[list[Tensor]]:
    """Return what was seen of each chunk of examples."""
    weight = next(task.model.parameters())
    seen = []
    for start in range(0, len(examples), _CHUNK):
        few = examples.select(slice(start, min(start + _CHUNK, len(examples))))
        with _Watch(functions, pick) as watch:
            task.predict(few.to(weight.device, weight.dtype).inputs)
        seen.append(watch.seen)
    return seen
