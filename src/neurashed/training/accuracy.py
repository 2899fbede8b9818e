"""Which decisions of a network are right, where its loss and targets say what a decision is."""

from collections.abc import Callable

from torch import Tensor

from neurashed.task import Loss

__all__ = ["AccuracyRule", "find_accuracy_rule"]

# Maps outputs and targets of some examples to 1 where right and 0 where wrong, one or more an
# example.
AccuracyRule = Callable[[Tensor, Tensor], Tensor]


def _same_class(output: Tensor, targets: Tensor) -> Tensor:
    classes = targets.argmax(1) if targets.shape == output.shape else targets
    return output.argmax(1) == classes


def _same_side(threshold: float, middle: float) -> AccuracyRule:
    def compare(output: Tensor, targets: Tensor) -> Tensor:
        return (output > threshold) == (targets.reshape(output.shape) > middle)

    return compare


def _is_one_hot(targets: Tensor) -> bool:
    return bool(((targets == 0) | (targets == 1)).all() and (targets.sum(1) == 1).all())


def _find_threshold(loss: Loss, targets: Tensor) -> tuple[float, float] | None:
    """Return the output and the target between the two sides, if there are two."""
    if loss.prediction in {"sigmoid", "identity"}:
        return (0.0 if loss.prediction == "sigmoid" else 0.5), 0.5
    if loss.target_kind != "value":
        return None
    if ((targets == 0) | (targets == 1)).all():
        return 0.5, 0.5
    return (0.0, 0.0) if ((targets == -1) | (targets == 1)).all() else None


def find_accuracy_rule(loss: Loss, targets: Tensor, output: Tensor) -> AccuracyRule | None:
    """Say what a right decision is.

    With several outputs and class numbers or one-hot rows as targets, the largest output decides.
    With two-valued targets, each output decides by the side of the threshold it falls on: 0 for
    logits and for targets -1 and 1, one half for probabilities and for targets 0 and 1.

    Args:
        loss: The loss, with what it knows of outputs and targets.
        targets: All targets, for whether they are classes is not seen in a few.
        output: Outputs of some examples, for their shape.

    Returns:
        The rule, or None if nothing says what a right decision is.
    """
    if loss.prediction is None and loss.target_kind is None:
        return None
    has_several = output.ndim > 1 and output.shape[1] > 1
    has_class_numbers = not targets.dtype.is_floating_point and targets.ndim == output.ndim - 1
    if loss.prediction == "softmax" or (has_several and has_class_numbers):
        return _same_class
    if targets[0].numel() != output[0].numel():
        return None
    if has_several and output.ndim == targets.ndim == 2 and _is_one_hot(targets):
        return _same_class
    threshold = _find_threshold(loss, targets)
    return None if threshold is None else _same_side(*threshold)
