"""Clustering tables that are filled in a moment."""

import struct
from pathlib import Path

import numpy as np

from neurashed.experiments.he_su_2020.tables import TableSelection, TableSettings

__all__ = ["FAST", "SMALL", "WHOLE", "write_mnist"]

SMALL = TableSettings(width=8, num_epochs=3, primary_per_class=15, auxiliary_total=20)
FAST = ("k_means", "linear_mse", "relu_bce")
WHOLE = TableSelection({"digits": "digits"}, approaches=FAST, seeds=(0, 3))


def write_mnist(folder: Path, labels: list[int]) -> str:
    folder.mkdir()
    images = np.random.default_rng(0).integers(256, size=(len(labels), 28, 28), dtype=np.uint8)
    for name, array in (("images", images), ("labels", np.array(labels, dtype=np.uint8))):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        path = folder / f"train-{name}-idx{array.ndim}-ubyte"
        path.write_bytes(header + array.tobytes())
    return f"mnist:{folder}"
