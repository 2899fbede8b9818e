"""A set of examples: what goes into the network, what should come out, and what people see."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurashed.data.arrays import (
    AnyArray,
    as_array,
    as_inputs,
    as_tensor,
    check_length,
    count_examples,
    labels_of_targets,
)
from neurashed.data.checksum import checksum_content
from neurashed.data.indices import as_indices
from neurashed.errors import InputError, InputTypeError
from neurashed.results import AxisLabels

__all__ = ["Examples"]

_DISPLAYED = ("labels", "fine_labels", "thumbnails", "texts")


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Examples:
    """Inputs and targets of some examples, with stable ids and what is needed to show them.

    Tensors and arrays are shared with the caller, not copied. Lists and NumPy arrays are accepted
    everywhere and become tensors or arrays of the same numbers in the same type.

    Attributes:
        inputs: Tensor ``(example, ...)``, or a dict of such tensors that the model takes as
            keywords.
        targets: Tensor ``(example,)`` or ``(example, output)``; None if unknown.
        ids: Whole numbers or strings ``(example,)``, each different; they stay with their example
            through every selection. Sources and probes with the same id are the same example.
        labels: Class names shown to people ``(example,)``; None if there are none.
        fine_labels: A second, finer label ``(example,)``; None if there are none.
        thumbnails: Gray or RGB images ``(example, row, column[, 3])`` in uint8, or None.
        texts: A text for each example ``(example,)``, or None.

    Example:
        >>> examples = Examples(inputs=torch.rand(4, 2), targets=torch.tensor([0, 1, 1, 0]))
        >>> examples
        Examples(4 examples, inputs (2,) float32, targets int64, 2 labels)
        >>> examples.select([1, 3]).ids
        array([1, 3])
        >>> examples.labels.tolist()
        ['0', '1', '1', '0']
    """

    inputs: Tensor | dict[str, Tensor]
    targets: Tensor | None
    ids: np.ndarray
    labels: np.ndarray | None
    fine_labels: np.ndarray | None
    thumbnails: np.ndarray | None
    texts: np.ndarray | None

    def __init__(
        self,
        inputs: AnyArray | Mapping[str, AnyArray],
        targets: AnyArray | None = None,
        *,
        ids: AnyArray | None = None,
        labels: AnyArray | None = None,
        fine_labels: AnyArray | None = None,
        thumbnails: AnyArray | None = None,
        texts: AnyArray | None = None,
    ) -> None:
        """Convert and check everything.

        An empty set, lengths that differ and ids that occur twice are refused with an `InputError`,
        what is no array of the right type with an `InputTypeError`.

        Args:
            inputs: One tensor or array, or several by name, all with the same first axis.
            targets: Class numbers ``(example,)``, values ``(example,)`` or ``(example, output)``;
                leave out for examples that are only watched.
            ids: Unique whole numbers or strings; 0, 1, 2, ... if None.
            labels: Class names; the targets as strings if None and the targets are whole numbers.
            fine_labels: A second, finer label.
            thumbnails: Images in uint8.
            texts: Texts.
        """
        tensors = as_inputs(inputs)
        num_examples = count_examples(tensors)
        target_tensor = None if targets is None else as_tensor(targets, "targets")
        if target_tensor is not None:
            check_length("targets", target_tensor.shape, num_examples)
        if labels is None:
            labels = labels_of_targets(target_tensor)
        axis = _as_axis(
            num_examples,
            ids=np.arange(num_examples) if ids is None else ids,
            labels=labels,
            fine_labels=fine_labels,
            thumbnails=thumbnails,
            texts=texts,
        )
        self._set(inputs=tensors, targets=target_tensor, ids=axis.ids)
        self._set(**{name: getattr(axis, name) for name in _DISPLAYED})

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Return a short description: numbers, shapes and types, no values."""
        several = isinstance(self.inputs, dict)
        named = self.inputs if isinstance(self.inputs, dict) else {"inputs": self.inputs}
        parts = [
            f"{'inputs ' * several}{name} {tuple(each.shape[1:])} {_name_dtype(each)}"
            for name, each in named.items()
        ]
        if self.targets is not None:
            parts.append(f"targets {_name_dtype(self.targets)}")
        if self.labels is not None:
            parts.append(f"{len(np.unique(self.labels))} labels")
        return f"Examples({len(self)} examples, {', '.join(parts)})"

    def select(self, indices: AnyArray | slice) -> "Examples":
        """Return some of the examples, in the order of the indices, with their ids.

        An empty selection, an index out of range or given twice, and a mask of another length are
        refused with an `InputError`.

        Args:
            indices: Whole numbers ``(selected,)`` from 0 (negative ones count from the end), a
                boolean mask ``(example,)``, or a slice.

        Returns:
            The selected examples.

        Example:
            >>> examples = Examples(torch.eye(3), ids=["a", "b", "c"])
            >>> examples.select([2, 0]).ids.tolist()
            ['c', 'a']
            >>> len(examples.select(examples.ids != "b"))
            2
        """
        chosen = as_indices(indices, len(self))

        def pick(values: Any) -> Any:  # noqa: ANN401
            if isinstance(values, dict):
                return {name: pick(each) for name, each in values.items()}
            if isinstance(values, Tensor):
                return values[torch.from_numpy(chosen).to(values.device)]
            return None if values is None else values[chosen]

        return self._with(**{each.name: pick(getattr(self, each.name)) for each in fields(self)})

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Examples":
        """Return the examples on a device, with floating-point tensors in another type.

        Args:
            device: Where inputs and targets go; unchanged if None.
            dtype: Type of the floating-point tensors; whole numbers keep theirs.

        Returns:
            The moved examples.

        Raises:
            InputTypeError: If the type is not a floating-point type.
        """
        if dtype is not None and not dtype.is_floating_point:
            message = f"dtype is {dtype}; give a floating-point type such as torch.float64"
            raise InputTypeError(message)

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device, dtype if tensor.dtype.is_floating_point else None)

        inputs = self.inputs
        moved = (
            {name: move(each) for name, each in inputs.items()}
            if isinstance(inputs, dict)
            else move(inputs)
        )
        return self._with(
            inputs=moved, targets=None if self.targets is None else move(self.targets)
        )

    def with_targets(self, targets: AnyArray) -> "Examples":
        """Return the same examples, with the same ids and labels, and other targets."""
        tensor = as_tensor(targets, "targets")
        check_length("targets", tensor.shape, len(self))
        return self._with(targets=tensor)

    def require_targets(self, purpose: str) -> Tensor:
        """Return the targets, or refuse.

        Args:
            purpose: What needs them, such as ``"the loss"``.

        Returns:
            The targets.

        Raises:
            InputError: If there are none.
        """
        if self.targets is None:
            message = f"{purpose} needs targets and these examples have none; pass targets=..."
            raise InputError(message)
        return self.targets

    def axis_labels(self) -> AxisLabels:
        """Return ids and everything that is shown, as an axis of a result wants them."""
        return AxisLabels(self.ids, **{name: getattr(self, name) for name in _DISPLAYED})

    def checksum(self) -> str:
        """Return the XXH3-128 of the content, the same on every device."""
        inputs = self.inputs
        named = (
            {f"inputs.{name}": each for name, each in inputs.items()}
            if isinstance(inputs, dict)
            else {"inputs": inputs}
        )
        others = {name: getattr(self, name) for name in ("targets", "ids", *_DISPLAYED)}
        return checksum_content({**named, **others})

    def _with(self, **values: Any) -> "Examples":  # noqa: ANN401
        changed = copy(self)
        changed._set(**values)
        return changed

    def _set(self, **values: Any) -> None:  # noqa: ANN401
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _as_axis(num_examples: int, **named: AnyArray | None) -> AxisLabels:
    arrays = {name: as_array(each, name) for name, each in named.items() if each is not None}
    for name, array in arrays.items():
        check_length(name, array.shape, num_examples)
    # What the values may be is for the axis of the result to say.
    return AxisLabels(**arrays)


def _name_dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
