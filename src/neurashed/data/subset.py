"""A choice of examples that can be written down: some classes, some of each."""

from dataclasses import dataclass

import numpy as np
import torch

from neurashed.data.examples import Examples
from neurashed.data.selecting import first_per_class, list_briefly
from neurashed.errors import InputError

__all__ = ["WHOLE_SET", "Subset", "renumber_targets"]


@dataclass(frozen=True)
class Subset:
    """Which examples of a data set to use; what is left keeps the order of the file.

    Attributes:
        classes: Labels, or class numbers where no class has such a label; all classes if empty.
        per_class: The first so many of each class; all if None.
        skip_per_class: How many of each class to pass over before that.
        first: The first so many of what is left; all if None.

    Example:
        >>> Subset(classes=("3", "5"), per_class=1).indices(np.array(["5", "0", "3", "5"]))
        array([0, 2])
    """

    classes: tuple[str, ...] = ()
    per_class: int | None = None
    skip_per_class: int = 0
    first: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: If one is too small, or examples are skipped without a number to take.
        """
        for name, least in (("per_class", 1), ("skip_per_class", 0), ("first", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                message = f"{name} is {value}; give at least {least}"
                raise InputError(message)
        if self.skip_per_class and self.per_class is None:
            message = f"skip_per_class is {self.skip_per_class} and per_class is missing; give both"
            raise InputError(message)

    def indices(self, labels: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
        """Return the indices of the chosen examples, increasing.

        Args:
            labels: Class names ``(example,)``.
            numbers: Class numbers ``(example,)``, a second way to name classes.

        Returns:
            Indices ``(selected,)``.
        """
        chosen = np.arange(len(labels))
        if self.classes:
            chosen = np.flatnonzero(_places_in(self.classes, labels, numbers) >= 0)
        if self.per_class is not None:
            kept = first_per_class(labels[chosen], self.per_class, skip=self.skip_per_class)
            chosen = chosen[kept]
        return chosen[: self.first]

    def apply(self, examples: Examples) -> Examples:
        """Return the chosen examples.

        Args:
            examples: What to choose from.

        Returns:
            The chosen examples with their ids.

        Raises:
            InputError: If classes matter and the examples have no labels.
        """
        if self == WHOLE_SET:
            return examples
        if examples.labels is not None:
            return examples.select(self.indices(examples.labels, _numbers_of(examples)))
        if self.classes or self.per_class is not None:
            message = "these examples have no labels to choose classes by; choose with first=..."
            raise InputError(message)
        return examples.select(slice(self.first))


WHOLE_SET = Subset()


def renumber_targets(examples: Examples, classes: tuple[str, ...] = ()) -> Examples:
    """Return the examples with class numbers 0, 1, ... in place of the numbers of their file.

    Args:
        examples: Examples with labels; these stay as they are.
        classes: Labels or numbers in the order of the new numbers; the old numbers' order (or that
            of the labels, if targets are no class numbers) if empty.

    Returns:
        The same examples with targets ``(example,)`` in int64.

    Raises:
        InputError: If the examples have no labels, or classes leave some of them out.

    Example:
        >>> pair = Examples(torch.eye(3), torch.tensor([8, 5, 8]))
        >>> renumber_targets(pair).targets
        tensor([1, 0, 1])
        >>> renumber_targets(pair, ("8", "5")).targets
        tensor([0, 1, 0])
    """
    if examples.labels is None:
        message = "these examples have no labels to number; give labels=..."
        raise InputError(message)
    numbers = _numbers_of(examples)
    if classes:
        places = _places_in(classes, examples.labels, numbers)
    else:
        old = examples.labels if numbers is None else numbers.astype(np.int64)
        places = np.unique(old, return_inverse=True)[1]
    if places.min() < 0:
        left_out = list_briefly(examples.labels[places < 0])
        message = f"classes leave out {left_out}; name all classes or select some first"
        raise InputError(message)
    return examples.with_targets(torch.from_numpy(places.astype(np.int64)))


def _numbers_of(examples: Examples) -> np.ndarray | None:
    """Return class numbers as strings, if targets are class numbers."""
    targets = examples.targets
    if targets is None or targets.ndim != 1 or targets.dtype.is_floating_point:
        return None
    return targets.cpu().numpy().astype(str)


def _places_in(
    classes: tuple[str, ...], labels: np.ndarray, numbers: np.ndarray | None
) -> np.ndarray:
    # Places (example,) of the examples' classes among the classes named; -1 for all others.
    places = np.full(len(labels), -1)
    for place, name in enumerate(classes):
        members = labels == name
        if not members.any() and numbers is not None:
            members = numbers == name
        if not members.any():
            message = f"no example is of class {name!r}; there are {list_briefly(labels)}"
            raise InputError(message)
        if (places[members] >= 0).any():
            message = f"classes {', '.join(classes)} name one class twice; name it once"
            raise InputError(message)
        places[members] = place
    return places
