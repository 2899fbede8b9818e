"""Losses: one number for each example."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from neurashed.errors import InputError, InputTypeError

__all__ = ["Loss", "one_hot", "resolve_loss"]

LossFunction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """A loss with its name and, where it has one, the map from outputs to probabilities.

    Attributes:
        name: Name shown in results.
        function: Maps outputs ``(example, ...)`` and targets ``(example, ...)`` to ``(example,)``.
        prediction: ``"softmax"`` and ``"sigmoid"`` if the outputs are logits, ``"identity"`` if
            they are probabilities already, None if the loss gives the outputs no such meaning.
        target_kind: ``"class"``, ``"probability"``, ``"value"``, or None if not known.
    """

    name: str
    function: LossFunction
    prediction: str | None = None
    target_kind: str | None = None


def one_hot(classes: Tensor, num_classes: int, dtype: torch.dtype) -> Tensor:
    """One-hot rows by comparison, which unlike `torch.nn.functional.one_hot` works under vmap."""
    return (classes.unsqueeze(-1) == torch.arange(num_classes, device=classes.device)).to(dtype)


def _mean_over_outputs(values: Tensor) -> Tensor:
    return values if values.ndim == 1 else values.flatten(1).mean(1)


def _like_outputs(output: Tensor, targets: Tensor) -> Tensor:
    """Targets in the shape and type of the outputs; whole numbers become one-hot rows."""
    if targets.ndim == 1 and output.ndim == 2:
        if output.shape[1] == 1:
            return targets.unsqueeze(1).to(output.dtype)
        if not targets.dtype.is_floating_point:
            return one_hot(targets, output.shape[1], output.dtype)
    if targets.ndim == 2 and output.ndim == 1 and targets.shape[1] == 1:
        targets = targets.squeeze(1)
    if targets.shape != output.shape:
        message = (
            f"the model's output has shape {tuple(output.shape)} and the targets "
            f"{tuple(targets.shape)}; give one target for each output, or class numbers"
        )
        raise InputError(message)
    return targets.to(output.dtype)


def _mse(output: Tensor, targets: Tensor) -> Tensor:
    return _mean_over_outputs((output - _like_outputs(output, targets)).square())


def _bce(output: Tensor, targets: Tensor) -> Tensor:
    wanted = _like_outputs(output, targets)
    return _mean_over_outputs(F.binary_cross_entropy_with_logits(output, wanted, reduction="none"))


def _bce_on_probabilities(output: Tensor, targets: Tensor) -> Tensor:
    wanted = _like_outputs(output, targets)
    return _mean_over_outputs(F.binary_cross_entropy(output, wanted, reduction="none"))


def _cross_entropy(output: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(output, targets, reduction="none")


_NAMED = {
    "mse": Loss("mse", _mse, None, "value"),
    "bce": Loss("bce", _bce, "sigmoid", "probability"),
    "bce_on_probabilities": Loss(
        "bce_on_probabilities", _bce_on_probabilities, "identity", "probability"
    ),
    "cross_entropy": Loss("cross_entropy", _cross_entropy, "softmax", "class"),
}


def resolve_loss(loss: "str | LossFunction | Loss") -> Loss:
    """Return the loss of a name, or wrap a callable.

    Args:
        loss: ``"mse"`` (mean over outputs), ``"bce"`` (outputs are logits),
            ``"bce_on_probabilities"`` (outputs are probabilities already), ``"cross_entropy"``
            (outputs are logits), or a callable of outputs and targets that returns one loss for
            each example.

    Returns:
        The loss with what is known of it.

    Raises:
        InputError: If the name is not one of the four.
        InputTypeError: If it is neither a name nor a callable.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        if loss not in _NAMED:
            message = f"unknown loss {loss!r}; use one of {', '.join(_NAMED)}, or a callable"
            raise InputError(message)
        return _NAMED[loss]
    if not callable(loss):
        message = f"loss is a {type(loss).__name__}; give a name or a callable"
        raise InputTypeError(message)
    return Loss(getattr(loss, "__qualname__", type(loss).__name__), loss)
