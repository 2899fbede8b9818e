"""Arrays and scripts as text that an HTML file can hold and a browser can unpack by itself.

Bytes are deflated and written in base64; the browser's own ``DecompressionStream`` reads them back.
"""

import base64
import zlib
from typing import TypedDict

import numpy as np

__all__ = ["EncodedArray", "encode_array", "encode_text"]


class EncodedArray(TypedDict):
    """An array as text: its little-endian bytes in C order, deflated, in base64."""

    dtype: str
    shape: list[int]
    data: str


def encode_array(array: np.ndarray) -> EncodedArray:
    """Encode an array whose dtype JavaScript has a typed array for.

    Args:
        array: Values in float32, uint8, uint16 or uint32.

    Returns:
        The encoded array; every value comes back bit for bit.

    Example:
        >>> encode_array(np.zeros((2, 3), np.float32))["shape"]
        [2, 3]
    """
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "data": _encode_bytes(little_endian.tobytes()),
    }


def encode_text(text: str) -> str:
    """Return a text, such as a script, deflated and in base64."""
    return _encode_bytes(text.encode())


def _encode_bytes(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, level=6)).decode("ascii")
