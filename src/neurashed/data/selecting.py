"""Index functions: which examples to take. Each returns indices for `Examples.select`."""

from collections.abc import Sequence, Sized

import numpy as np

from neurashed.data.arrays import AnyArray, as_array
from neurashed.errors import InputError, InputTypeError

__all__ = ["balance", "first_per_class", "split", "where_label"]


def where_label(labels: AnyArray | None, *wanted: str | int) -> np.ndarray:
    """Return the indices of the examples that have one of some labels, in file order.

    Args:
        labels: Labels ``(example,)``, such as ``examples.labels``; whole numbers count as strings.
        wanted: The labels to find; each must occur.

    Returns:
        Indices ``(selected,)``.

    Raises:
        InputError: If one of the labels does not occur.

    Example:
        >>> where_label(["cat", "dog", "cat", "eel"], "cat", "eel")
        array([0, 2, 3])
    """
    array = _as_labels(labels)
    names = [str(each) for each in wanted]
    missing = sorted(set(names) - set(array.tolist()))
    if missing or not names:
        message = f"no example has the labels {missing}; there are {list_briefly(array)}"
        raise InputError(message)
    return np.flatnonzero(np.isin(array, names))


def first_per_class(labels: AnyArray | None, num_per_class: int, *, skip: int = 0) -> np.ndarray:
    """Return the indices of the first n examples of each class, in file order.

    Args:
        labels: Labels ``(example,)``, such as ``examples.labels``.
        num_per_class: How many of each class, at least 1.
        skip: How many of each class to pass over before.

    Returns:
        Indices ``(selected,)``, increasing.

    Raises:
        InputError: If a class has too few examples.

    Example:
        >>> first_per_class(["b", "a", "b", "b", "a"], 1)
        array([0, 1])
        >>> first_per_class(["b", "a", "b", "b", "a"], 1, skip=1)
        array([2, 4])
    """
    array = _as_labels(labels)
    classes, codes, counts = np.unique(array, return_inverse=True, return_counts=True)
    if num_per_class < 1 or skip < 0:
        message = f"{num_per_class} of each class after {skip}; ask for at least 1 after at least 0"
        raise InputError(message)
    if counts.min() < num_per_class + skip:
        fewest = counts.argmin()
        message = (
            f"class {str(classes[fewest])!r} has {counts[fewest]} examples and "
            f"{num_per_class} after the first {skip} are wanted; ask for fewer or leave the class "
            "out"
        )
        raise InputError(message)
    by_class = np.argsort(codes, kind="stable")
    place_in_class = np.arange(len(array)) - np.repeat(np.cumsum(counts) - counts, counts)
    wanted = (place_in_class >= skip) & (place_in_class < skip + num_per_class)
    return np.sort(by_class[wanted])


def balance(
    labels: AnyArray | None, generator: np.random.Generator, *, num_per_class: int | None = None
) -> np.ndarray:
    """Return the indices of a random choice with as many examples of each class as of any other.

    Args:
        labels: Labels ``(example,)``, such as ``examples.labels``.
        generator: Draws the examples, without replacement.
        num_per_class: How many of each class; as many as the rarest class has if None.

    Returns:
        Indices ``(selected,)``, increasing.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> chosen = balance(["a", "a", "a", "b"], generator)
        >>> len(chosen), 3 in chosen
        (2, True)
    """
    array = _as_labels(labels)
    if num_per_class is None:
        num_per_class = int(np.unique(array, return_counts=True)[1].min())
    order = generator.permutation(len(array))
    return np.sort(order[first_per_class(array[order], num_per_class)])


def split(
    examples: int | Sized, sizes: Sequence[int], generator: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Return the indices of random parts that share no example.

    Args:
        examples: The examples, or how many there are.
        sizes: How many examples each part gets; together at most all.
        generator: Draws the examples.

    Returns:
        Indices of each part, increasing.

    Raises:
        InputError: If the parts are empty or do not fit.

    Example:
        >>> train, test = split(5, [3, 2], np.random.default_rng(0))
        >>> sorted([*train, *test]) == [0, 1, 2, 3, 4]
        True
    """
    num_examples = examples if isinstance(examples, int) else len(examples)
    if not sizes or min(sizes) < 1 or sum(sizes) > num_examples:
        message = (
            f"sizes are {list(sizes)} for {num_examples} examples; give sizes of at least 1 that "
            "add up to no more"
        )
        raise InputError(message)
    order = generator.permutation(num_examples)
    ends = np.cumsum(sizes)
    return tuple(np.sort(order[end - size : end]) for size, end in zip(sizes, ends, strict=True))


def list_briefly(labels: np.ndarray, limit: int = 20) -> str:
    """Return the names of the different labels, or as many as fit a message."""
    names = [str(each) for each in np.unique(labels)]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _as_labels(labels: AnyArray | None) -> np.ndarray:
    if labels is None:
        message = "labels are None; give the examples labels, as in Examples(..., labels=...)"
        raise InputTypeError(message)
    array = as_array(labels, "labels")
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "Uiub":
        message = (
            f"labels have shape {array.shape} and dtype {array.dtype}; give a list of strings or "
            "whole numbers, one for each example"
        )
        raise InputTypeError(message)
    return array.astype(str)
