"""Training one network on coarse labels, with a stop wherever a similarity is wanted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from neurashed.data import CoarseTask
from neurashed.errors import InputError
from neurashed.seeding import derive_seed
from neurashed.subclasses.threads import threads_for
from neurashed.task import Task
from neurashed.training import State, compute_lambda_max, train

__all__ = ["Build", "CoarseTraining", "train_on_coarse_labels"]

# Makes a network with one output, its initial weights drawn from the generator.
Build = Callable[[torch.Generator], nn.Module]


@dataclass(frozen=True)
class CoarseTraining:
    """How a network learns the coarse label, by plain SGD.

    Attributes:
        loss: ``"mse"`` on the output, or ``"bce"`` with the output as a logit.
        lr: Learning rate; ``1 / λ_max`` of the loss of all examples at the initial weights if None,
            half the rate above which gradient descent is unstable there.
        num_epochs: Passes over primary and auxiliary examples together.
        batch_size: Examples in a step; all if there are fewer.
        looks: When similarities are taken, as shares of the training from 0, the initial weights,
            to 1, the end; several are averaged.
    """

    loss: str = "bce"
    lr: float | None = None
    num_epochs: int = 100
    batch_size: int = 50
    looks: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        """Check the moments.

        Raises:
            InputError: If there are none, or one is not within the training.
        """
        if not self.looks or not all(0 <= each <= 1 for each in self.looks):
            message = f"looks are {self.looks}; give shares of the training from 0 to 1"
            raise InputError(message)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs after which similarities are taken, each once, in order."""
        return tuple(sorted({round(share * self.num_epochs) for share in self.looks}))

    def as_task(self, model: nn.Module, lr: float | None = None) -> Task:
        """Return the task that a network learns: the loss, its output as readout, and a rate."""
        readout = "logits" if self.loss == "bce" else "output"
        return Task(model, loss=self.loss, readout=readout, lr=lr)


def train_on_coarse_labels(
    build: Build,
    coarse: CoarseTask,
    training: CoarseTraining | None = None,
    *,
    seed: int = 0,
    diagnostics: bool = True,
) -> Iterator[tuple[Task, State]]:
    """Train one network to tell primary from auxiliary examples, and stop at each look.

    The network of the task goes on being trained when the next item is asked for, so what is
    wanted of a moment must be taken then.

    Args:
        build: Makes the network; the generator it gets follows from the seed.
        coarse: The examples.
        training: Loss, rate, length, and when to look.
        seed: Seed of the initial weights and of the order of the data.
        diagnostics: Whether states carry ``lr·λ_max`` and the share of dead units.

    Yields:
        The task, its network as it is at that moment and in eval mode, and the state of training.

    Example:
        >>> from neurashed.data import Examples
        >>> from neurashed.models import MLP
        >>> coarse = CoarseTask(
        ...     Examples(torch.eye(3), ids=["a", "b", "c"]), Examples(-torch.eye(3), ids=[1, 2, 3])
        ... )
        >>> choices = CoarseTraining(num_epochs=10, looks=(0.5, 1.0))
        >>> moments = train_on_coarse_labels(
        ...     lambda generator: MLP(3, [4], generator=generator), coarse, choices
        ... )
        >>> [state.epoch for task, state in moments]
        [5.0, 10.0]
    """
    training = training or CoarseTraining()
    examples = coarse.training
    task = _prepare(build, coarse, training, seed)
    state: State | None = None
    for epoch in training.epochs:
        run = train(
            task,
            examples,
            num_epochs=epoch,
            batch_size=min(training.batch_size, len(examples)),
            seed=seed,
            report_every=max(1, epoch * len(examples)),
            diagnostics=diagnostics,
            start=state,
        )
        with threads_for(task.model):
            states: Sequence[State] = list(run)
        state = states[-1]
        yield task, state


def _prepare(build: Build, coarse: CoarseTask, training: CoarseTraining, seed: int) -> Task:
    model = build(torch.Generator().manual_seed(derive_seed(seed, "weights"))).eval()
    task = training.as_task(model)
    with torch.no_grad():
        few = coarse.primary.select(slice(0, 2))
        output = task.predict(few.inputs)
    if output.numel() != len(few):
        message = (
            f"the network gives outputs of shape {tuple(output.shape[1:])}; coarse labels are one "
            "bit, so give it a single output"
        )
        raise InputError(message)
    lr = training.lr
    if lr is None:
        generator = torch.Generator().manual_seed(derive_seed(seed, "learning rate"))
        with threads_for(model):
            lr = 1 / compute_lambda_max(task, coarse.training, generator=generator)
    return training.as_task(model, lr)
