"""The labels of small data sets, and arrays in the format of idx files."""

import struct

import numpy as np

Images = dict[str, np.ndarray]

MNIST_LABELS = {"train": [5, 0, 8, 5, 8, 1], "t10k": [8, 5, 8]}
CIFAR_LABELS = {"train": [3, 8, 3, 0, 8, 3, 5, 3, 0, 8], "test": [8, 0, 8, 3]}


def idx_bytes(array: np.ndarray, type_code: int = 0x08) -> bytes:
    # Multi-byte types are big-endian.
    header = struct.pack(f">HBB{array.ndim}I", 0, type_code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()
