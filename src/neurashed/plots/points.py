"""A picture of examples as points of a plane or of space."""

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.errors import InputError
from neurashed.plots.colors import BETWEEN_COLOR, WITHIN_COLOR

__all__ = ["plot_points"]

_STYLES = ({"color": WITHIN_COLOR, "marker": "o"}, {"color": BETWEEN_COLOR, "marker": "^"})


def plot_points(points: xr.DataArray, *, ax: Axes | None = None) -> Axes:
    """Draw the points of two classes, told apart by shape as well as by colour.

    Args:
        points: Places ``(example, coordinate)``, two or three numbers each, with the coordinate
            ``label`` of each example.
        ax: Where to draw, with ``projection="3d"`` for three numbers; a new figure if not given.

    Returns:
        The axes drawn on.

    Raises:
        InputError: If the points have other than two or three numbers, or more than two classes.
    """
    labels, num_coordinates = list(dict.fromkeys(points["label"].values)), points.shape[1]
    if num_coordinates not in {2, 3} or len(labels) > len(_STYLES):
        message = (
            f"the points have {num_coordinates} coordinates and {len(labels)} classes; give points "
            "of a plane or of space, of at most two classes"
        )
        raise InputError(message)
    if ax is None:
        projection = {"projection": "3d"} if num_coordinates == 3 else {}
        ax = plt.figure(figsize=(4.5, 4.5), layout="constrained").add_subplot(**projection)
    for label, style in zip(labels, _STYLES, strict=False):
        places = points.values[points["label"].values == label]
        ax.scatter(*places.T, s=9, label=str(label), **style)
    ax.set_aspect("equal" if _is_roundish(points.values) else "auto")
    return ax


def _is_roundish(places: np.ndarray) -> bool:
    # True proportions, unless they flatten the picture into a line.
    extents = np.ptp(places, axis=0)
    return bool(extents.min() > extents.max() / 10)
