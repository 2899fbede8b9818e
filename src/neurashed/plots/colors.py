"""Colours that people with colour-blindness can tell apart, and how values map to them."""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import to_hex

from neurashed.plots.sampling import sample_examples

__all__ = ["BETWEEN_COLOR", "WITHIN_COLOR", "ColorScale", "choose_color_scale"]

# The blue and the vermilion of Okabe and Ito's palette (2008).
WITHIN_COLOR = "#0072b2"
BETWEEN_COLOR = "#d55e00"

_SEQUENTIAL = "cividis"
_DIVERGING = "PuOr_r"
_PERCENTILES = (1.0, 99.0)


@dataclass(frozen=True)
class ColorScale:
    """How values become colours; values beyond the ends take the colour of the end.

    Attributes:
        name: A matplotlib colour map.
        low: The value at the first colour.
        high: The value at the last colour.
        is_clipped: Whether some values lie beyond the ends.
    """

    name: str
    low: float
    high: float
    is_clipped: bool

    def stops(self, num_stops: int = 17) -> list[tuple[float, str]]:
        """Return evenly spaced positions in [0, 1] with their colours as ``#rrggbb``."""
        colors = mpl.colormaps[self.name]
        at = np.linspace(0.0, 1.0, num_stops)
        return [(float(one), to_hex(colors(one))) for one in at]


def choose_color_scale(result: xr.DataArray) -> ColorScale:
    """Choose colours for the values of a result.

    Values of one sign run through one scale from light to dark. Values of both signs get two hues
    that meet at zero. The ends are the 1st and 99th percentiles, so that a few very large
    responses do not hide all others. Undefined values are left out. Of a result of more than 2²⁴
    pairs some examples are looked at, see `sample_examples`.

    Args:
        result: Values with any dimensions.

    Returns:
        The scale.

    Example:
        >>> choose_color_scale(xr.DataArray([-1.0, 0.0, 2.0])).name
        'PuOr_r'
    """
    values = sample_examples(result).values
    values = values[np.isfinite(values)].astype(float)
    if not values.size:
        return ColorScale(_SEQUENTIAL, 0.0, 1.0, is_clipped=False)
    low, high = np.percentile(values, _PERCENTILES).tolist()
    if low < 0 < high:
        reach = max(-low, high)
        name, low, high = _DIVERGING, -reach, reach
    else:
        name = _SEQUENTIAL
    if low == high:
        low, high = low - 0.5, high + 0.5
    is_clipped = bool(values.min() < low or values.max() > high)
    return ColorScale(name, low, high, is_clipped)
