"""A picture of how far a step on one class moves the examples of each class."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.errors import InputError
from neurashed.plots.colors import BETWEEN_COLOR, WITHIN_COLOR
from neurashed.plots.naming import LabelKind, describe_values
from neurashed.plots.sampling import describe_sample, sample_examples

__all__ = ["plot_class_histograms"]

_FEWEST_BINS, _MOST_BINS = 10, 40
_PERCENTILES = (0.5, 99.5)
# Room for a line of the legend above the histograms, as a share of their height.
_HEADROOM = 0.11
# Further hues of Okabe and Ito's palette; no two classes have the same line.
_LINES = (
    (BETWEEN_COLOR, "--"),
    ("#009e73", "-."),
    ("#cc79a7", ":"),
    ("#e69f00", (0, (7, 2))),
    ("#56b4e9", (0, (3, 1, 1, 1, 1, 1))),
)
_COLOR_OF_REST = "0.4"


@dataclass(frozen=True, eq=False)
class _Histogram:
    """The defined values of the probes of one class, or of several together."""

    name: str
    values: np.ndarray

    @property
    def median(self) -> float:
        return float(np.median(self.values))


def plot_class_histograms(
    result: xr.DataArray, updated: str, *, labels: LabelKind = "label", ax: Axes | None = None
) -> Axes:
    """Draw how the probes of each class respond to the steps on the sources of one class.

    The class of the sources is filled; the others are lines, each with a colour and a pattern of
    its own, in the order of their medians. Beyond five others the rest is drawn together. A source
    is left out as its own probe, undefined values are left out and counted, and the half per cent
    at either end counts in the outermost bins. A result without such labels or without a source of
    the class is refused with an `InputError`.

    Of a result of more than 2²⁴ pairs some examples are drawn, see `sample_examples`, and the title
    says how many.

    Args:
        result: Values ``(source, probe)`` with labels on both axes.
        updated: The class of the sources.
        labels: Which labels say what a class is.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on.
    """
    drawn = sample_examples(result)
    own, others, num_undefined = _collect(drawn, updated, labels)
    ax = ax or plt.subplots(figsize=(5.0, 3.4), layout="constrained")[1]
    edges = _choose_edges([*own, *others])
    for each in own:
        _draw(ax, each, edges, color=WITHIN_COLOR, line="-")
        shares = _shares(each, edges)
        ax.stairs(shares, edges, fill=True, color=WITHIN_COLOR, alpha=0.25)
    for each, (color, line) in zip(others, _LINES, strict=False):
        _draw(ax, each, edges, color=color, line=line)
    rest = others[len(_LINES) :]
    if rest:
        together = np.concatenate([each.values for each in rest])
        name = f"{len(rest)} other classes"
        _draw(ax, _Histogram(name, together), edges, color=_COLOR_OF_REST, line="-")
    title = f"Updated with {updated}"
    if num_undefined:
        title += f" ({num_undefined:,} undefined left out)"
    title += describe_sample(result, drawn)
    ax.set(xlabel=describe_values(result), ylabel="share of pairs (%)")
    ax.set_title(title, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    if own or others:
        _write_legend(ax)
    return ax


def _collect(
    result: xr.DataArray, updated: str, labels: LabelKind
) -> tuple[list[_Histogram], list[_Histogram], int]:
    """Return the updated class (none if it has no other probe), the others, and lost values."""
    for axis in ("source", "probe"):
        if f"{axis}_{labels}" not in result.coords:
            message = f"the result has no {axis}_{labels}; give {labels}s when measuring"
            raise InputError(message)
    sources = result[f"source_{labels}"].values
    if updated not in sources:
        known = ", ".join(np.unique(sources).tolist())
        message = f"no source is of class {updated!r}; give one of {known}"
        raise InputError(message)
    rows = result.transpose("source", "probe")[sources == updated]
    is_other = rows["source"].values[:, None] != rows["probe"].values
    is_defined = np.isfinite(rows.values)
    probes = result[f"probe_{labels}"].values
    found = [
        _Histogram(name, rows.values[is_other & is_defined & (probes == name)])
        for name in np.unique(probes).tolist()
    ]
    own = [each for each in found if each.name == updated and each.values.size]
    others = [each for each in found if each.name != updated and each.values.size]
    others.sort(key=lambda each: -each.median)
    return own, others, int(np.count_nonzero(is_other & ~is_defined))


def _choose_edges(histograms: list[_Histogram]) -> np.ndarray:
    if not histograms:
        return np.linspace(0.0, 1.0, _FEWEST_BINS + 1)
    ends = [np.percentile(each.values.astype(float), _PERCENTILES) for each in histograms]
    low, high = float(np.min(ends)), float(np.max(ends))
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    largest = max(each.values.size for each in histograms)
    num_bins = int(np.clip(3 * largest ** (1 / 3), _FEWEST_BINS, _MOST_BINS))
    return np.linspace(low, high, num_bins + 1)


def _shares(histogram: _Histogram, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(np.clip(histogram.values, edges[0], edges[-1]), edges)
    return 100.0 * counts / histogram.values.size


def _draw(
    ax: Axes, histogram: _Histogram, edges: np.ndarray, *, color: str, line: str | tuple
) -> None:
    label = f"{histogram.name}: median {histogram.median:.3g}, {histogram.values.size:,} pairs"
    shares = _shares(histogram, edges)
    ax.stairs(shares, edges, fill=False, color=color, linestyle=line, linewidth=1.5, label=label)
    ax.axvline(histogram.median, color=color, linestyle=line, linewidth=1.0)


def _write_legend(ax: Axes) -> None:
    """Name the classes above what is drawn, so that nothing is hidden."""
    texts = ax.legend(frameon=False, fontsize=8, loc="upper left").get_texts()
    for text in texts:
        text.set_parse_math(False)
    height = ax.get_ylim()[1]
    share = 1 / (1 + _HEADROOM * len(texts))
    ax.set_ylim(0, height / share)
    for line in ax.lines:
        line.set_ydata([0, share])
