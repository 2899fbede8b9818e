"""A picture of which classes move together."""

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.plots.colors import choose_color_scale

__all__ = ["plot_class_table"]

_MOST_CLASSES_WITH_NUMBERS = 24


def plot_class_table(
    table: xr.Dataset, *, title: str = "Which classes move together", ax: Axes | None = None
) -> Axes:
    """Draw a class-to-class table with its values written in the cells.

    Args:
        table: What `neurashed.results.class_table` gives, with ``value``
            ``(source_class, probe_class)``.
        title: Title of the picture.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on. Above 24 classes the numbers are left out, as nobody could read them.
    """
    values = table["value"].transpose("source_class", "probe_class")
    size = 2.5 + 0.5 * values.shape[0]
    ax = ax or plt.subplots(figsize=(size + 1.0, size), layout="constrained")[1]
    scale = choose_color_scale(values)
    ax.patch.set(hatch="////", facecolor="0.85", edgecolor="0.5")
    image = ax.imshow(values.values, cmap=scale.name, vmin=scale.low, vmax=scale.high)
    ax.figure.colorbar(image, ax=ax, label=values.attrs.get("long_name", "class-to-class value"))
    ax.set_xticks(
        range(values.shape[1]), values["probe_class"].values.astype(str), parse_math=False
    )
    ax.set_yticks(
        range(values.shape[0]), values["source_class"].values.astype(str), parse_math=False
    )
    ax.tick_params(axis="x", rotation=90 if values.shape[1] > 12 else 0)
    ax.set(xlabel="class of the probe", ylabel="class of the source", title=title)
    if max(values.shape) <= _MOST_CLASSES_WITH_NUMBERS:
        _write_numbers(ax, values.values, colors=image.to_rgba(values.values))
    return ax


def _write_numbers(ax: Axes, values: np.ndarray, *, colors: np.ndarray) -> None:
    brightness = colors[..., :3] @ np.array([0.299, 0.587, 0.114])
    for (row, column), value in np.ndenumerate(values):
        is_defined = np.isfinite(value)
        is_dark = is_defined and brightness[row, column] < 0.5
        ax.text(
            column,
            row,
            f"{value:.2g}" if is_defined else "n/a",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if is_dark else "black",
        )
