"""What each measure needs, and how it reduces responses."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from neurashed.elasticity.formulas import divergence, fisher_divergence, response_size
from neurashed.errors import InputError
from neurashed.task import Task
from neurashed.typing import Measure, Step

__all__ = ["MEASURES", "MeasureRule", "find_rule", "loss_slopes", "reduce_responses", "task_for"]

# From responses (source, probe, output) and readouts before (probe, output) to (source, probe).
Reduction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class MeasureRule:
    """What a measure needs.

    Attributes:
        readout: The readout that it watches; the task's own if None.
        is_ratio: Whether it is divided by the source's own value.
        takes_step: Whether it is made of responses to a step.
        units: Units of its values; None for those of the readout.
    """

    readout: str | None
    is_ratio: bool
    takes_step: bool
    units: str | None


MEASURES: dict[str, MeasureRule] = {
    "relative": MeasureRule(None, True, True, "1"),
    "kernelized": MeasureRule(None, False, True, "readout² / weight²"),
    "refined": MeasureRule("logits", True, True, "1"),
    "loss_change": MeasureRule("loss", False, True, "loss unit"),
    "cosine": MeasureRule(None, False, False, "1"),
    "tangent_kernel": MeasureRule(None, False, False, "readout² / weight²"),
}


def find_rule(measure: str, step: str) -> MeasureRule:
    """Return the rule of a measure.

    Args:
        measure: Its name.
        step: ``"exact"`` or ``"first_order"``.

    Returns:
        The rule.

    Raises:
        InputError: If measure or step is unknown.
    """
    if measure not in MEASURES:
        message = f"unknown measure {measure!r}; use one of {', '.join(MEASURES)}"
        raise InputError(message)
    if step not in {"exact", "first_order"}:
        message = f"step is {step!r}; use 'exact' or 'first_order'"
        raise InputError(message)
    return MEASURES[measure]


def task_for(task: Task, measure: Measure, step: Step) -> Task:
    """Return the task with the readout that a measure watches.

    Args:
        task: The task.
        measure: The measure.
        step: Whether a step is really taken.

    Returns:
        The task, its readout replaced where the measure asks for one.

    Raises:
        InputError: If the measure takes a step and the task has no update, or the loss gives the
            outputs no probabilities and the measure compares predictions.
    """
    rule = MEASURES[measure]
    if rule.takes_step and step == "exact" and task.update is None:
        message = f"measure {measure!r} takes a step; give the task lr=..., such as lr=1e-3"
        raise InputError(message)
    if measure == "refined" and task.loss.prediction is None:
        message = (
            f"measure 'refined' compares predicted probabilities, and loss {task.loss.name!r} "
            "defines none; use loss='cross_entropy' or 'bce', or another measure"
        )
        raise InputError(message)
    return task if rule.readout is None else task.with_readout(rule.readout)


def reduce_responses(task: Task, measure: Measure, step: Step, which: str) -> Reduction:
    """Return the function that makes one number of each response.

    Args:
        task: The task, with the measure's readout.
        measure: A measure that takes a step.
        step: Whether the step is really taken.
        which: The divergence of ``refined``.

    Returns:
        A function of responses ``(source, probe, output)`` and readouts before ``(probe, output)``.
    """
    if measure == "refined":
        prediction = "softmax" if task.loss.prediction == "softmax" else "sigmoid"
        formula = fisher_divergence if step == "first_order" else divergence
        return lambda delta, before: formula(
            before, delta, prediction=prediction, is_symmetric=which == "symmetric_kl"
        )
    if measure == "relative":
        return lambda delta, before: response_size(delta)  # noqa: ARG005
    return lambda delta, before: _only_output(delta, measure)  # noqa: ARG005


def _only_output(responses: Tensor, measure: Measure) -> Tensor:
    if responses.shape[-1] != 1:
        message = (
            f"measure {measure!r} needs a readout with one output, and this one has "
            f"{responses.shape[-1]}; choose a readout of one number, such as 'loss'"
        )
        raise InputError(message)
    return responses.squeeze(-1)


def loss_slopes(task: Task, output: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of loss and readout by a model's only output.

    Args:
        task: The task.
        output: Outputs, one number for each example.
        targets: The targets.

    Returns:
        ``∂L/∂f`` and ``∂r/∂f``, each ``(example,)``.
    """
    leaf = output.detach().requires_grad_()
    with torch.enable_grad():
        loss = torch.autograd.grad(task.losses(leaf, targets).sum(), leaf)[0]
        read = task.read(leaf, targets)
        readout = torch.autograd.grad(_only_output(read, "kernelized").sum(), leaf)[0]
    return loss.reshape(-1), readout.reshape(-1)
