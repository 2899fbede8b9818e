"""The figure of the experiment: each pair of manifolds, and elasticity over distance on it."""

from pathlib import Path

import matplotlib as mpl
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from neurashed.experiments.he_su_2020.manifolds.findings import (
    ManifoldFinding,
    find_in_manifolds,
)
from neurashed.experiments.he_su_2020.manifolds.measurement import draw_sample
from neurashed.experiments.he_su_2020.manifolds.settings import (
    NETWORKS,
    ManifoldSettings,
)
from neurashed.experiments.recorded_settings import read_settings
from neurashed.plots import plot_distance_scatter, plot_points
from neurashed.results import RunFolder

__all__ = ["draw_manifolds"]

_COLUMNS = [
    (measure, network) for measure in ("relative", "kernel_distance") for network in NETWORKS
]
# Elevation and azimuth from which a pair is told apart best.
_VIEWS = {"torus": (50, -60), "folded_boxes": (75, -75)}
_NAMES = {"relative": "relative elasticity", "kernel_distance": "kernel distance"}


def draw_manifolds(run: RunFolder, path: Path) -> Path:
    """Draw the first sample of every pair of manifolds, with the correlations over all seeds.

    Args:
        run: The run.
        path: The picture, a PNG file.

    Returns:
        The path.
    """
    settings = read_settings(ManifoldSettings, run)
    findings = {(f.manifold, f.measure, f.network): f for f in find_in_manifolds(run)}
    num_rows = len(settings.manifolds)
    with mpl.rc_context({"font.size": 8}):
        figure = Figure(figsize=(13, 2.7 * num_rows + 0.4), layout="constrained")
        FigureCanvasAgg(figure)
        for row, manifold in enumerate(settings.manifolds):
            _draw_sample(figure, (num_rows, row), manifold, settings)
            for column, (measure, network) in enumerate(_COLUMNS, start=2):
                ax = figure.add_subplot(num_rows, 5, 5 * row + column)
                result = run.result(f"{manifold}_{network}").isel(seed=0).load()
                values = result if measure == "relative" else result["kernel_distance"]
                plot_distance_scatter(values, ax=ax)
                _caption(ax, findings[manifold, measure, network], is_last=row == num_rows - 1)
        figure.savefig(path, dpi=100)
    return path


def _draw_sample(
    figure: Figure, place: tuple[int, int], manifold: str, settings: ManifoldSettings
) -> None:
    num_rows, row = place
    examples = draw_sample(manifold, settings.seeds[0], settings).examples
    points = xr.DataArray(
        examples.inputs,
        dims=("example", "coordinate"),
        coords={"label": ("example", examples.labels)},
    )
    projection = "3d" if points.shape[1] == 3 else None
    ax = figure.add_subplot(num_rows, 5, 5 * row + 1, projection=projection)
    plot_points(points, ax=ax)
    if isinstance(ax, Axes3D):
        ax.view_init(*_VIEWS.get(manifold, (20, -60)))
        # Ticks in perspective cannot be read at this size.
        ax.set(xticklabels=[], yticklabels=[], zticklabels=[])
    ax.set_title(manifold.replace("_", " "), fontsize=11, fontweight="bold")
    if row == 0:
        ax.legend(loc="upper left", bbox_to_anchor=(-0.1, 1.0), fontsize=7)


def _caption(ax: Axes, finding: ManifoldFinding, *, is_last: bool) -> None:
    pearson, spearman = finding.pearson, finding.spearman
    ax.set_title(
        f"{finding.network}, {finding.accuracy.mean:.0%} right\n"
        f"Pearson {pearson.mean:.3f} [{pearson.low:.3f}, {pearson.high:.3f}]\n"
        f"Spearman {spearman.mean:.3f}",
        fontsize=8,
    )
    ax.set_ylabel(_NAMES[finding.measure])
    if not is_last:
        ax.set_xlabel("")
