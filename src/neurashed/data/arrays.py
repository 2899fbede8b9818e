"""Tensors and NumPy arrays out of whatever array the caller has."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurashed.errors import InputError, InputTypeError

__all__ = [
    "AnyArray",
    "as_array",
    "as_inputs",
    "as_tensor",
    "check_length",
    "count_examples",
    "labels_of_targets",
]

AnyArray = Tensor | np.ndarray | Sequence[Any]


def as_array(values: object, name: str) -> np.ndarray:
    """Return a NumPy array; tensors come from any device.

    Args:
        values: A tensor, a NumPy array, or nested lists.
        name: What the values are, for the error.

    Returns:
        The array; it shares memory with the values where it can.

    Raises:
        InputTypeError: If the values form no array.
    """
    if isinstance(values, Tensor):
        return values.detach().cpu().numpy()
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        message = f"{name} form no array ({error}); give values of one shape for all examples"
        raise InputTypeError(message) from error


def as_tensor(values: object, name: str) -> Tensor:
    """Return a tensor without gradient history, of the same numbers in the same type.

    Args:
        values: A tensor, a NumPy array, or nested lists of numbers.
        name: What the values are, for the error.

    Returns:
        The tensor; it shares memory with the values where it can.

    Raises:
        InputTypeError: If the values are no numbers that torch knows.
    """
    if isinstance(values, Tensor):
        return values.detach()
    array = as_array(values, name)
    if array.dtype.kind not in "fiubc":
        message = f"{name} have dtype {array.dtype}; give numbers in a tensor or NumPy array"
        raise InputTypeError(message)
    # torch wants memory that it may write to, in the byte order of the machine.
    array = np.require(array, array.dtype.newbyteorder("="), ["C", "W"])
    try:
        return torch.from_numpy(array)
    except TypeError as error:
        message = f"{name} have dtype {array.dtype}, which torch lacks; give float64 or float32"
        raise InputTypeError(message) from error


def as_inputs(inputs: AnyArray | Mapping[str, AnyArray]) -> Tensor | dict[str, Tensor]:
    """Return inputs as a tensor, or as a dict of tensors if they are several by name."""
    if isinstance(inputs, Mapping):
        return {name: as_tensor(each, f"inputs {name!r}") for name, each in inputs.items()}
    return as_tensor(inputs, "inputs")


def count_examples(inputs: Tensor | dict[str, Tensor]) -> int:
    """Return the length of the first axis, which every input must have.

    Args:
        inputs: One tensor, or several by name.

    Returns:
        The number of examples, at least 1.

    Raises:
        InputError: If there are no inputs, no examples, or different numbers of them.
    """
    named = inputs if isinstance(inputs, dict) else {"inputs": inputs}
    if not named:
        message = "inputs are an empty dict; give at least one tensor by name"
        raise InputError(message)
    for name, each in named.items():
        if each.ndim == 0 or len(each) == 0:
            message = (
                f"{name} have shape {tuple(each.shape)}, so there are no examples; "
                "give a first axis with at least one example"
            )
            raise InputError(message)
    lengths = {name: len(each) for name, each in named.items()}
    if len(set(lengths.values())) > 1:
        message = f"inputs have different numbers of examples: {lengths}; give each example all"
        raise InputError(message)
    return next(iter(lengths.values()))


def check_length(name: str, shape: tuple[int, ...], num_examples: int) -> None:
    """Check that there is one of something for each example.

    Args:
        name: What it is, in the plural.
        shape: Its shape.
        num_examples: How many examples the inputs have.

    Raises:
        InputError: If the first axis has another length.
    """
    if tuple(shape[:1]) != (num_examples,):
        got = f"{shape[0]}" if shape else "a single number"
        message = (
            f"inputs have {num_examples} examples but {name} have {got}; "
            f"give {name} for each example"
        )
        raise InputError(message)


def labels_of_targets(targets: Tensor | None) -> np.ndarray | None:
    """Return targets as strings if they are whole numbers ``(example,)``, else None.

    Floating-point targets count where all of them are whole, as the 0 and 1 of a binary task are.
    """
    if targets is None or targets.ndim != 1 or targets.dtype.is_complex:
        return None
    if targets.dtype.is_floating_point:
        if not bool((torch.isfinite(targets) & (targets == targets.round())).all()):
            return None
        targets = targets.to(torch.int64)
    return targets.cpu().numpy().astype(str)
