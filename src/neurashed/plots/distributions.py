"""A picture of how responses within a class differ from those between classes."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.errors import InputError
from neurashed.plots.colors import BETWEEN_COLOR, WITHIN_COLOR
from neurashed.plots.naming import LabelKind, describe_values
from neurashed.plots.sampling import describe_sample, sample_examples

__all__ = ["PairValues", "plot_distributions", "split_pairs"]

_NUM_BINS = 60
_PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True, eq=False)
class PairValues:
    """The defined values of all pairs of different examples.

    Attributes:
        within: Values of pairs of one class ``(pair,)``.
        between: Values of pairs of two classes ``(pair,)``.
        num_undefined: How many pairs were left out as undefined.
    """

    within: np.ndarray
    between: np.ndarray
    num_undefined: int

    def span(self) -> tuple[float, float]:
        """Return the range that shows both kinds, less half a per cent of each at either end.

        Returns:
            Two different numbers, 0 and 1 if there are no pairs.
        """
        kinds = [values for values in (self.within, self.between) if values.size]
        if not kinds:
            return 0.0, 1.0
        ends = [np.percentile(values.astype(float), _PERCENTILES) for values in kinds]
        low, high = float(np.min(ends)), float(np.max(ends))
        return (low, high) if low < high else (low - 0.5, high + 0.5)


def split_pairs(result: xr.DataArray, *, labels: LabelKind = "label") -> PairValues:
    """Sort the values of a result into pairs within a class and between classes.

    Pairs of an example with itself are left out. Of a result of more than 2²⁴ pairs some examples
    are taken, see `sample_examples`.

    Args:
        result: Values ``(source, probe)`` with labels on both axes.
        labels: Which labels say what a class is.

    Returns:
        The values of both kinds.

    Raises:
        InputError: If the result has no such labels.

    Example:
        >>> names = np.array(["a", "a", "b"])
        >>> result = xr.DataArray(np.arange(9.0).reshape(3, 3), dims=("source", "probe"), coords={
        ...     "source": [0, 1, 2], "probe": [0, 1, 2],
        ...     "source_label": ("source", names), "probe_label": ("probe", names)})
        >>> split_pairs(result).within.tolist()
        [1.0, 3.0]
    """
    for axis in ("source", "probe"):
        if f"{axis}_{labels}" not in result.coords:
            message = f"the result has no {axis}_{labels}; give {labels}s when measuring"
            raise InputError(message)
    result = sample_examples(result)
    values = result.transpose("source", "probe").values
    is_same = result[f"source_{labels}"].values[:, None] == result[f"probe_{labels}"].values
    is_other = result["source"].values[:, None] != result["probe"].values
    is_defined = np.isfinite(values)
    return PairValues(
        within=values[is_same & is_other & is_defined],
        between=values[~is_same & is_other & is_defined],
        num_undefined=int(np.count_nonzero(is_other & ~is_defined)),
    )


def plot_distributions(
    result: xr.DataArray,
    *,
    labels: LabelKind = "label",
    ax: Axes | None = None,
) -> Axes:
    """Draw the distributions of values within and between classes, one over the other.

    The two are told apart by fill and line as well as by colour; a vertical line marks each
    median. The half per cent of each kind at either end counts in the outermost bins.

    Args:
        result: Values ``(source, probe)`` with labels on both axes.
        labels: Which labels say what a class is.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on.
    """
    drawn = sample_examples(result)
    pairs = split_pairs(drawn, labels=labels)
    ax = ax or plt.subplots(figsize=(7.0, 3.6), layout="constrained")[1]
    if pairs.within.size or pairs.between.size:
        edges = np.linspace(*pairs.span(), _NUM_BINS + 1)
        _draw(ax, pairs.within, edges, name="within a class", color=WITHIN_COLOR, is_filled=True)
        _draw(
            ax, pairs.between, edges, name="between classes", color=BETWEEN_COLOR, is_filled=False
        )
        ax.legend(frameon=False)
    title = "Responses within and between classes"
    if pairs.num_undefined:
        title += f" ({pairs.num_undefined:,} undefined left out)"
    title += describe_sample(result, drawn)
    ax.set(xlabel=describe_values(result), ylabel="share of pairs (%)", title=title)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _draw(
    ax: Axes, values: np.ndarray, edges: np.ndarray, *, name: str, color: str, is_filled: bool
) -> None:
    if not values.size:
        return
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    median = float(np.median(values))
    line = "-" if is_filled else "--"
    ax.stairs(
        100.0 * counts / values.size,
        edges,
        fill=False,
        color=color,
        linestyle=line,
        linewidth=1.5,
        label=f"{name}: median {median:.3g}, {values.size:,} pairs",
    )
    if is_filled:
        ax.stairs(100.0 * counts / values.size, edges, fill=True, color=color, alpha=0.25)
    ax.axvline(median, color=color, linestyle=line, linewidth=1.0)
