"""The training loop."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from neurashed.data import Examples
from neurashed.errors import InputError
from neurashed.seeding import derive_seed
from neurashed.task import SGD, Task
from neurashed.training.batches import draw_order, take
from neurashed.training.curvature import compute_lambda_max
from neurashed.training.evaluation import evaluate
from neurashed.training.noise import drawing_from
from neurashed.training.schedule import Schedule, plan_schedule
from neurashed.training.state import State

__all__ = ["train"]

# Above it, gradient descent moves away from a minimum of a quadratic loss.
_STABLE = 2.0


def train(  # noqa: PLR0913, each is a plain choice that a settings class would only rename
    task: Task,
    examples: Examples,
    *,
    num_steps: int | None = None,
    num_epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    report_every: int | None = None,
    diagnostics: bool = True,
    start: State | None = None,
) -> Iterator[State]:
    """Train the model of a task in place by plain SGD and yield states for the caller to look at.

    A step is ``w ← w - lr · ∇ (mean loss of the batch)`` on the parameters of the task's update.
    The model is in train mode while it steps and in eval mode whenever the caller sees it. The
    numbers depend on the weights at the start, the examples and the seed alone; the order of the
    data is a function of the seed and the step, so a run that continues from a state ends with the
    same numbers as one that was never interrupted.

    Args:
        task: The model, its loss and an update rule.
        examples: The training set, with targets.
        num_steps: Steps in all, with those before ``start``. Give this or ``num_epochs``.
        num_epochs: Passes over the training set in all.
        batch_size: Examples in a step; the whole set if None.
        seed: Seed of the data order and of random layers such as dropout.
        report_every: Steps between states, a tenth of the run if None. The state before the first
            step and the one after the last are always yielded.
        diagnostics: Whether states carry ``lr_lambda_max`` and ``dead_fraction``. The first costs
            tens of gradients a state.
        start: The state at which the model's weights were saved; it is not yielded again.

    Returns:
        The states; nothing is trained until they are asked for.

    Raises:
        InputError: If a number makes no sense, the task has no update rule, the examples have no
            targets, or, while the states are taken, the loss is no longer finite.

    Example:
        >>> from torch import nn
        >>> model = nn.Linear(1, 1)
        >>> task = Task(model, loss="mse", lr=0.1)
        >>> examples = Examples([[0.0], [1.0], [2.0]], targets=[1.0, 3.0, 5.0])
        >>> states = list(train(task, examples, num_steps=500))
        >>> [state.step for state in states[:3]], states[-1].loss < 1e-6
        ([0, 50, 100], True)
    """
    if task.update is None:
        message = "the task has no update rule; give it a learning rate: Task(..., lr=0.1)"
        raise InputError(message)
    examples.require_targets("training")
    schedule = plan_schedule(
        len(examples),
        num_steps=num_steps,
        num_epochs=num_epochs,
        batch_size=batch_size,
        report_every=report_every,
    )
    if start is not None and start.step > schedule.num_steps:
        message = (
            f"start is at step {start.step}, past the end at step {schedule.num_steps}; "
            "num_steps and num_epochs count from the beginning of the run"
        )
        raise InputError(message)
    return _Run(task, task.update, examples, schedule, seed, diagnostics).continue_from(start)


@dataclass(frozen=True)
class _Run:
    """Everything that stays the same during training."""

    task: Task
    update: SGD
    examples: Examples
    schedule: Schedule
    seed: int
    diagnostics: bool

    def continue_from(self, start: State | None) -> Iterator[State]:
        """Yield the states after ``start``, or all of them."""
        parameters = list(self.task.select_parameters().chosen.values())
        num_steps, first = self.schedule.num_steps, 0 if start is None else start.step
        order = draw_order(
            len(self.examples), self.schedule.batch_size, seed=self.seed, start=first
        )
        latest = start
        self.task.model.eval()
        for step in range(first, num_steps + 1):
            indices = next(order)
            if self.schedule.is_reported(step) and (start is None or step > first):
                latest = self.look(step, indices, latest)
                yield latest
            if step < num_steps:
                loss = self.take_step(step, indices, parameters)
                self.check_finite(loss, step, latest)

    def take_step(
        self, step: int, indices: Tensor | slice, parameters: list[nn.Parameter]
    ) -> float:
        """Return the mean loss of one batch, and step on it."""
        model = self.task.model
        batch = take(self.examples, indices, model)
        noise_seed = derive_seed(self.seed, "noise", step)
        model.train()
        try:
            with torch.enable_grad(), drawing_from(noise_seed, parameters[0].device):
                loss = self.task.losses(self.task.predict(batch.inputs), batch.targets).mean()
                gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        finally:
            model.eval()
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    parameter.add_(gradient, alpha=-self.update.lr)
        return loss.item()

    def look(self, step: int, indices: Tensor | slice, latest: State | None) -> State:
        """Return what the whole training set and the next batch show at a step."""
        seen = evaluate(self.task, self.examples, count_dead_units=self.diagnostics)
        self.check_finite(seen.loss, step, latest)
        lr_lambda_max = None
        if self.diagnostics:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, "curvature"))
            batch = self.examples if isinstance(indices, slice) else self.examples.select(indices)
            lr_lambda_max = self.update.lr * compute_lambda_max(
                self.task, batch, generator=generator
            )
        return State(
            step,
            step / self.schedule.steps_per_epoch,
            seen.loss,
            seen.accuracy,
            lr_lambda_max,
            seen.dead_fraction,
        )

    def check_finite(self, loss: float, step: int, latest: State | None) -> None:
        """Let a run go on if its loss is finite.

        Raises:
            InputError: If it is not, with what may be the reason.
        """
        if math.isfinite(loss):
            return
        lr = self.update.lr
        if step == 0:
            message = (
                f"the loss is {loss} at step 0, before any step at lr {lr:g}; look for weights, "
                "inputs or targets that are not finite"
            )
        elif latest is None or latest.lr_lambda_max is None:
            message = (
                f"the loss is {loss} at step {step} with lr {lr:g}; lower lr, or pass "
                "diagnostics=True to see lr·λ_max"
            )
        else:
            unstable = latest.lr_lambda_max > _STABLE
            message = (
                f"the loss is {loss} at step {step} with lr {lr:g}; lr·λ_max was "
                f"{latest.lr_lambda_max:.3g} at step {latest.step}"
                f"{', and above 2 SGD is unstable' if unstable else ''}; lower lr"
            )
        raise InputError(message)
