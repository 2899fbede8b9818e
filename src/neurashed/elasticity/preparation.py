"""From a task and examples to what the engine takes, with every check before any work."""

import copy
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from neurashed.data import Examples
from neurashed.elasticity.options import MeasurementOptions
from neurashed.engine import (
    Batch,
    Subject,
    check_inputs,
    check_model,
    check_readout,
    check_sides,
    check_targets,
    examine,
    parse_memory,
    take,
    to_device,
)
from neurashed.errors import InputError, InputTypeError, NeurashedWarning
from neurashed.task import Task

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A measurement that passed every check.

    Attributes:
        subject: The task, its model on the device and in the precision that compute.
        sources: Inputs and targets of the sources.
        probes: Inputs and targets of the probes.
        is_same: Whether the probes are the sources.
        memory: Budget in bytes.
        data: Checksums of sources and probes as they were given.
    """

    subject: Subject
    sources: Batch
    probes: Batch
    is_same: bool
    memory: int
    data: dict[str, str]


def prepare(
    task: Task,
    sources: Examples,
    probes: Examples | None,
    *,
    needs: tuple[bool, bool],
    memory: str | int | None,
    device: str,
    options: MeasurementOptions,
) -> Prepared:
    """Check a measurement and bring it to its device and precision.

    Args:
        task: The task.
        sources: The sources.
        probes: The probes, or None if they are the sources.
        needs: Whether targets are needed of sources and of probes.
        memory: Memory budget.
        device: ``"auto"``, or a device as torch names it.
        options: Precision and seed.

    Returns:
        What the engine takes.

    Raises:
        InputError: If the output depends on no parameter.
    """
    _check_call(sources, probes)
    is_same = probes is None or probes is sources
    others = sources if probes is None else probes
    check_sides(sources.inputs, others.inputs)
    if not is_same:
        _warn_of_shared_ids(sources, others)
    task = _move(task, _choose_device(task, device), options.torch_dtype)
    dtype = next(task.model.parameters()).dtype
    needs = (any(needs), any(needs)) if is_same else needs
    ours = _batch(sources, dtype, "a source" if needs[0] else None)
    theirs = ours if is_same else _batch(others, dtype, "a probe" if needs[1] else None)
    place = next(task.model.parameters()).device
    check_inputs(ours[0], role="source")
    if not is_same:
        check_inputs(theirs[0], role="probe")
    # The longer side: a model that mixes examples shows it only where there are several.
    few = to_device(take(max(ours, theirs, key=lambda side: len(side[1])), slice(0, 4)), place)
    check_model(task, few)
    if needs[0]:
        check_targets(task, ours, role="source")
    if needs[1] and not is_same:
        check_targets(task, theirs, role="probe")
    if all(needs) or not task.readout.needs_targets:
        check_readout(task, few)
    subject = examine(task, few, matmul_precision=options.matmul_precision)
    if not subject.layers:
        message = (
            "the model's output depends on none of the parameters to measure "
            f"({', '.join(list(subject.parameters)[:8])}); choose others, or see where the model "
            "detaches them"
        )
        raise InputError(message)
    data = {"sources": sources.checksum()}
    data["probes"] = data["sources"] if is_same else others.checksum()
    return Prepared(subject, ours, theirs, is_same, parse_memory(memory, place), data)


def _check_call(sources: Examples, probes: Examples | None) -> None:
    if torch.is_inference_mode_enabled():
        message = "gradients cannot be taken in torch.inference_mode(); measure outside of it"
        raise InputError(message)
    for role, examples in (("sources", sources), ("probes", probes)):
        if examples is not None and not isinstance(examples, Examples):
            message = f"{role} are a {type(examples).__name__}; give neurashed.Examples"
            raise InputTypeError(message)


def _choose_device(task: Task, device: str) -> torch.device:
    present = next((p.device for p in task.model.parameters()), torch.device("cpu"))
    if device == "auto":
        is_idle = present.type == "cpu" and torch.cuda.is_available()
        return torch.device("cuda") if is_idle else present
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        message = f"device is {device!r}; give 'auto', 'cpu' or 'cuda'"
        raise InputError(message) from error
    if chosen.type not in {"cpu", "cuda"}:
        message = f"device is {device!r}; give 'auto', 'cpu' or 'cuda'"
        raise InputError(message)
    if chosen.type == "cuda" and not torch.cuda.is_available():
        message = "device is 'cuda', and this machine has no usable GPU; give 'cpu' or 'auto'"
        raise InputError(message)
    return chosen


def _move(task: Task, device: torch.device, dtype: torch.dtype | None) -> Task:
    """The task with its model on a device; the caller's model is copied, never moved."""
    task.select_parameters()
    present = next(task.model.parameters())
    types = {parameter.dtype for parameter in task.model.parameters()}
    if dtype is None and len(types) > 1:
        message = (
            f"the model's parameters are of several types ({', '.join(sorted(map(str, types)))}); "
            "give options=MeasurementOptions(dtype='float64') to measure a copy in one precision"
        )
        raise InputError(message)
    dtype = dtype or present.dtype
    if dtype not in {torch.float32, torch.float64}:
        message = (
            f"the model's parameters are {present.dtype}; give "
            "options=MeasurementOptions(dtype='float32') to measure a copy in that precision"
        )
        raise InputError(message)
    if present.device == device and types == {dtype}:
        return task
    model = copy.deepcopy(task.model).to(device=device, dtype=dtype)
    return replace(task, model=model, lr=None)


def _batch(examples: Examples, dtype: torch.dtype, purpose: str | None) -> Batch:
    moved = examples.to(dtype=dtype)
    targets = moved.targets
    if purpose is not None:
        targets = moved.require_targets(f"the loss or readout of {purpose}")
    elif targets is None:
        targets = torch.zeros(len(moved))
    return moved.inputs, targets


def _warn_of_shared_ids(sources: Examples, probes: Examples) -> None:
    """Warn where one id names two examples: summaries would take them for the same."""
    _, ours, theirs = np.intersect1d(sources.ids, probes.ids, return_indices=True)
    if not len(ours):
        return
    left, right = sources.select(ours).inputs, probes.select(theirs).inputs
    pairs = (
        [(left[name], right[name]) for name in left]
        if isinstance(left, Mapping) and isinstance(right, Mapping)
        else [(left, right)]
    )
    if not all(torch.equal(a, b) for a, b in pairs):  # pyright: ignore[reportArgumentType]
        message = (
            f"{len(ours)} ids stand for one example among the sources and another among the "
            "probes; class summaries would take them for the same: pass ids=... to Examples"
        )
        warnings.warn(message, NeurashedWarning, stacklevel=5)
