"""The calls whose weight gradients have a known form, and how to read their arguments.

Each entry names a function of `torch.nn.functional` and turns its arguments into a `Call`. A
parameter that is used in any other call still counts; it takes the general route.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Call", "read_call"]


@dataclass(frozen=True)
class Call:
    """One use of a weight, a bias or both.

    Attributes:
        kind: ``"linear"``, ``"convolution"``, ``"embedding"`` or ``"affine"`` (a norm's scale).
        input: What the weight is applied to.
        weight: The weight, or None.
        bias: The bias, or None.
        options: What else the gradient depends on.
    """

    kind: str
    input: Tensor
    weight: Tensor | None
    bias: Tensor | None
    options: Mapping[str, Any] = field(default_factory=dict)


def _named(names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(names, args, strict=False)), **kwargs}


def _linear(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call | None:
    given = _named(("input", "weight", "bias"), args, kwargs)
    return Call("linear", given["input"], given["weight"], given.get("bias"))


def _padding(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:  # noqa: ANN401
    """Padding on both sides of each axis, last axis first, as `torch.nn.functional.pad` wants."""
    pairs: list[int] = []
    for axis in reversed(range(len(kernel))):
        if padding == "valid":
            pairs += [0, 0]
        elif padding == "same":
            total = dilation[axis] * (kernel[axis] - 1)
            pairs += [total // 2, total - total // 2]
        else:
            pairs += [padding[axis], padding[axis]]
    return tuple(pairs)


def _tuple(value: int | Sequence[int], length: int) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    return values * length if len(values) == 1 else values


def _convolution(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call | None:
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    given = _named(names, args, kwargs)
    kernel = tuple(given["weight"].shape[2:])
    if given["input"].ndim != len(kernel) + 2:
        return None
    dilation = _tuple(given.get("dilation", 1), len(kernel))
    padding = given.get("padding", 0)
    if not isinstance(padding, str):
        padding = _tuple(padding, len(kernel))
    options = {
        "kernel": kernel,
        "stride": _tuple(given.get("stride", 1), len(kernel)),
        "dilation": dilation,
        "padding": _padding(padding, kernel, dilation),
        "groups": given.get("groups", 1),
    }
    return Call("convolution", given["input"], given["weight"], given.get("bias"), options)


def _embedding(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call | None:
    names = (
        "input", "weight", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse",
    )  # fmt: skip
    given = _named(names, args, kwargs)
    if given.get("max_norm") is not None or given.get("scale_grad_by_freq"):
        return None
    padding = given.get("padding_idx")
    num_rows = given["weight"].shape[0]
    options = {"padding_idx": None if padding is None else padding % num_rows}
    return Call("embedding", given["input"], given["weight"], None, options)


def _affine(normalize: Callable[[dict[str, Any]], Tensor], axes: int | None) -> Callable[..., Any]:
    """Reader of a norm: ``axes`` trailing axes carry the scale, or axis 1 does if None."""

    def read(given: dict[str, Any]) -> Call:
        trailing = axes if axes is None else len(given["normalized_shape"])
        options = {"normalize": lambda: normalize(given), "trailing": trailing}
        return Call("affine", given["input"], given.get("weight"), given.get("bias"), options)

    return read


_layer_norm = _affine(
    lambda g: F.layer_norm(g["input"], g["normalized_shape"], None, None, g.get("eps", 1e-5)), 1
)
_rms_norm = _affine(lambda g: F.rms_norm(g["input"], g["normalized_shape"], None, g.get("eps")), 1)
_group_norm = _affine(
    lambda g: F.group_norm(g["input"], g["num_groups"], None, None, g.get("eps", 1e-5)), None
)
_batch_norm = _affine(
    lambda g: F.batch_norm(
        g["input"], g["running_mean"], g["running_var"], None, None, False, 0.0, g.get("eps", 1e-5)
    ),
    None,
)
_NORMS: dict[Any, tuple[tuple[str, ...], Callable[..., Call]]] = {
    F.layer_norm: (("input", "normalized_shape", "weight", "bias", "eps"), _layer_norm),
    F.rms_norm: (("input", "normalized_shape", "weight", "eps"), _rms_norm),
    F.group_norm: (("input", "num_groups", "weight", "bias", "eps"), _group_norm),
    F.batch_norm: (
        ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
        _batch_norm,
    ),
}
_READERS: dict[Any, Callable[[Sequence[Any], Mapping[str, Any]], Call | None]] = {
    F.linear: _linear,
    F.conv1d: _convolution,
    F.conv2d: _convolution,
    torch.conv1d: _convolution,
    torch.conv2d: _convolution,
    F.embedding: _embedding,
}


def read_call(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call | None:  # noqa: ANN401
    """Return the call if its weight gradient has a known form, else None."""
    if function in _READERS:
        return _READERS[function](args, kwargs)
    if function in _NORMS:
        names, read = _NORMS[function]
        given = _named(names, args, kwargs)
        return None if given.get("training") else read(given)
    return None
