"""Checks what the caller gives as indices of examples."""

import numpy as np

from neurashed.data.arrays import AnyArray, as_array
from neurashed.errors import InputError, InputTypeError

__all__ = ["as_indices"]


def as_indices(indices: AnyArray | slice, num_examples: int) -> np.ndarray:
    """Return indices as whole numbers from 0, each different.

    Args:
        indices: Whole numbers ``(selected,)``, a boolean mask ``(example,)``, or a slice.
        num_examples: How many examples there are.

    Returns:
        Indices ``(selected,)`` in the order given; those of a mask in file order.

    Raises:
        InputError: If nothing is selected, or the indices do not fit the examples.
    """
    if isinstance(indices, slice):
        chosen = np.arange(num_examples)[indices]
    else:
        chosen = _as_array_of_indices(as_array(indices, "indices"), num_examples)
    if not len(chosen):
        message = f"nothing is selected from {num_examples} examples; select at least one"
        raise InputError(message)
    return chosen


def _as_array_of_indices(given: np.ndarray, num_examples: int) -> np.ndarray:
    if given.dtype == np.bool_:
        if given.shape != (num_examples,):
            message = f"mask has shape {given.shape}; give one boolean for each of {num_examples}"
            raise InputError(message)
        return np.flatnonzero(given)
    if given.size and (given.dtype.kind not in "iu" or given.ndim != 1):
        message = (
            f"indices have shape {given.shape} and dtype {given.dtype}; give a list of whole "
            "numbers or a boolean mask"
        )
        raise InputTypeError(message)
    outside = given[(given < -num_examples) | (given >= num_examples)]
    if len(outside):
        message = f"index {outside[0]} is outside the {num_examples} examples; count from 0"
        raise InputError(message)
    chosen = np.where(given < 0, given + num_examples, given).astype(np.int64)
    unique, counts = np.unique(chosen, return_counts=True)
    if len(unique) < len(chosen):
        message = f"index {unique[counts.argmax()]} occurs {counts.max()} times; give it once"
        raise InputError(message)
    return chosen
