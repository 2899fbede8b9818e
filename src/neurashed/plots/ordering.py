"""In which order examples stand along the axes of a heat map."""

import re
from typing import Literal

import numpy as np
import xarray as xr

from neurashed.errors import InputError
from neurashed.plots.naming import LabelKind
from neurashed.results import order_by_similarity

__all__ = ["Order", "available_orders", "order_examples", "sort_labels"]

Order = Literal["class", "fine_class", "similarity", "given"]

_LABEL_OF_ORDER: dict[Order, LabelKind] = {"class": "label", "fine_class": "fine_label"}


def available_orders(result: xr.DataArray) -> list[Order]:
    """Return the orders that the labels of a result allow, the most telling first."""
    by_label: list[Order] = [
        order for order, label in _LABEL_OF_ORDER.items() if _is_labelled(result, label)
    ]
    return [*by_label, "similarity", "given"]


def order_examples(result: xr.DataArray, order: Order) -> tuple[np.ndarray, np.ndarray]:
    """Return where each source and each probe stands in an order.

    Args:
        result: Values ``(source, probe)``.
        order: ``"class"`` by label and then by finer label, ``"fine_class"`` by finer label,
            ``"similarity"`` by how alike the responses are, or ``"given"`` as in the result.

    Returns:
        Positions of the sources, and positions of the probes, first to last.

    Raises:
        InputError: If the order needs labels that the result lacks.

    Example:
        >>> names = np.array(["b", "a"])
        >>> result = xr.DataArray(np.eye(2), dims=("source", "probe"), coords={
        ...     "source_label": ("source", names), "probe_label": ("probe", names)})
        >>> order_examples(result, "class")[0].tolist()
        [1, 0]
    """
    if order == "similarity":
        return order_by_similarity(result)
    if order == "given":
        return np.arange(result.sizes["source"]), np.arange(result.sizes["probe"])
    if order not in available_orders(result):
        message = (
            f"order is {order!r} and the result has no {_LABEL_OF_ORDER[order]} of sources and "
            f"probes; use one of {available_orders(result)}"
        )
        raise InputError(message)
    return _order_by_label(result, "source", order), _order_by_label(result, "probe", order)


def sort_labels(labels: np.ndarray) -> list[str]:
    """Return the different labels, with the numbers in them in the order of numbers.

    Example:
        >>> sort_labels(np.array(["10", "9", "cat", "9"]))
        ['9', '10', 'cat']
    """
    return sorted(np.unique(labels).tolist(), key=_split_numbers)


def _is_labelled(result: xr.DataArray, label: LabelKind) -> bool:
    return {f"source_{label}", f"probe_{label}"} <= set(result.coords)


def _order_by_label(result: xr.DataArray, axis: str, order: Order) -> np.ndarray:
    keys = [_rank_labels(result[f"{axis}_{_LABEL_OF_ORDER[order]}"].values)]
    if order == "class" and _is_labelled(result, "fine_label"):
        keys.insert(0, _rank_labels(result[f"{axis}_fine_label"].values))
    return np.lexsort(keys)


def _rank_labels(labels: np.ndarray) -> np.ndarray:
    ranks = {label: rank for rank, label in enumerate(sort_labels(labels))}
    return np.array([ranks[label] for label in labels.tolist()])


def _split_numbers(label: str) -> list[tuple[bool, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", label)
    return [(False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts]
