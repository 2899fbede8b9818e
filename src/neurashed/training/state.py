"""What a training run shows of itself."""

from dataclasses import dataclass

__all__ = ["State"]


@dataclass(frozen=True)
class State:
    """A moment of training; the weights themselves are in the model.

    Attributes:
        step: Steps taken so far.
        epoch: Passes over the training set so far, with fractions.
        loss: Mean loss over the whole training set, in eval mode.
        accuracy: Share of right decisions over the training set, None where the loss and the
            targets define none.
        lr_lambda_max: Learning rate times the largest eigenvalue of the Hessian of the loss on the
            batch of the next step. Above 2, SGD with the whole set in one batch is unstable: the
            loss can be expected to jump. None without diagnostics.
        dead_fraction: Share of ReLU units that are zero on every training example. None without
            diagnostics or without a ReLU.
    """

    step: int
    epoch: float
    loss: float
    accuracy: float | None
    lr_lambda_max: float | None
    dead_fraction: float | None
