"""The network of the experiment, untrained and trained to given losses."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from neurashed.data import Examples
from neurashed.errors import InputError
from neurashed.experiments.he_su_2020.corrupted_labels.settings import CorruptedLabelsSettings
from neurashed.models import build_model
from neurashed.seeding import derive_seed
from neurashed.task import Task
from neurashed.training import State, train

__all__ = ["Checkpoint", "train_to_losses"]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network at a time of its training.

    Attributes:
        stop_loss: The loss that it was trained to; None before training.
        task: The network, which goes on to be trained when the next checkpoint is asked for.
        state: Its step, loss and accuracy.
    """

    stop_loss: float | None
    task: Task
    state: State


def train_to_losses(
    examples: Examples,
    stop_losses: tuple[float, ...],
    settings: CorruptedLabelsSettings,
    *,
    num_classes: int,
    seed: int,
) -> Iterator[Checkpoint]:
    """Train a network and yield it untrained and when its loss first is at most each of some.

    It is looked at after each epoch. Where one epoch passes several losses, one network is yielded
    for each of them.

    Args:
        examples: The training set, with class numbers as targets.
        stop_losses: Mean training losses, falling.
        settings: The experiment.
        num_classes: How many outputs the network has.
        seed: Seed of initial weights and batches.

    Yields:
        The checkpoints.

    Raises:
        InputError: If the last loss is not reached in as many epochs as are allowed.
    """
    task = _build(examples, settings, num_classes, seed)
    waiting = list(stop_losses)
    batch_size = min(settings.batch_size, len(examples))
    states = train(
        task,
        examples,
        num_epochs=settings.max_epochs,
        batch_size=batch_size,
        seed=derive_seed(seed, "training"),
        report_every=-(-len(examples) // batch_size),
        diagnostics=False,
    )
    loss = float("nan")
    for state in states:
        loss = state.loss
        if state.step == 0:
            yield Checkpoint(None, task, state)
        while waiting and loss <= waiting[0]:
            yield Checkpoint(waiting.pop(0), task, state)
        if not waiting:
            return
    message = (
        f"the training loss is {loss:.3g} after {settings.max_epochs} epochs and should come to "
        f"{waiting[0]:g}; raise max_epochs or lr, or ask for a larger loss"
    )
    raise InputError(message)


def _build(
    examples: Examples, settings: CorruptedLabelsSettings, num_classes: int, seed: int
) -> Task:
    shape = tuple(torch.as_tensor(examples.inputs).shape[1:])
    inputs = (
        {"image_shape": shape}
        if settings.network == "cnn"
        else {"num_inputs": torch.Size(shape).numel()}
    )
    generator = torch.Generator().manual_seed(derive_seed(seed, "weights"))
    model = build_model(
        settings.network,
        generator=generator,
        num_outputs=num_classes,
        widths=tuple(settings.widths),
        **inputs,
    )
    return Task(model, loss="cross_entropy", readout="logits", lr=settings.lr)
