"""A picture of values against the distance of the examples of each pair."""

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.errors import InputError
from neurashed.plots.colors import BETWEEN_COLOR, WITHIN_COLOR
from neurashed.plots.naming import describe_values

__all__ = ["plot_distance_scatter"]

_NUM_GROUPS = 20


def plot_distance_scatter(
    values: xr.DataArray, *, distance: str = "geodesic", ax: Axes | None = None
) -> Axes:
    """Draw a dot for each pair of different examples: its value over its distance.

    A line joins the medians of groups of pairs, as many in each, from the nearest to the farthest.
    Undefined values are left out and counted.

    Args:
        values: Values ``(source, probe)`` with the distance of each pair as a coordinate.
        distance: Name of that coordinate.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on.

    Raises:
        InputError: If there is no such coordinate along both axes.
    """
    if distance not in values.coords or set(values[distance].dims) != {"source", "probe"}:
        message = (
            f"the values have no distance {distance!r} of each source and probe; add it with "
            f"values.assign_coords({distance}=(('source', 'probe'), ...))"
        )
        raise InputError(message)
    values = values.transpose("source", "probe")
    is_other = values["source"].values[:, None] != values["probe"].values
    is_drawn = is_other & np.isfinite(values.values)
    across = values[distance].transpose("source", "probe").values[is_drawn]
    up = values.values[is_drawn]
    ax = ax or plt.subplots(figsize=(4.5, 3.6), layout="constrained")[1]
    ax.scatter(across, up, s=4, alpha=0.2, color=WITHIN_COLOR, edgecolors="none", rasterized=True)
    ax.plot(*_join_medians(across, up), color=BETWEEN_COLOR, linewidth=1.5)
    num_undefined = int(np.count_nonzero(is_other & ~is_drawn))
    if num_undefined:
        ax.set_title(f"{num_undefined:,} undefined left out")
    ax.set(xlabel=f"{distance} distance", ylabel=describe_values(values))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _join_medians(across: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    groups = np.array_split(np.argsort(across, kind="stable"), min(_NUM_GROUPS, across.size))
    middle = np.array([np.median(across[group]) for group in groups])
    return middle, np.array([np.median(up[group]) for group in groups])
