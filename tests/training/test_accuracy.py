import pytest
import torch
from torch import Tensor

from neurashed.task.losses import Loss, resolve_loss
from neurashed.training.accuracy import find_accuracy_rule

ROWS = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6], [0.7, 0.1]])
COLUMN = torch.tensor([[0.7], [0.2], [-0.4], [0.4], [0.3]])
CLASSES = torch.tensor([1, 0, 0, 0])
SIDES = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0])
ONE_HOT = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])

# Loss, output, targets, and the accuracy counted by hand. In a column, 0.8 is what a threshold of 0
# gives and 0.6 what one half gives.
COUNTED = {
    "cross-entropy, classes": ("cross_entropy", ROWS, CLASSES, 0.75),
    "cross-entropy, probabilities": ("cross_entropy", ROWS, ONE_HOT * 0.8 + 0.1, 0.75),
    "mse, classes": ("mse", ROWS, CLASSES, 0.75),
    "mse, one-hot": ("mse", ROWS, ONE_HOT, 0.75),
    "mse, 0 and 1, column": ("mse", COLUMN, SIDES, 0.6),
    "mse, 0 and 1, row": ("mse", COLUMN[:, 0], SIDES, 0.6),
    "mse, 0 and 1, whole numbers": ("mse", COLUMN, SIDES.long(), 0.6),
    "mse, -1 and 1": ("mse", COLUMN, 2 * SIDES - 1, 0.8),
    "bce, column": ("bce", COLUMN, SIDES, 0.8),
    "bce, one-hot": ("bce", ROWS, ONE_HOT, 0.75),
    "bce, several labels": ("bce", ROWS - 0.5, torch.ones(4, 2), 0.5),
    "bce on probabilities": ("bce_on_probabilities", COLUMN.clamp(min=0), SIDES[:, None], 0.6),
}


@pytest.mark.parametrize(("loss", "output", "targets", "expected"), COUNTED.values(), ids=COUNTED)
def test_right_decisions_are_those_counted_by_hand(
    loss: str, output: Tensor, targets: Tensor, expected: float
):
    rule = find_accuracy_rule(resolve_loss(loss), targets, output)
    assert rule is not None
    assert rule(output, targets).double().mean().item() == expected


MEANINGLESS = {
    "regression": ("mse", COLUMN, torch.tensor([0.3, 0.1, 0.0, 1.0, 1.0])),
    "regression of vectors": ("mse", ROWS, ROWS),
    "a loss of which nothing is known": (lambda o, t: (o - t).abs(), COLUMN[:, 0], SIDES),
    "shapes that differ": (
        Loss("first", lambda o, t: (o[:, 0] - t).abs(), target_kind="value"),
        ROWS,
        SIDES[:4],
    ),
}


@pytest.mark.parametrize(("loss", "output", "targets"), MEANINGLESS.values(), ids=MEANINGLESS)
def test_there_is_no_accuracy_where_nothing_says_what_is_right(
    loss: object, output: Tensor, targets: Tensor
):
    assert find_accuracy_rule(resolve_loss(loss), targets, output) is None
