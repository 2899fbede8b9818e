"""A picture of elasticity strengths with their intervals."""

import math
from collections.abc import Mapping

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from neurashed.errors import InputError
from neurashed.plots.colors import WITHIN_COLOR
from neurashed.results import Strength

__all__ = ["plot_strengths"]


def plot_strengths(strengths: Mapping[str, Strength], *, ax: Axes | None = None) -> Axes:
    """Draw several strengths below each other, each a point with its interval.

    A dotted line at one half marks responses that know nothing of the classes.

    Args:
        strengths: Strengths by the name of their result, drawn from top to bottom.
        ax: Where to draw; a new figure if not given.

    Returns:
        The axes drawn on.

    Raises:
        InputError: If there is no strength to draw.
    """
    if not strengths:
        message = "strengths is empty; give at least one strength by the name of its result"
        raise InputError(message)
    height = 1.2 + 0.45 * len(strengths)
    ax = ax or plt.subplots(figsize=(7.0, height), layout="constrained")[1]
    for row, strength in enumerate(strengths.values()):
        ax.plot([strength.low, strength.high], [row, row], color=WITHIN_COLOR, linewidth=2.0)
        ax.plot(strength.value, row, marker="o", color=WITHIN_COLOR, markersize=7)
        ax.annotate(
            _write(strength),
            (strength.value, row),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    ax.axvline(0.5, color="0.4", linestyle=":", linewidth=1.0)
    ax.set_yticks(range(len(strengths)), list(strengths), parse_math=False)
    ax.set(
        ylim=(len(strengths) - 0.4, -0.7),
        xlabel="elasticity strength, within / (within + between)",
        title="Is the network locally elastic?",
    )
    ax.margins(x=0.15)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _write(strength: Strength) -> str:
    if not math.isfinite(strength.low):
        return f"{strength.value:.3f}"
    return f"{strength.value:.3f} [{strength.low:.3f}, {strength.high:.3f}]"
