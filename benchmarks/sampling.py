"""Which pairs are compared with float64: those of a few runs of consecutive examples."""

from collections.abc import Collection
from itertools import pairwise
from typing import Any

import numpy as np
from workloads import Workload

__all__ = ["relative_error", "sample_runs", "take_pairs"]

# Runs, not single examples: a matrix that lies on disk in tiles is then read in a few places.
NUM_RUNS = 4


def sample_runs(workload: Workload) -> list[slice]:
    """Runs of examples, one in each quarter of the data; all examples if they are few."""
    num_examples, length = workload.num_examples, workload.num_checked // NUM_RUNS
    if num_examples <= workload.num_checked:
        return [slice(0, num_examples)]
    generator = np.random.default_rng(2)
    bounds = np.linspace(0, num_examples, NUM_RUNS + 1).astype(int)
    starts = [int(generator.integers(low, high - length + 1)) for low, high in pairwise(bounds)]
    return [slice(start, start + length) for start in starts]


def take_pairs(result: Any, runs: list[slice]) -> np.ndarray:  # noqa: ANN401
    """The sampled part of a matrix ``(source, probe)`` or ``(source, output, probe, output)``.

    Args:
        result: An array of NumPy, torch, JAX or xarray; only the runs are read of a lazy one.
        runs: What `sample_runs` gave.

    Returns:
        A matrix of float64; the outputs of an example are neighbours.
    """
    if hasattr(result, "detach"):
        result = result.detach()
    rows = []
    for sources in runs:
        parts = []
        for probes in runs:
            place = (sources, probes) if result.ndim == 2 else (sources, slice(None), probes)
            part = np.asarray(result[place], dtype=np.float64)
            parts.append(part.reshape(part.shape[0] * (part.shape[1] if part.ndim > 2 else 1), -1))
        rows.append(parts)
    return np.block(rows)


def relative_error(
    result: Any,  # noqa: ANN401
    workload: Workload,
    reference: np.ndarray,
    *,
    without: Collection[int] = (),
) -> float:
    """Norm of the difference over that of the reference; infinite for another shape.

    Args:
        result: A matrix, as `take_pairs` reads it.
        workload: What it is of.
        reference: The pairs that are compared, in float64.
        without: Examples whose pairs do not count, by place among those that are compared.

    Returns:
        The relative error.
    """
    n, c = workload.num_examples, workload.num_outputs
    is_full = workload.quantity == "full_kernel"
    if tuple(result.shape) != ((n, c, n, c) if is_full else (n, n)):
        return float("inf")
    rows = np.arange(len(reference)) // (c if is_full else 1)
    kept = np.flatnonzero(~np.isin(rows, list(without)))
    reference = reference[np.ix_(kept, kept)]
    found = take_pairs(result, sample_runs(workload))[np.ix_(kept, kept)]
    return float(np.linalg.norm(found - reference) / np.linalg.norm(reference))
