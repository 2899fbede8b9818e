"""A class table in a small file beside the result that it was made of."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import xxhash

from neurashed.errors import StoreError
from neurashed.results.atomic import write_json
from neurashed.results.jsonable import to_jsonable

__all__ = ["open_class_table", "save_class_table"]

_DIMS = ("source_class", "probe_class")
_COUNTS = {"count", "num_undefined"}


def save_class_table(
    table: xr.Dataset, path: str | os.PathLike[str], *, job: Mapping[str, Any] | None = None
) -> Path:
    """Write a class table as JSON, whole or not at all.

    Args:
        table: What `class_table` or `ClassSums.finish` returned.
        path: The file, by custom ending in ``.json``; one that is there is replaced.
        job: What was asked of the job that made it; the file says it.

    Returns:
        The path.
    """
    content = {
        "classes": {dim: table[dim].values.tolist() for dim in _DIMS},
        "cells": {str(name): cell.values for name, cell in table.data_vars.items()},
        "attrs": table.attrs,
        "job": job,
    }
    plain = to_jsonable(content, "class table")
    write_json(Path(path), plain | {"checksum": _checksum(plain)})
    return Path(path)


def _checksum(content: Mapping[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(content, sort_keys=True).encode())


def open_class_table(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a class table that `save_class_table` wrote.

    Args:
        path: The file.

    Returns:
        The table.

    Raises:
        StoreError: If the file cannot be read, is damaged or holds no class table.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        written = content.pop("checksum")
        attrs = dict(content["attrs"])
        about = {name: attrs[name] for name in ("measure", "units", "long_name")}
        cells = {
            name: xr.Variable(
                _DIMS,
                np.array(cell, dtype=np.int64 if name in _COUNTS else np.float64),
                {} if name in _COUNTS else about,
            )
            for name, cell in content["cells"].items()
        }
        classes = {dim: np.array(content["classes"][dim], dtype=np.str_) for dim in _DIMS}
        table = xr.Dataset(cells, coords=classes, attrs=attrs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} holds no class table: {error}; measure again"
        raise StoreError(message) from error
    if written != _checksum(content):
        message = f"{path} is damaged: its numbers are not those that were written; measure again"
        raise StoreError(message)
    return table
