"""A picture of one source and the probes that move most with it."""

import textwrap
from typing import Literal

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from neurashed.errors import InputError
from neurashed.plots.naming import describe_values
from neurashed.results import nearest_probes, read_thumbnails

__all__ = ["plot_top_probes"]

_TILE = 1.0
_PITCH = 1.25


def plot_top_probes(
    result: xr.DataArray | xr.Dataset, source: int | str, *, k: int = 8, ax: Axes | None = None
) -> Axes:
    """Draw a source and, beside it, the probes that respond most to a step on it.

    Each tile shows the thumbnail or else the text of an example; below it stand its label and, for
    a probe, its value. A tile of the source's own class has a solid frame, of another class a
    dashed one.

    Args:
        result: Values ``(source, probe)``, of which one row is read; or the top probes of a result,
            as `neurashed.results.top_probes` gives them.
        source: The id of the source.
        k: How many probes to show.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on.

    Raises:
        InputError: If no source has this id.
    """
    if source not in result["source"].values:
        message = f"no source has the id {source!r}; give one of result['source']"
        raise InputError(message)
    is_ranked = isinstance(result, xr.Dataset)
    nearest = _read_ranked(result, source, k) if is_ranked else nearest_probes(result, source, k)
    ax = ax or plt.subplots(figsize=(1.25 * (k + 1) + 0.5, 2.2), layout="constrained")[1]
    own_label = _read(nearest, "source_label")
    _draw_tile(ax, 0.0, nearest, "source", caption="source", is_own_class=True)
    for rank, one in enumerate(nearest, start=1):
        is_own_class = _read(one, "probe_label") == own_label
        x = rank * _PITCH + 0.3
        _draw_tile(ax, x, one, "probe", caption=f"{float(one):.3g}", is_own_class=is_own_class)
    ax.set(
        xlim=(-0.2, k * _PITCH + 0.3 + _TILE + 0.2),
        ylim=(_TILE + 0.75, -0.2),
        aspect="equal",
        title=f"Probes that move most with source {source}: {describe_values(nearest)}",
    )
    ax.axis("off")
    return ax


def _read_ranked(top: xr.Dataset, source: int | str, k: int) -> xr.DataArray:
    """Return values ``(probe,)`` of a source with all coordinates of the probes."""
    row = top.sel(source=source)
    places = row["place"].values[:k]
    places = places[places >= 0]
    of_probes = {name: one for name, one in row.coords.items() if "rank" not in one.dims}
    nearest = xr.Dataset(coords=of_probes, attrs=top.attrs).isel(probe=places)
    values = xr.Variable("probe", row["value"].values[: len(places)], top.attrs)
    return nearest.assign(value=values)["value"]


def _draw_tile(
    ax: Axes,
    x: float,
    example: xr.DataArray,
    axis: Literal["source", "probe"],
    *,
    caption: str,
    is_own_class: bool,
) -> None:
    image = read_thumbnails(example, axis)
    if image is not None:
        colors = {"cmap": "gray", "vmin": 0, "vmax": 255} if image.ndim == 2 else {}
        ax.imshow(image, extent=(x, x + _TILE, _TILE, 0.0), interpolation="nearest", **colors)
    else:
        words = _read(example, f"{axis}_text") or str(example[axis].item())
        lines = textwrap.wrap(words, width=14)[:5]
        ax.text(x + 0.05, 0.08, "\n".join(lines), va="top", fontsize=7, parse_math=False)
    frame = Rectangle(
        (x, 0.0), _TILE, _TILE, fill=False, linestyle="-" if is_own_class else "--", linewidth=1.2
    )
    ax.add_patch(frame)
    below = [caption, _read(example, f"{axis}_label")]
    text = "\n".join(one for one in below if one)
    ax.text(x + _TILE / 2, _TILE + 0.08, text, ha="center", va="top", fontsize=8, parse_math=False)


def _read(example: xr.DataArray, coordinate: str) -> str:
    values = example.coords.get(coordinate)
    return "" if values is None else str(np.asarray(values).item())
