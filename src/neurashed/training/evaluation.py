"""Loss, accuracy and dead units over a whole set of examples."""

from contextlib import nullcontext
from dataclasses import dataclass

import torch

from neurashed.data import Examples
from neurashed.task import Task
from neurashed.training.accuracy import find_accuracy_rule
from neurashed.training.batches import in_chunks
from neurashed.training.dead_units import DeadUnitCounter

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """What a forward pass over a set of examples shows.

    Attributes:
        loss: Mean loss over the examples, summed in float64.
        accuracy: Share of right decisions, None where the loss and the targets define none.
        dead_fraction: Share of ReLU units that are zero on every example, None without a ReLU or
            if it was not asked for.
    """

    loss: float
    accuracy: float | None
    dead_fraction: float | None


@torch.no_grad()
def evaluate(task: Task, examples: Examples, *, count_dead_units: bool = True) -> Evaluation:
    """Evaluate a network, a bounded number of examples at a time, in the mode it is in.

    A decision is the largest of several outputs where the targets are classes, and the side of the
    threshold where they have two values; other tasks have no accuracy.

    Args:
        task: The network and its loss.
        examples: Examples with targets; those without are refused.
        count_dead_units: Whether to look for ReLU units that are zero on every example.

    Returns:
        The numbers.

    Example:
        >>> from torch import nn
        >>> task = Task(nn.Identity(), loss="bce")
        >>> evaluate(task, Examples([[2.0], [-1.0], [3.0]], targets=[1, 0, 0])).accuracy
        0.6666666666666666
    """
    all_targets = examples.require_targets("evaluation")
    counter = DeadUnitCounter() if count_dead_units else None
    total, num_right, num_decisions, rule = 0.0, 0, 0, None
    for batch in in_chunks(examples, task.model):
        with counter or nullcontext():
            output = task.predict(batch.inputs)
        total += task.losses(output, batch.targets).double().sum().item()
        if rule is None:
            rule = find_accuracy_rule(task.loss, all_targets, output)
        if rule is not None:
            is_right = rule(output, batch.targets)
            num_right += int(is_right.sum())
            num_decisions += is_right.numel()
    return Evaluation(
        total / len(examples),
        num_right / num_decisions if num_decisions else None,
        counter.fraction if counter else None,
    )
