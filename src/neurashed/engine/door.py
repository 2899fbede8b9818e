"""What is refused before any work, with what to do about it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.dropout import _DropoutNd

from neurashed.engine.batches import Batch, Inputs, take, to_device
from neurashed.errors import InputError
from neurashed.task import Task

__all__ = ["check_inputs", "check_model", "check_sides", "check_targets"]

_ROWS_AT_A_TIME = 4096
# Largest difference, relative to the largest output, between an example alone and in company.
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}


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
            f"sources have the inputs {', '.join(ours)} and probes {', '.join(theirs)}; give both "
            "the same inputs"
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


def check_model(task: Task, batch: Batch) -> None:
    """Refuse a model whose output for an example is not a function of that example alone.

    Args:
        task: The task.
        batch: A few examples, on the model's device.

    Raises:
        InputError: If the model has BatchNorm in training mode or active dropout, gives different
            outputs for the same inputs, mixes the examples of a batch, or holds or gives numbers
            that are not finite.
    """
    _check_modes(task.model)
    _check_finite(task.model)
    few = take(batch, slice(0, 4))
    with torch.no_grad():
        outputs = [task.predict(few[0]) for _ in range(2)]
    together = outputs[0]
    _check_output(together, len(few[1]))
    scale = float(together.detach().abs().max().clamp(min=1e-30))
    tolerance = _TOLERANCE.get(together.dtype, 1e-2) * scale
    if float((together - outputs[1]).abs().max()) > tolerance:
        message = (
            "the model gave two different outputs for the same inputs; turn off whatever is "
            "random in it, usually by model.eval()"
        )
        raise InputError(message)
    _check_company(task, few, together, tolerance)


def _check_modes(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            message = (
                f"{name or 'the model'} is compiled by torch.jit, which hides how it uses its "
                "parameters; give the module that it was compiled from"
            )
            raise InputError(message)
        if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
            _check_embedding(name, module)
        if isinstance(module, _NormBase):
            _check_norm(name, module)
        if isinstance(module, _DropoutNd) and module.training and module.p > 0:
            message = f"{name or 'the model'} is active dropout; call model.eval() first"
            raise InputError(message)


def _check_norm(name: str, module: _NormBase) -> None:
    if isinstance(module, _BatchNorm) and module.running_mean is None:
        message = (
            f"{name or 'the model'} is BatchNorm without running statistics, which mixes the "
            "examples of a batch; use GroupNorm, or track_running_stats=True"
        )
        raise InputError(message)
    if module.training and module.running_mean is not None:
        kind = "BatchNorm" if isinstance(module, _BatchNorm) else "InstanceNorm"
        does = "mixes the examples of a batch" if kind == "BatchNorm" else "changes as it runs"
        message = (
            f"{name or 'the model'} is {kind} in training mode, which {does}; "
            "call model.eval() first"
        )
        raise InputError(message)


def _check_embedding(name: str, module: nn.Embedding | nn.EmbeddingBag) -> None:
    if module.max_norm is not None or module.scale_grad_by_freq:
        option = "scale_grad_by_freq" if module.max_norm is None else "max_norm"
        message = (
            f"{name or 'the model'} is an embedding with {option}, which makes its update depend "
            f"on more than the gradient; set {option} off before measuring"
        )
        raise InputError(message)


def _is_finite(value: Tensor) -> bool:
    """Whether all numbers are finite: so they are if their sum is, which is quicker to see."""
    return bool(torch.isfinite(value.detach().sum())) or bool(torch.isfinite(value).all())


def _check_finite(model: nn.Module) -> None:
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if value.dtype.is_floating_point and not _is_finite(value):
            count = int((~torch.isfinite(value)).sum())
            message = (
                f"{name} has {count} of {value.numel()} numbers that are not finite; did training "
                "diverge? Load weights from before it did"
            )
            raise InputError(message)


def _check_output(output: Tensor, num_examples: int) -> None:
    if output.ndim == 0 or output.shape[0] != num_examples:
        message = (
            f"the model gave an output of shape {tuple(output.shape)} for {num_examples} examples; "
            "its first axis should be the examples"
        )
        raise InputError(message)
    if not bool(torch.isfinite(output).all()):
        message = "the model's output is not finite on its first examples; check their scale"
        raise InputError(message)


def _check_company(task: Task, few: Batch, together: Tensor, tolerance: float) -> None:
    for index in range(len(few[1])):
        with torch.no_grad():
            alone = task.predict(take(few, slice(index, index + 1))[0])
        difference = float((alone - together[index : index + 1]).abs().max())
        if difference > tolerance:
            message = (
                f"the model mixes examples: the output of one alone and in company differ by "
                f"{difference:.3g}; local elasticity needs a model that treats the examples of a "
                "batch independently"
            )
            raise InputError(message)


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
        if _is_finite(rows):
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
