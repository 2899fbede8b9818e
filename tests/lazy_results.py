"""A large result that computes what is read of it, and how much memory its readers take.

Run in a process of its own, it prints by how many bytes each lets the peak rise.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from neurashed.clustering import cluster_by_elasticity, near_duplicates, odd_ones_out
from neurashed.plots import split_pairs
from neurashed.results import (
    AxisLabels,
    blocks,
    class_table,
    content_checksum,
    elasticity_strength,
    label_elasticity,
    nearest_probes,
    top_probes,
)

_NUM_CLASSES = 4
_SIDE = 500


class _Products(BackendArray):
    """Inner products of features, computed where they are indexed."""

    def __init__(self, features: np.ndarray) -> None:
        self.features = features
        self.shape = (len(features), len(features))
        self.dtype = features.dtype
        self.most_at_once = 0

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def _read(self, key: tuple) -> np.ndarray:
        values = self.features[key[0]] @ self.features[key[1]].T
        self.most_at_once = max(self.most_at_once, np.size(values))
        return values


def lazy_result(num_examples: int) -> tuple[xr.DataArray, _Products]:
    """Return a kernel of shuffled classes that holds no values, and what computes them."""
    generator = np.random.default_rng(0)
    classes = generator.integers(_NUM_CLASSES, size=num_examples)
    features = np.eye(8)[classes] + 0.15 * generator.normal(size=(num_examples, 8))
    products = _Products(features.astype(np.float32))
    axis = AxisLabels(ids=np.arange(num_examples), labels=np.array(list("abcd"))[classes])
    template = label_elasticity(
        np.broadcast_to(np.float32(0), (num_examples, num_examples)),
        sources=axis, probes=axis, name="kernelized", units="1", provenance={},
    )  # fmt: skip
    variable = xr.Variable(("source", "probe"), indexing.LazilyIndexedArray(products))
    result = xr.DataArray(variable, coords=template.coords, name=template.name)
    result.attrs = template.attrs
    result.encoding["preferred_chunks"] = {"source": _SIDE, "probe": _SIDE}
    return result, products


READERS: dict[str, Callable[[xr.DataArray], object]] = {
    "class_table_mean": lambda result: class_table(result, statistic="mean", num_bootstrap=20),
    "class_table_median": lambda result: class_table(result, num_bootstrap=20),
    "strength": lambda result: elasticity_strength(result, num_bootstrap=20),
    "top_probes": lambda result: top_probes(result, 8),
    "nearest_probes": lambda result: nearest_probes(result, 7),
    "checksum": content_checksum,
    "landmarks": lambda result: cluster_by_elasticity(result, 4, method="nystrom"),
    "near_duplicates": near_duplicates,
    "odd_ones_out": odd_ones_out,
    "split_pairs": split_pairs,
}


def _held(field: str) -> int:
    """Bytes that this process holds (VmRSS) or has held at its peak (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(re.search(rf"{field}:\s+(\d+) kB", status)[1])


def main(num_examples: int, block_bytes: int) -> None:
    """Print of each reader how far the peak rises, and the most values it read at once."""
    blocks.MOST_PAIRS_AT_ONCE, blocks.BLOCK_BYTES = 10**6, block_bytes
    for name, read in READERS.items():
        read(lazy_result(3 * _SIDE)[0])  # libraries are loaded and warm
        result, products = lazy_result(num_examples)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        before = _held("VmRSS")
        read(result)
        sys.stdout.write(f"{name} {_held('VmHWM') - before} {products.most_at_once}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
