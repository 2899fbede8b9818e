"""Examples that are refused before any work, with what to do about it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from neurashed.engine.batches import Batch, Inputs, take, to_device
from neurashed.errors import InputError
from neurashed.task import Task

__all__ = ["check_inputs", "check_sides", "check_targets", "is_finite"]

_ROWS_AT_A_TIME = 4096


def check_sides(sources: Any, probes: Any) -> None:  # noqa: ANN401
    """Refuse sources and probes whose inputs have different names, shapes or types.

    Args:
        sources: Inputs of the sources: a tensor, or tensors by name.
        probes: Inputs of the probes.

    Raises:
        InputError: If they differ.
    """
    ours, theirs = _named(sources), _named(probes)
    if ours.keys() != theirs.keys():
        message = (
            f"sources have {_list_names(ours)} and probes {_list_names(theirs)} as inputs; give "
            "both the same"
        )
        raise InputError(message)
    for name, value in ours.items():
        if value.shape[1:] != theirs[name].shape[1:]:
            message = (
                f"one source has shape {tuple(value.shape[1:])} and one probe "
                f"{tuple(theirs[name].shape[1:])}; give both the same shape"
            )
            raise InputError(message)
        if value.is_floating_point() != theirs[name].is_floating_point():
            message = (
                f"sources are {value.dtype} and probes {theirs[name].dtype}; give both numbers of "
                "the same kind"
            )
            raise InputError(message)


def is_finite(value: Tensor) -> bool:
    """Whether all numbers are finite: so they are if their sum is, which is quicker to see."""
    return bool(torch.isfinite(value.detach().sum())) or bool(torch.isfinite(value).all())


def check_inputs(inputs: Inputs, *, role: str) -> None:
    """Refuse inputs that are not finite; the message says which example's.

    Args:
        inputs: The inputs, on any device.
        role: ``"source"`` or ``"probe"``, for the messages.
    """
    for name, value in _named(inputs).items():
        _check_input(name, value, role)


def check_targets(task: Task, batch: Batch, *, role: str) -> None:
    """Refuse targets with which the task's loss or readout cannot be computed.

    Args:
        task: The task.
        batch: Inputs and targets, on any device.
        role: ``"source"`` or ``"probe"``, for the messages.

    Raises:
        InputError: If labels lie outside the model's outputs, other targets do not suit the loss,
            or the loss does not give one number for each example.
    """
    device = next(iter(task.model.parameters())).device
    inputs, targets = to_device(take(batch, slice(0, 2)), device)
    with torch.no_grad():
        output = task.predict(inputs)
    _check_targets(task, batch[1], output, role)
    with torch.no_grad():
        losses = task.losses(output, targets)
    if losses.shape != (len(targets),):
        message = (
            f"the loss gave shape {tuple(losses.shape)} for {len(targets)} examples; it should "
            "give one number for each example (reduction='none')"
        )
        raise InputError(message)


def _check_input(name: str, value: Tensor, role: str) -> None:
    if not value.dtype.is_floating_point:
        return
    for start in range(0, len(value), _ROWS_AT_A_TIME):
        rows = value[start : start + _ROWS_AT_A_TIME]
        if is_finite(rows):
            continue
        finite = torch.isfinite(rows).flatten(1).all(1) if rows.ndim > 1 else torch.isfinite(rows)
        first = start + int((~finite).nonzero()[0])
        message = (
            f"{name or 'the input'} of {role} number {first} is not finite; leave such examples "
            "out or fill them in"
        )
        raise InputError(message)


def _check_targets(task: Task, targets: Tensor, output: Tensor, role: str) -> None:
    kind = task.loss.target_kind
    if kind == "class":
        _check_classes(targets, output, role)
    elif targets.dtype.is_floating_point and not bool(torch.isfinite(targets).all()):
        message = f"targets of the {role}s are not finite; give every {role} a target"
        raise InputError(message)
    elif kind == "probability" and not bool(((targets >= 0) & (targets <= 1)).all()):
        message = (
            f"targets of the {role}s run from {float(targets.min()):g} to "
            f"{float(targets.max()):g}; loss {task.loss.name!r} needs targets from 0 to 1"
        )
        raise InputError(message)
    elif kind == "value" and _are_classes(targets, output):
        _check_range(targets, output.shape[1], role)


def _are_classes(targets: Tensor, output: Tensor) -> bool:
    """Whether a loss on values will read the targets as class numbers."""
    several = output.ndim == 2 and output.shape[1] > 1
    return several and targets.ndim == 1 and not targets.dtype.is_floating_point


def _check_classes(targets: Tensor, output: Tensor, role: str) -> None:
    if targets.dtype.is_floating_point or targets.ndim != 1 or output.ndim != 2:
        message = (
            f"loss 'cross_entropy' needs whole class numbers (example,) and outputs (example, "
            f"class); got targets {tuple(targets.shape)} of {targets.dtype} for the {role}s and "
            f"outputs {tuple(output.shape)}; for other shapes give the loss as a callable"
        )
        raise InputError(message)
    _check_range(targets, output.shape[1], role)


def _check_range(targets: Tensor, num_classes: int, role: str) -> None:
    low, high = int(targets.min()), int(targets.max())
    if low < 0 or high >= num_classes:
        message = (
            f"labels of the {role}s run from {low} to {high}, but the model has {num_classes} "
            f"outputs; labels must lie from 0 to {num_classes - 1}"
        )
        raise InputError(message)


def _named(inputs: Inputs) -> dict[str, Tensor]:
    return dict(inputs) if isinstance(inputs, Mapping) else {"": inputs}


def _list_names(named: Mapping[str, Tensor]) -> str:
    return ", ".join(name or "one tensor" for name in named)
