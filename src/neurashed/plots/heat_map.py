"""A picture of every response: sources down, probes across."""

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.plots.colors import choose_color_scale
from neurashed.plots.naming import describe_values
from neurashed.plots.ordering import Order, available_orders, order_examples, sort_labels
from neurashed.plots.sampling import describe_sample, sample_examples

__all__ = ["plot_heat_map"]


def plot_heat_map(
    result: xr.DataArray, *, order: Order | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the values of all pairs as colours.

    Of a result of more than 2²⁴ pairs some examples are drawn, see `sample_examples`, and the title
    says how many. Ordered by class, lines separate the classes and their names stand at the axes.
    Undefined values are hatched.

    Args:
        result: Values ``(source, probe)``.
        order: How examples are ordered; by class where there are classes, else by similarity.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on.
    """
    whole, result = result, sample_examples(result)
    sample = describe_sample(whole, result)
    order = order or available_orders(result)[0]
    sources, probes = order_examples(result, order)
    ax = ax or plt.subplots(figsize=(7.0, 6.0), layout="constrained")[1]
    scale = choose_color_scale(result)
    ax.patch.set(hatch="////", facecolor="0.85", edgecolor="0.5")
    image = ax.imshow(
        result.transpose("source", "probe").values[np.ix_(sources, probes)],
        cmap=scale.name,
        vmin=scale.low,
        vmax=scale.high,
        interpolation="nearest",
        aspect="auto",
    )
    extend = "both" if scale.is_clipped else "neither"
    ax.figure.colorbar(image, ax=ax, label=describe_values(result), extend=extend)
    ax.set(
        xlabel="probe",
        ylabel="source",
        title=f"{'Pairs' if sample else 'Every pair'}, ordered by {_in_words(order)}{sample}",
    )
    if order in {"class", "fine_class"}:
        label = "label" if order == "class" else "fine_label"
        _mark_classes(ax, "x", result[f"probe_{label}"].values[probes])
        _mark_classes(ax, "y", result[f"source_{label}"].values[sources])
    return ax


def _in_words(order: Order) -> str:
    return {"fine_class": "finer class", "given": "position in the data"}.get(order, order)


def _mark_classes(ax: Axes, axis: str, ordered_labels: np.ndarray) -> None:
    classes = sort_labels(ordered_labels)
    counts = np.array([np.count_nonzero(ordered_labels == one) for one in classes])
    ends = np.cumsum(counts)
    set_ticks = ax.set_xticks if axis == "x" else ax.set_yticks
    rotation = 90 if axis == "x" and len(classes) > 12 else 0
    set_ticks(ends - counts / 2 - 0.5, classes, rotation=rotation, parse_math=False)
    draw_line = ax.axvline if axis == "x" else ax.axhline
    for end in ends[:-1]:
        draw_line(end - 0.5, color="white", linewidth=0.8)
