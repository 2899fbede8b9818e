"""Small results to test with, and slow, obvious versions of their summaries."""

import numpy as np
import xarray as xr

from neurashed.results import AxisLabels, label_elasticity

PROVENANCE = {"measure": "relative", "update": {"lr": 0.1, "parameters": ["*"]}, "exact": True}


def make_axis(labels: list[str], *, prefix: str | None = "x") -> AxisLabels:
    """Return an axis with these labels, thumbnails, texts, and string ids or whole-number ids."""
    numbers = np.arange(len(labels))
    return AxisLabels(
        ids=numbers if prefix is None else np.array([f"{prefix}{number}" for number in numbers]),
        labels=np.array(labels),
        fine_labels=np.array([f"{label}/{number % 2}" for number, label in enumerate(labels)]),
        thumbnails=np.arange(len(labels) * 12, dtype=np.uint8).reshape(len(labels), 4, 3),
        texts=np.array([f"text {number}" for number in numbers]),
    )


def make_result(
    values: np.ndarray,
    labels: list[str],
    probe_labels: list[str] | None = None,
    *,
    self_response: np.ndarray | None = None,
    name: str = "relative",
) -> xr.DataArray:
    """Return a result; without labels for probes, sources and probes are the same examples."""
    sources = make_axis(labels)
    return label_elasticity(
        values,
        sources=sources,
        probes=sources if probe_labels is None else make_axis(probe_labels, prefix="p"),
        name=name,
        units="1",
        provenance=PROVENANCE,
        source_coords={} if self_response is None else {"self_response": self_response},
    )


def random_result(seed: int = 0, num_examples: int = 12, num_classes: int = 3) -> xr.DataArray:
    """Return a random result of positive values among examples of several classes."""
    generator = np.random.default_rng(seed)
    labels = [f"class {number % num_classes}" for number in range(num_examples)]
    return make_result(
        generator.gamma(2.0, size=(num_examples, num_examples)),
        labels,
        self_response=generator.gamma(2.0, size=num_examples),
    )


def summarize_slowly(result: xr.DataArray, statistic: str, is_wanted: np.ndarray) -> float:
    """Return the statistic of the wanted pairs, straight from its definition."""
    is_wanted = is_wanted & np.isfinite(result.values)
    values = result.values[is_wanted]
    if statistic != "ratio_of_means":
        return float({"median": np.median, "mean": np.mean}[statistic](values))
    scale = np.broadcast_to(result.self_response.values[:, None], result.shape)[is_wanted]
    return float((np.abs(values) * scale).sum() / scale.sum())
