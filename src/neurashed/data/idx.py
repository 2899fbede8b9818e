"""Reads idx files, the format of MNIST."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from neurashed.errors import InputError

__all__ = ["read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> np.ndarray:
    """Return the array of an idx file, compressed with gzip or not.

    Args:
        path: The file.

    Returns:
        The array, read-only.

    Raises:
        InputError: If it is no idx file, or has more or fewer bytes than it says.

    References:
        The MNIST database of handwritten digits (LeCun, Cortes and Burges, 1998).
    """
    content = _read(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        message = f"{path} is no idx file: it starts with {content[:4].hex(' ')}; give another file"
        raise InputError(message)
    dtype, num_axes = np.dtype(_TYPES[content[2]]), content[3]
    start = 4 + 4 * num_axes
    sizes = content[4:start]
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4", len(sizes) // 4))
    expected = start + math.prod(shape) * dtype.itemsize
    if len(shape) < num_axes or len(content) != expected:
        message = (
            f"{path} holds {len(content)} bytes where its header announces {expected} (shape "
            f"{shape}): it is cut or damaged; get it again"
        )
        raise InputError(message)
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        message = f"{path} cannot be unpacked ({error}): it is cut or damaged; get it again"
        raise InputError(message) from error
