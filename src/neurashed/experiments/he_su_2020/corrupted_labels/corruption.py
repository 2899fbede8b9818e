"""Labels that are wrong on purpose."""

from dataclasses import dataclass

import numpy as np
import torch

from neurashed.data import Examples
from neurashed.errors import InputError

__all__ = ["CorruptedExamples", "corrupt_labels"]


@dataclass(frozen=True, eq=False)
class CorruptedExamples:
    """Examples of which some have a wrong label, and which these are.

    Attributes:
        examples: Targets are class numbers 0, 1, ...; labels are as given, right or wrong, and
            finer labels are the right ones.
        is_corrupted: Whether each label is wrong ``(example,)``.
        num_classes: How many classes there are.
    """

    examples: Examples
    is_corrupted: np.ndarray
    num_classes: int


def corrupt_labels(
    examples: Examples, share: float, generator: np.random.Generator
) -> CorruptedExamples:
    """Give some examples the label of another class, each other class equally likely.

    Args:
        examples: Examples with labels.
        share: Share of the labels that become wrong; rounded to whole examples, at least 1.
        generator: Draws examples and classes.

    Returns:
        The same examples with other labels and targets.

    Raises:
        InputError: If there are no labels, or all are the same.

    Example:
        >>> examples = Examples(torch.zeros(6, 1), labels=list("aabbcc"))
        >>> corrupted = corrupt_labels(examples, 0.3, np.random.default_rng(0))
        >>> int(corrupted.is_corrupted.sum())
        2
        >>> bool(np.all((corrupted.examples.labels != examples.labels) == corrupted.is_corrupted))
        True
    """
    right = np.asarray(examples.labels) if examples.labels is not None else np.array([])
    names, numbers = np.unique(right, return_inverse=True)
    if len(names) < 2:
        message = f"the examples have the labels {names.tolist()}; give at least 2 classes"
        raise InputError(message)
    num_corrupted = max(1, round(share * len(examples)))
    chosen = generator.choice(len(examples), num_corrupted, replace=False)
    steps = generator.integers(1, len(names), size=num_corrupted)
    given = numbers.copy()
    given[chosen] = (given[chosen] + steps) % len(names)
    wrong = Examples(
        examples.inputs,
        torch.from_numpy(given),
        ids=examples.ids,
        labels=names[given],
        fine_labels=right,
        thumbnails=examples.thumbnails,
        texts=examples.texts,
    )
    return CorruptedExamples(wrong, given != numbers, len(names))
