"""Models that are refused before any work, with what to do about it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.dropout import _DropoutNd

from neurashed.engine.batches import Batch, Inputs, take
from neurashed.engine.door import is_finite
from neurashed.errors import InputError, NeurashedError
from neurashed.task import Task

__all__ = ["check_model", "check_readout"]

# Largest difference, relative to the largest output, between an example alone and in company.
_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}


def check_model(task: Task, batch: Batch) -> None:
    """Refuse a model whose output for an example is not a function of that example alone.

    Args:
        task: The task.
        batch: A few examples, on the model's device.

    Raises:
        InputError: If the model cannot run on the examples, has BatchNorm in training mode or
            active dropout, gives different outputs for the same inputs, mixes the examples of a
            batch, changes as it runs, or holds or gives numbers that are not finite.
    """
    _check_modes(task.model)
    _check_finite(task.model)
    few = take(batch, slice(0, 4))
    kept = {name: value.clone() for name, value in task.model.named_buffers()}
    outputs = [_run(task, few[0]) for _ in range(2)]
    _check_buffers(task.model, kept)
    together = outputs[0]
    _check_output(together, len(few[1]))
    tolerance = _tolerance(together)
    if float((together - outputs[1]).abs().max()) > tolerance:
        message = (
            "the model gave two different outputs for the same inputs; turn off whatever is "
            "random in it, usually by model.eval()"
        )
        raise InputError(message)
    _check_company(task, few, together, tolerance)


def _run(task: Task, inputs: Inputs) -> Tensor:
    try:
        with torch.no_grad():
            return task.predict(inputs)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        if isinstance(error, NeurashedError):
            raise
        message = f"the model cannot run on the first examples: {str(error).splitlines()[0]}"
        values = inputs.values() if isinstance(inputs, Mapping) else [inputs]
        if any(not value.is_floating_point() for value in values):
            message += "; if it expects decimal numbers, give inputs.float()"
        raise InputError(message) from error


def _read(task: Task, output: Tensor, targets: Tensor) -> Tensor:
    try:
        with torch.no_grad():
            return task.read(output, targets)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        if isinstance(error, NeurashedError):
            raise
        message = (
            f"readout {task.readout.name!r} failed on the first examples: "
            f"{str(error).splitlines()[0]}; it should give one row for each example"
        )
        raise InputError(message) from error


def _tolerance(value: Tensor) -> float:
    """Largest difference that rounding may make between an example alone and in company."""
    scale = float(value.detach().abs().max().clamp(min=1e-30))
    return _TOLERANCE.get(value.dtype, 1e-2) * scale


def _check_buffers(model: nn.Module, kept: Mapping[str, Tensor]) -> None:
    """Refuse a model that writes its buffers as it runs, and put them back."""
    now = dict(model.named_buffers())
    changed = [name for name, value in kept.items() if not torch.equal(now[name], value)]
    for name in changed:
        now[name].copy_(kept[name])
    if changed:
        message = (
            f"the model changes its buffer {changed[0]} as it runs, so measuring would change the "
            "model; turn that off, usually by model.eval()"
        )
        raise InputError(message)


def check_readout(task: Task, batch: Batch) -> None:
    """Refuse a readout that fails on a few examples, or that mixes them.

    Args:
        task: The task.
        batch: A few examples, on the model's device, with targets if the readout needs them.

    Raises:
        InputError: If it fails, gives no row for each example, or mixes examples.
    """
    few = take(batch, slice(0, 4))
    output = _run(task, few[0])
    together = _read(task, output, few[1])
    if together.ndim != 2 or len(together) != len(output):
        message = (
            f"readout {task.readout.name!r} gave shape {tuple(together.shape)} for {len(output)} "
            "examples; it should give one row for each"
        )
        raise InputError(message)
    for index in range(len(output)):
        one = slice(index, index + 1)
        with torch.no_grad():
            alone = task.read(output[one], few[1][one])
        if float((alone - together[one]).abs().max()) > _tolerance(together):
            message = (
                f"readout {task.readout.name!r} mixes examples; each row should depend on its own "
                "example alone"
            )
            raise InputError(message)


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


def _check_finite(model: nn.Module) -> None:
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if isinstance(value, nn.UninitializedParameter | nn.UninitializedBuffer):
            message = f"{name} is not initialized yet; run the model once on some inputs first"
            raise InputError(message)
        if value.dtype.is_floating_point and not is_finite(value):
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
