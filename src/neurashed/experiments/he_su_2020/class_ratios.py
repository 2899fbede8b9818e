"""How much further a step moves its own class than each other class."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from neurashed.seeding import numpy_generator

__all__ = ["ClassRatio", "find_class_ratios", "write_class_ratios"]

_CENTERS = {"median": np.nanmedian, "mean": np.nanmean}
_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class ClassRatio:
    """The response of the updated class over that of another.

    Attributes:
        updated: The class of the sources.
        other: The class it is compared with.
        statistic: What the pairs of two classes are summarized by.
        value: The ratio; NaN if one of the two has no defined pair.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
        num_own_pairs: Defined pairs within the updated class.
        num_other_pairs: Defined pairs of the updated class and the other.
    """

    updated: str
    other: str
    statistic: str
    value: float
    low: float
    high: float
    num_own_pairs: int
    num_other_pairs: int


def find_class_ratios(
    result: xr.DataArray,
    *,
    statistic: Literal["median", "mean"] = "median",
    num_bootstrap: int = 500,
    seed: int = 0,
) -> tuple[ClassRatio, ...]:
    """Compare the probes of the updated class with those of each other class.

    A source is left out as its own probe, and so are undefined values. Intervals come from drawing
    the probes of each class again, with the same sources: they say what other probes would give,
    not what other sources would.

    Args:
        result: Values ``(source, probe)`` with labels on both axes.
        statistic: ``"median"`` or ``"mean"`` over the pairs of two classes.
        num_bootstrap: Number of replicates.
        seed: Seed of the replicates.

    Returns:
        A ratio for each ordered pair of different classes, by name.
    """
    generator = numpy_generator(seed, "class ratios")
    ratios: list[ClassRatio] = []
    for updated in np.unique(result["source_label"].values).tolist():
        blocks = {
            each: _select(result, updated, each)
            for each in np.unique(result["probe_label"].values).tolist()
        }
        centers = {each: _summarize(block, statistic) for each, block in blocks.items()}
        replicates = {
            each: _replicate(block, statistic, num_bootstrap, generator)
            for each, block in blocks.items()
        }
        for other in blocks.keys() - {updated}:
            low, high = np.quantile(replicates[updated] / replicates[other], _ENDS).tolist()
            value = centers[updated] / centers[other]
            counts = [int(np.isfinite(blocks[each]).sum()) for each in (updated, other)]
            ratios.append(ClassRatio(updated, other, statistic, value, low, high, *counts))
    return tuple(sorted(ratios, key=lambda ratio: (ratio.updated, ratio.other)))


def write_class_ratios(ratios: tuple[ClassRatio, ...], path: Path) -> None:
    """Write ratios as CSV, one on a line.

    Args:
        ratios: The ratios.
        path: The file; an existing one is replaced.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(ClassRatio)])
        writer.writeheader()
        writer.writerows(asdict(ratio) for ratio in ratios)


def _select(result: xr.DataArray, updated: str, other: str) -> np.ndarray:
    """Return values ``(source, probe)`` of two classes, NaN where a pair does not count."""
    is_source = result["source_label"].values == updated
    is_probe = result["probe_label"].values == other
    values = result.transpose("source", "probe").values[np.ix_(is_source, is_probe)].astype(float)
    is_self = result["source"].values[is_source, None] == result["probe"].values[is_probe]
    values = np.where(is_self | ~np.isfinite(values), np.nan, values)
    # Every probe that is left has a value for some source, so that no replicate is empty.
    return values[:, np.isfinite(values).any(0)]


def _summarize(block: np.ndarray, statistic: str) -> float:
    return float(_CENTERS[statistic](block)) if block.size else np.nan


def _replicate(
    block: np.ndarray, statistic: str, num_replicates: int, generator: np.random.Generator
) -> np.ndarray:
    """The statistic over drawn probes, ``(replicate,)``."""
    num_probes = block.shape[1]
    if not block.size:
        return np.full(num_replicates, np.nan)
    drawn = generator.integers(num_probes, size=(num_replicates, num_probes))
    return _CENTERS[statistic](block[:, drawn], axis=(0, 2))
