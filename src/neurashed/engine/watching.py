"""Seeing every use that a model makes of its parameters, in modules or by function calls."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from neurashed.engine.attention import attend, is_plain_self_attention, read_attention
from neurashed.engine.calls import Call, read_call

__all__ = ["RECTIFIERS", "ParameterWatch", "find_tensors", "replace_tensors"]

# The ways to call a ReLU.
RECTIFIERS = frozenset({F.relu, torch.relu, Tensor.relu})


def find_tensors(tree: Any) -> Iterator[Tensor]:  # noqa: ANN401
    """Yield the tensors in nested tuples, lists and dicts."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from find_tensors(value)
    elif isinstance(tree, (tuple, list)):
        for value in tree:
            yield from find_tensors(value)


def replace_tensors(tree: Any, replace: Callable[[Tensor], Tensor]) -> Any:  # noqa: ANN401
    """Return nested tuples, lists and dicts with every tensor replaced."""
    if isinstance(tree, Tensor):
        return replace(tree)
    if isinstance(tree, dict):
        return {key: replace_tensors(value, replace) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)) and not hasattr(tree, "_fields"):
        return type(tree)(replace_tensors(value, replace) for value in tree)
    return tree


class ParameterWatch(TorchFunctionMode):
    """Tells a visitor of every call that uses a watched parameter.

    A call whose gradient has a known form goes to `visit_call`, any other to `visit_other`.
    Subclasses decide what is computed. Module boundaries play no part, so weights that are shared,
    called by function or used twice are all seen.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        """Watch the given parameters."""
        super().__init__()
        self.watched = {id(parameter) for parameter in parameters}

    def _uses_watched(self, given: dict[str, Any]) -> bool:
        return any(self.is_watched(tensor) for tensor in find_tensors(given))

    def is_watched(self, value: Tensor | None) -> bool:
        """Whether a tensor is one of the watched parameters."""
        return value is not None and id(value) in self.watched

    def visit_call(
        self,
        call: Call,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:  # noqa: ANN401
        """Compute a call of known form that uses a watched parameter."""
        raise NotImplementedError

    def visit_other(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        """Compute any other call."""
        raise NotImplementedError

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Route one call of the torch API."""
        kwargs = kwargs or {}
        if func is F.multi_head_attention_forward:
            given = read_attention(args, kwargs)
            if self._uses_watched(given) and is_plain_self_attention(given):
                with self:  # so that the calls which it is made of are seen
                    return attend(given)
        call = read_call(func, args, kwargs)
        if call is not None and (self.is_watched(call.weight) or self.is_watched(call.bias)):
            return self.visit_call(call, func, args, kwargs)
        return self.visit_other(func, args, kwargs)
