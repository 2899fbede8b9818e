"""Values that JSON can hold."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurashed.errors import InputTypeError

__all__ = ["to_jsonable"]

_NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def to_jsonable(value: Any, name: str) -> Any:  # noqa: ANN401
    """Turn a nested value into one that JSON holds and gives back unchanged.

    Dataclasses become dicts; tuples and NumPy arrays become lists; NumPy scalars and paths become
    Python's own. Numbers that JSON has no word for become the strings ``"NaN"``, ``"Infinity"``
    and ``"-Infinity"``.

    Args:
        value: The value.
        name: What to call it in an error.

    Returns:
        A value of dicts, lists, strings, numbers, booleans and None.

    Raises:
        InputTypeError: If something in it has no such form; the message says where.

    Example:
        >>> to_jsonable({"lr": np.float64(0.5), "patterns": ("*",)}, "settings")
        {'lr': 0.5, 'patterns': ['*']}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    elif isinstance(value, Path):
        value = str(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NON_FINITE[str(value)]
    if isinstance(value, Mapping):
        return {
            _as_key(key, name): to_jsonable(one, f"{name}[{key!r}]") for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [to_jsonable(one, f"{name}[{index}]") for index, one in enumerate(value)]
    message = (
        f"{name} holds a {type(value).__name__}, which JSON cannot hold; "
        "give strings, numbers, lists and dicts"
    )
    raise InputTypeError(message)


def _as_key(key: object, name: str) -> str:
    if not isinstance(key, str):
        message = f"{name} has the key {key!r}; give strings as keys"
        raise InputTypeError(message)
    return key
