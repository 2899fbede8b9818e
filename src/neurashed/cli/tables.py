"""Tables of strengths and classes for the terminal."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurashed.experiments import Neighbors
from neurashed.results import Strength

__all__ = [
    "describe_strength",
    "draw_neighbors",
    "tabulate_classes",
    "tabulate_strengths",
]

_MAX_CLASSES = 12
_HALF_BLOCKS = np.array([[" ", "▄"], ["▀", "█"]])


def describe_strength(strength: Strength) -> str:
    """Return a strength with its 95 % interval, such as ``0.612 [0.605, 0.620]``."""
    return f"{strength.value:.3f} [{strength.low:.3f}, {strength.high:.3f}]"


def tabulate_strengths(
    title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Strength]]
) -> Table:
    """Return a table with a strength and its interval in each cell.

    Args:
        title: What it shows.
        columns: What each strength of a row is.
        rows: Strengths by what they belong to.

    Returns:
        The table.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for name, strengths in rows.items():
        table.add_row(name, *map(describe_strength, strengths))
    return table


def tabulate_classes(title: str, classes: xr.Dataset) -> RenderableType:
    """Return a class-to-class table, the largest value of each row in bold.

    Args:
        title: What it shows.
        classes: ``value`` by ``source_class`` and ``probe_class``.

    Returns:
        The table of the first dozen classes, and how many more there are.
    """
    value = classes["value"].transpose("source_class", "probe_class")
    names = value["probe_class"].to_numpy()[:_MAX_CLASSES]
    table = Table(title=title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0))
    table.add_column("step on", justify="right")
    for name in names:
        table.add_column(str(name), justify="right")
    for source_class, row in zip(
        value["source_class"].to_numpy()[:_MAX_CLASSES], value.to_numpy(), strict=False
    ):
        table.add_row(str(source_class), *_write_row(row[:_MAX_CLASSES]))
    num_hidden = max(value.sizes.values()) - _MAX_CLASSES
    if num_hidden <= 0:
        return table
    return Group(table, Text(f"and {num_hidden} more classes: see the report"))


def _write_row(row: np.ndarray) -> list[Text]:
    largest = np.nanmax(row, initial=-np.inf)
    return [
        Text("-" if np.isnan(one) else f"{one:.2f}", style="bold" if one == largest else "")
        for one in row
    ]


def draw_neighbors(source: np.ndarray, rows: Mapping[str, Neighbors]) -> Table:
    """Return small pictures of a source and of its neighbors, with label and value under each.

    Args:
        source: Picture of the source ``(row, column)``, uint8.
        rows: The neighbors by what chose them.

    Returns:
        The table.
    """
    table = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
    for name, neighbors in rows.items():
        table.add_row(
            Text(f"{name}\n", style="bold"),
            Text(_draw(source)),
            "→",
            *(Text(_draw(each)) for each in neighbors.thumbnails),
        )
        captions = zip(neighbors.labels, neighbors.values, strict=True)
        table.add_row("", "", "", *(f"{label}  {value:.3g}" for label, value in captions))
    return table


def _draw(picture: np.ndarray) -> str:
    ink = (picture > 127).astype(int)
    ink = np.pad(ink, ((0, len(ink) % 2), (0, 0)))
    letters = _HALF_BLOCKS[ink[::2], ink[1::2]]
    return "\n".join("".join(line) for line in letters)
