"""One number for the content of a set of examples, to tell whether two runs saw the same data."""

import json
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from xxhash import xxh3_128

__all__ = ["checksum_content"]


def checksum_content(content: Mapping[str, Tensor | np.ndarray | None]) -> str:
    """Return the XXH3-128 of named arrays: names, types, shapes and values, not where they are.

    It tells apart data that differ by accident, at the speed of memory; it is no signature.

    Args:
        content: Tensors on any device, or arrays of numbers or strings; None is skipped.

    Returns:
        32 hexadecimal digits.
    """
    digest = xxh3_128()
    for name in sorted(content):
        values = content[name]
        if values is None:
            continue
        kind = "str" if _is_text(values) else str(values.dtype).removeprefix("torch.")
        header = json.dumps([name, kind, list(values.shape)])
        digest.update(f"{len(header)}:{header}".encode())
        digest.update(_bytes_of(values))
    return digest.hexdigest()


def _is_text(values: Tensor | np.ndarray) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind == "U"


def _bytes_of(values: Tensor | np.ndarray) -> memoryview:
    if isinstance(values, np.ndarray):
        if _is_text(values):  # NumPy pads strings to the longest; JSON does not
            return memoryview(json.dumps(values.tolist()).encode())
        values = torch.from_numpy(np.require(values, requirements=["C", "W"]))
    # Through uint8, because NumPy has no bfloat16.
    return values.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
