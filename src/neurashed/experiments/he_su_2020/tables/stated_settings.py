"""What the settings that the authors state do to a network: the loss jumps, and units die."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from neurashed.data import CoarseTask
from neurashed.experiments.whole_files import write_whole
from neurashed.models import two_layer_relu
from neurashed.seeding import derive_seed
from neurashed.task import Task
from neurashed.training import State, train

__all__ = ["StatedState", "train_as_stated", "write_states"]

_BATCH_SIZE = 50
# The jump is over in this many steps, each of which is shown.
_NUM_FIRST_STEPS = 6


@dataclass(frozen=True)
class StatedState:
    """A moment of training with the authors' settings.

    Attributes:
        step: Steps taken.
        epoch: Passes over all images.
        loss: Mean squared error on all images.
        accuracy: Share of images on the right side of one half.
        lr_lambda_max: Learning rate times the largest eigenvalue of the Hessian of the next
            batch's loss; above 2 gradient descent is unstable.
        dead_fraction: Share of hidden units that are zero on every image.
    """

    step: int
    epoch: float
    loss: float
    accuracy: float
    lr_lambda_max: float
    dead_fraction: float


def train_as_stated(
    coarse: CoarseTask,
    *,
    width: int = 40_960,
    lr: float = 3e-3,
    num_epochs: int = 5,
    seed: int = 0,
    progress: Callable[..., Any] | None = None,
) -> list[StatedState]:
    """Train the two-layer ReLU network as the authors say, and look at it on the way.

    Args:
        coarse: The images of a task, of which a step sees 50, as theirs.
        width: Hidden units.
        lr: Learning rate.
        num_epochs: Passes over all images, 200 in the paper.
        seed: Seed of the initial weights and the order of the images.
        progress: Shows how far the work has come.

    Returns:
        The state before each of the first steps and after each pass.
    """
    generator = torch.Generator().manual_seed(derive_seed(seed, "weights"))
    size = torch.as_tensor(coarse.primary.inputs)[0].numel()
    model = two_layer_relu(size, width=width, generator=generator)
    task = Task(model, loss="mse", readout="output", lr=lr)
    examples = coarse.training
    batch_size = min(_BATCH_SIZE, len(examples))
    epoch = -(-len(examples) // batch_size)
    first = min(_NUM_FIRST_STEPS, num_epochs * epoch)
    ways: list[dict[str, Any]] = [
        {"num_steps": first, "report_every": 1},
        {"num_epochs": num_epochs, "report_every": epoch},
    ]
    states: list[State] = []
    for way in progress(ways, description="As stated") if progress else ways:
        start = states[-1] if states else None
        states += train(task, examples, batch_size=batch_size, seed=seed, start=start, **way)
    return [_pick(state) for state in states]


def _pick(state: State) -> StatedState:
    return StatedState(**{each.name: getattr(state, each.name) for each in fields(StatedState)})


def write_states(states: list[StatedState], path: Path) -> None:
    """Write one line for each state as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(asdict(states[0])), lineterminator="\n")
    writer.writeheader()
    for state in states:
        writer.writerow({name: f"{value:.5g}" for name, value in asdict(state).items()})
    write_whole(path, text.getvalue())
