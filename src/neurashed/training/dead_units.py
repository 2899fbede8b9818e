"""ReLU units that are zero on every example."""

from collections.abc import Callable, Iterable
from typing import Any, final

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["DeadUnitCounter"]

_RELUS = {functional.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}
_CONVOLUTIONS = {
    torch.conv1d,
    torch.conv2d,
    torch.conv3d,
    torch.conv_transpose1d,
    torch.conv_transpose2d,
    torch.conv_transpose3d,
}


@final
class DeadUnitCounter(TorchFunctionMode):
    """Watches the forward passes made inside it, one ``with`` block for each.

    It sees every ReLU, a module or a function call. A unit is an output channel after a
    convolution and a feature after a linear layer; it is dead if it is zero on every example and
    at every position. A ReLU applied twice in one pass counts as two.
    """

    def __init__(self) -> None:
        """Begin with no pass watched."""
        super().__init__()
        self._is_alive: list[Tensor] = []
        self._num_calls = 0
        self._unit_axis = -1

    def __enter__(self) -> "DeadUnitCounter":
        """Return itself, ready for a forward pass."""
        self._num_calls = 0
        self._unit_axis = -1
        return super().__enter__()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Return what the function does, after a look at it if it is a ReLU."""
        result = func(*args, **(kwargs or {}))
        if func in _CONVOLUTIONS:
            self._unit_axis = 1
        elif func is functional.linear:
            self._unit_axis = -1
        elif func in _RELUS:
            self._record(result.detach())
        return result

    @property
    def fraction(self) -> float | None:
        """The share of units that were never above zero, None if no ReLU was seen."""
        if not self._is_alive:
            return None
        return 1 - torch.cat(self._is_alive).double().mean().item()

    def _record(self, activations: Tensor) -> None:
        units = activations.movedim(self._unit_axis, 0).flatten(1)
        is_alive = (units > 0).any(1)
        if self._num_calls == len(self._is_alive):
            self._is_alive.append(is_alive)
        else:
            self._is_alive[self._num_calls] |= is_alive
        self._num_calls += 1
