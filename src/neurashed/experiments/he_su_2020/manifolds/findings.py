"""How elasticity goes with distance: correlations of each sample, and their spread over seeds."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from neurashed.experiments.he_su_2020.manifolds.settings import NETWORKS
from neurashed.results import RunFolder
from neurashed.seeding import numpy_generator

__all__ = ["PUBLISHED", "ManifoldFinding", "Spread", "find_in_manifolds", "write_table"]

# Pearson correlations of relative elasticity with the authors' distance, one sample each, as
# recalled from their Figure 1.
PUBLISHED = {
    ("torus", "ReLU", "relative"): -0.97,
    ("torus", "linear", "relative"): -0.48,
    ("folded_boxes", "ReLU", "relative"): -0.92,
    ("folded_boxes", "linear", "relative"): -0.14,
}
# What the table holds of each spread.
_ALL = ("mean", "low", "high", "least", "most")
_PARTS = {
    "pearson": _ALL,
    "spearman": _ALL,
    "pearson_with_diagonal": ("mean",),
    "pearson_proxy": ("mean",),
    "loss": ("mean", "most"),
    "accuracy": ("mean", "least"),
    "num_steps": ("mean", "most"),
    "lr_lambda_max": ("mean",),
    "lr_lambda_max_trained": ("mean", "most"),
}
_NUM_REPLICATES = 2_000
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """A number over several seeds.

    Attributes:
        mean: Its mean.
        low: Lower end of the 95 % interval of the mean, from drawing seeds again.
        high: Upper end.
        least: The smallest.
        most: The largest.
    """

    mean: float
    low: float
    high: float
    least: float
    most: float


@dataclass(frozen=True)
class ManifoldFinding:
    """How one measure of one network goes with distance on one pair of manifolds.

    Correlations are over ordered pairs of different examples, unless another is said.

    Attributes:
        manifold: Name of the pair of manifolds.
        network: ``"ReLU"`` or ``"linear"``.
        measure: ``"relative"`` for relative elasticity, ``"kernel_distance"`` for the distance
            derived from it.
        num_seeds: How many samples.
        pearson: Pearson correlation with the geodesic distance.
        spearman: Spearman correlation with the geodesic distance.
        pearson_with_diagonal: Pearson correlation when each example is also paired with itself, as
            in the authors' code.
        pearson_proxy: Pearson correlation with the authors' distance.
        published: The authors' correlation, or None.
        loss: Mean squared error after training.
        accuracy: Share of examples on the right side of one half after training.
        num_steps: Steps of training.
        lr_lambda_max: Learning rate times largest eigenvalue of the Hessian, at the start.
        lr_lambda_max_trained: The same after training.
    """

    manifold: str
    network: str
    measure: str
    num_seeds: int
    pearson: Spread
    spearman: Spread
    pearson_with_diagonal: Spread
    pearson_proxy: Spread
    published: float | None
    loss: Spread
    accuracy: Spread
    num_steps: Spread
    lr_lambda_max: Spread
    lr_lambda_max_trained: Spread


def find_in_manifolds(run: RunFolder) -> list[ManifoldFinding]:
    """Read what a run shows.

    Args:
        run: Its folder.

    Returns:
        A finding for each pair of manifolds, network and measure, in this order.
    """
    return [
        finding
        for manifold in run.record.settings["manifolds"]
        for network in NETWORKS
        for finding in _find_network(run.result(f"{manifold}_{network}").load(), manifold, network)
    ]


def _find_network(result: xr.DataArray, manifold: str, network: str) -> list[ManifoldFinding]:
    training = result.attrs["provenance"]["training"]
    trained = {
        name: _spread(one[name] for one in training)
        for name in ("loss", "accuracy", "num_steps", "lr_lambda_max", "lr_lambda_max_trained")
    }
    return [
        ManifoldFinding(
            manifold=manifold,
            network=network,
            measure=measure,
            num_seeds=result.sizes["seed"],
            **_correlate_seeds(values),
            published=PUBLISHED.get((manifold, network, measure)),
            **trained,
        )
        for measure, values in (
            ("relative", result),
            ("kernel_distance", result["kernel_distance"]),
        )
    ]


def _correlate_seeds(values: xr.DataArray) -> dict[str, Spread]:
    is_other = ~np.eye(values.sizes["source"], dtype=bool)
    is_any = np.ones_like(is_other)
    ways = {
        "pearson": ("geodesic", stats.pearsonr, is_other),
        "spearman": ("geodesic", stats.spearmanr, is_other),
        "pearson_with_diagonal": ("geodesic", stats.pearsonr, is_any),
        "pearson_proxy": ("proxy", stats.pearsonr, is_other),
    }
    return {
        name: _spread(
            correlate(one.values[kept], one[distance].values[kept]).statistic
            for one in values.transpose("seed", "source", "probe")
        )
        for name, (distance, correlate, kept) in ways.items()
    }


def _spread(numbers: Iterable[float]) -> Spread:
    values = np.array(list(numbers), dtype=float)
    generator = numpy_generator(0, "bootstrap")
    drawn = generator.choice(values, size=(_NUM_REPLICATES, len(values))).mean(axis=1)
    outside = (1 - _CONFIDENCE) / 2
    ends = np.quantile(drawn, [outside, 1 - outside])
    return Spread(*map(float, (values.mean(), *ends, values.min(), values.max())))


def write_table(findings: list[ManifoldFinding], path: Path) -> None:
    """Write findings as CSV, one line each, with the parts of each spread that are asked for most.

    Args:
        findings: The findings.
        path: The file.
    """
    rows = [_as_row(finding) for finding in findings]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _as_row(finding: ManifoldFinding) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in vars(finding).items():
        if isinstance(value, Spread):
            parts = {part: getattr(value, part) for part in _PARTS[name]}
            row |= {f"{name}_{part}": f"{number:.4g}" for part, number in parts.items()}
        else:
            row[name] = value
    return row
