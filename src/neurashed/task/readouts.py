"""Readouts: what is watched of the model's output."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from neurashed.errors import InputError, InputTypeError
from neurashed.task.losses import Loss

__all__ = ["Readout", "resolve_readout"]

ReadoutFunction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Readout:
    """A readout with its name, units and needs.

    Attributes:
        name: Name shown in results.
        function: Maps outputs ``(example, ...)`` and targets to ``(example, output)``.
        units: What a response in this readout is measured in.
        needs_targets: Whether probes must have targets.
    """

    name: str
    function: ReadoutFunction
    units: str
    needs_targets: bool = False


def _rows(values: Tensor) -> Tensor:
    return values.unsqueeze(1) if values.ndim == 1 else values.flatten(1)


def _output(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return _rows(output)


def _softmax_log_probabilities(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return F.log_softmax(output, dim=1)


def _softmax_probabilities(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return F.softmax(output, dim=1)


def _sigmoid_log_probabilities(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return F.logsigmoid(_rows(output))


def _sigmoid_probabilities(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return torch.sigmoid(_rows(output))


def _logits_of_probabilities(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return torch.logit(_rows(output))


def _log_of_probabilities(output: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG001
    return torch.log(_rows(output))


def _logit_of_class(output: Tensor, targets: Tensor) -> Tensor:
    return torch.gather(output, 1, targets.unsqueeze(1))


def _logit_of_side(output: Tensor, targets: Tensor) -> Tensor:
    return (2 * _rows(targets).to(output.dtype) - 1) * _rows(output)


_LOGITS = {"softmax": _output, "sigmoid": _output, "identity": _logits_of_probabilities}
_PROBABILITIES = {
    "softmax": _softmax_probabilities,
    "sigmoid": _sigmoid_probabilities,
    "identity": _output,
}
_LOG_PROBABILITIES = {
    "softmax": _softmax_log_probabilities,
    "sigmoid": _sigmoid_log_probabilities,
    "identity": _log_of_probabilities,
}
_LABEL_LOGIT = {"softmax": _logit_of_class, "sigmoid": _logit_of_side}
_OF_PREDICTION = {
    "logits": (_LOGITS, "logit", False),
    "probabilities": (_PROBABILITIES, "probability", False),
    "log_probabilities": (_LOG_PROBABILITIES, "nat", False),
    "label_logit": (_LABEL_LOGIT, "logit", True),
}
_NAMES = ("output", "loss", *_OF_PREDICTION)


def resolve_readout(readout: "str | ReadoutFunction | Readout", loss: Loss) -> Readout:
    """Return the readout of a name for outputs trained with a loss, or wrap a callable.

    Args:
        readout: ``"output"`` (as the model gives it), ``"logits"``, ``"probabilities"``,
            ``"log_probabilities"``, ``"label_logit"`` (the logit of the example's own label),
            ``"loss"``, or a callable of outputs and targets that returns ``(example, output)``.
        loss: Says whether outputs are logits of a softmax or sigmoid, or probabilities.

    Returns:
        The readout with its units.

    Raises:
        InputError: If the name is unknown or the loss gives the outputs no such meaning.
        InputTypeError: If it is neither a name nor a callable.
    """
    if isinstance(readout, Readout):
        return readout
    if not isinstance(readout, str):
        if not callable(readout):
            message = f"readout is a {type(readout).__name__}; give a name or a callable"
            raise InputTypeError(message)
        function = readout
        name = getattr(readout, "__qualname__", type(readout).__name__)
        return Readout(name, lambda o, t: _rows(function(o, t)), "readout unit", True)
    if readout == "output":
        return Readout("output", _output, "output unit")
    if readout == "loss":
        return Readout("loss", lambda o, t: loss.function(o, t).unsqueeze(1), "loss unit", True)
    if readout not in _OF_PREDICTION:
        message = f"unknown readout {readout!r}; use one of {', '.join(_NAMES)}, or a callable"
        raise InputError(message)
    functions, units, needs_targets = _OF_PREDICTION[readout]
    if loss.prediction not in functions:
        message = (
            f"readout {readout!r} has no meaning for loss {loss.name!r}, whose outputs are not "
            "known to be logits; use readout='output' or a callable"
        )
        raise InputError(message)
    return Readout(readout, functions[loss.prediction], units, needs_targets)
