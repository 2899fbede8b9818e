"""Examples out of any torch data set."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from neurashed.data.arrays import as_array, as_tensor
from neurashed.data.examples import Examples
from neurashed.data.images import thumbnails_of
from neurashed.errors import InputError, InputTypeError

__all__ = ["from_dataset"]

_TARGET_KEYS = ("targets", "target", "labels", "label")


def from_dataset(
    dataset: "Dataset[Any] | Iterable[Any]", limit: int | None = None, *, name: str | None = None
) -> Examples:
    """Return the items of a data set as examples, held in memory.

    An item is a pair of input and target, a lone input, or a dict. Inputs are tensors, arrays,
    numbers or pictures (of PIL, or arrays of bytes ``(row, column[, channel])``); pictures become
    float32 ``(channel, row, column)`` from 0 to 1. In a dict, one of ``targets``, ``target``,
    ``labels`` and ``label`` is the target, strings under ``text`` are texts, and all else are
    inputs that the model takes by name (or its one input, if there is only ``inputs``).

    Inputs that look like images get thumbnails. If the data set has ``classes``, they are the
    labels.

    Args:
        dataset: A data set with a length, or one to iterate over.
        limit: Take the first so many; all if None.
        name: Put before the ids, as in ``"train/17"``, so that those of two data sets differ; ids
            are the whole numbers from 0 if None.

    Returns:
        The examples.

    Raises:
        InputError: If there are no items, or they have different shapes or parts.

    Example:
        >>> dataset = torch.utils.data.TensorDataset(torch.rand(3, 2), torch.tensor([1, 0, 1]))
        >>> from_dataset(dataset, limit=2, name="train").ids.tolist()
        ['train/0', 'train/1']
    """
    items = [_parts_of(item, place) for place, item in enumerate(_iterate(dataset, limit))]
    if not items:
        message = "the data set gives no items; give one with at least one example"
        raise InputError(message)
    uneven = [place for place, item in enumerate(items) if item.keys() != items[0].keys()]
    if uneven:
        message = (
            f"item {uneven[0]} has the parts {', '.join(items[uneven[0]])} and item 0 "
            f"{', '.join(items[0])}; give all items the same parts"
        )
        raise InputError(message)
    columns = {key: [item[key] for item in items] for key in items[0]}
    texts: list[str] | None = columns.pop("text", None)
    targets = _stack(columns.pop("target"), "targets") if "target" in columns else None
    inputs = {key: _stack(values, key) for key, values in columns.items()}
    only = inputs["inputs"] if list(inputs) == ["inputs"] else None
    return Examples(
        inputs if only is None else only,
        targets,
        ids=None if name is None else [f"{name}/{place}" for place in range(len(items))],
        labels=_name_classes(dataset, targets),
        thumbnails=None if only is None else thumbnails_of(only),
        texts=texts,
    )


def _iterate(dataset: Any, limit: int | None) -> Iterator[Any]:  # noqa: ANN401
    # By number where possible: few data sets with a length stop at their end when iterated.
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        return islice(iter(dataset), limit)
    num_items = len(dataset) if limit is None else min(limit, len(dataset))
    return (dataset[place] for place in range(num_items))


def _parts_of(item: Any, place: int) -> dict[str, Any]:  # noqa: ANN401
    # The parts are the inputs by name, and "target" and "text" if there are any.
    if isinstance(item, Mapping):
        return _parts_of_mapping(item, place)
    if isinstance(item, tuple | list) and len(item) == 2:
        return {"inputs": _as_input(item[0], place), "target": as_tensor(item[1], "targets")}
    if isinstance(item, tuple | list) and len(item) != 1:
        message = (
            f"item {place} has {len(item)} parts; give an input and a target, or a dict that "
            "names the parts"
        )
        raise InputError(message)
    return {"inputs": _as_input(item[0] if isinstance(item, tuple | list) else item, place)}


def _parts_of_mapping(item: Mapping[str, Any], place: int) -> dict[str, Any]:
    target_keys = [key for key in _TARGET_KEYS if key in item]
    if len(target_keys) > 1:
        message = f"item {place} has {' and '.join(target_keys)}; keep the one that is the target"
        raise InputError(message)
    inputs = {key: each for key, each in item.items() if key not in {*target_keys, "text"}}
    parts = {key: _as_input(each, place, key) for key, each in inputs.items()}
    if target_keys:
        parts["target"] = as_tensor(item[target_keys[0]], "targets")
    return parts | ({"text": str(item["text"])} if "text" in item else {})


def _as_input(values: Any, place: int, key: str = "inputs") -> Tensor:  # noqa: ANN401
    if isinstance(values, Tensor):
        return values.detach()
    array = as_array(values, key)
    if array.dtype.kind not in "fiub":
        message = (
            f"{key} of item {place} is a {type(values).__name__}, which is no array of numbers; "
            "give the data set a transform that makes one"
        )
        raise InputTypeError(message)
    is_picture = array.dtype == np.uint8 and (
        array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {1, 3})
    )
    if not is_picture:
        return as_tensor(array, key)
    channels = array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0)
    return as_tensor(channels, key).to(torch.float32) / 255


def _stack(values: list[Tensor], name: str) -> Tensor:
    first = values[0]
    for place, each in enumerate(values):
        if each.shape != first.shape:
            message = (
                f"{name} of item {place} have shape {tuple(each.shape)} and those of item 0 "
                f"{tuple(first.shape)}; pad or crop them to one shape"
            )
            raise InputError(message)
    return torch.stack(values)


def _name_classes(dataset: Any, targets: Tensor | None) -> np.ndarray | None:  # noqa: ANN401
    """Return class names ``(example,)`` if the data set knows them, as those of torchvision do."""
    names = getattr(dataset, "classes", None)
    is_number = targets is not None and targets.ndim == 1 and not targets.is_floating_point()
    if targets is None or not is_number or not isinstance(names, list | tuple):
        return None
    if int(targets.min()) < 0 or int(targets.max()) >= len(names):
        return None
    return np.array([str(each) for each in names])[targets.cpu().numpy()]
