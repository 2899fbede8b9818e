"""Class tables in the form in which the page shows them: text, interval and colour of each cell."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import to_hex

from neurashed.plots import ColorScale, LabelKind, choose_color_scale
from neurashed.report.summary import STATISTICS, has_labels, usable_statistics
from neurashed.results import class_table
from neurashed.typing import Statistic

__all__ = ["ClassTable", "TableCell", "build_class_tables", "lay_out_tables"]

_LABEL_KINDS: dict[LabelKind, str] = {"label": "class", "fine_label": "finer class"}
# A finer table may have a hundred classes: one statistic of it keeps the page small, and cells
# without room for an interval are not made to wait for one.
_MOST_CLASSES_WITH_ALL_STATISTICS = 20
_MOST_CLASSES_WITH_INTERVALS = 12
_NUM_BOOTSTRAP = 200
_DARK_BELOW = 0.5


@dataclass(frozen=True)
class TableCell:
    """One cell.

    Attributes:
        text: Its value, or ``"undefined"``.
        interval: Its interval, or nothing where there is no room.
        background: Its colour as ``#rrggbb``; empty if undefined.
        is_dark: Whether writing on it must be light.
        note: Value, interval and number of pairs in words.
    """

    text: str
    interval: str
    background: str
    is_dark: bool
    note: str


@dataclass(frozen=True)
class ClassTable:
    """One class-to-class table, ready to be written.

    Attributes:
        labels: Which labels say what a class is.
        statistic: Which statistic stands in the cells.
        caption: What the table shows.
        source_classes: Names of the rows.
        probe_classes: Names of the columns.
        rows: The cells.
    """

    labels: LabelKind
    statistic: Statistic
    caption: str
    source_classes: list[str]
    probe_classes: list[str]
    rows: list[list[TableCell]]


def build_class_tables(result: xr.DataArray, *, is_sample: bool = False) -> list[ClassTable]:
    """Return a table for every statistic and kind of label that a result allows.

    Args:
        result: Values ``(source, probe)``.
        is_sample: Whether they are a sample of a larger result.

    Returns:
        The tables; none without labels.
    """
    tables = []
    for labels in _LABEL_KINDS:
        if not has_labels(result, labels):
            continue
        num_classes = len(np.unique(result[f"source_{labels}"].values))
        statistics = usable_statistics(result)
        if num_classes > _MOST_CLASSES_WITH_ALL_STATISTICS:
            statistics = statistics[:1]
        tables += [
            _lay_out(_summarize(result, labels, statistic), is_sample=is_sample)
            for statistic in statistics
        ]
    return tables


def lay_out_tables(tables: Iterable[xr.Dataset]) -> list[ClassTable]:
    """Return tables over all pairs of a result as the page shows them.

    Args:
        tables: Class tables as `neurashed.results.class_table` gives them.

    Returns:
        The tables.
    """
    return [_lay_out(table, is_sample=False) for table in tables]


def _summarize(result: xr.DataArray, labels: LabelKind, statistic: Statistic) -> xr.Dataset:
    num_classes = max(len(np.unique(result[f"{axis}_{labels}"])) for axis in ("source", "probe"))
    has_intervals = num_classes <= _MOST_CLASSES_WITH_INTERVALS
    return class_table(
        result,
        statistic=statistic,
        labels=labels,
        num_bootstrap=_NUM_BOOTSTRAP if has_intervals else 0,
    )


def _lay_out(table: xr.Dataset, *, is_sample: bool) -> ClassTable:
    labels, statistic = table.attrs["labels"], table.attrs["statistic"]
    columns = [table[name].values.tolist() for name in ("value", "low", "high", "count")]
    look = _choose_look(table["value"])
    pairs = "the pairs of a sample" if is_sample else "all pairs of different examples"
    return ClassTable(
        labels=labels,
        statistic=statistic,
        caption=(
            f"{STATISTICS[statistic].capitalize()} over {pairs}, by "
            f"{_LABEL_KINDS[labels]} of the source (rows) and of the probe (columns)"
        ),
        source_classes=table["source_class"].values.astype(str).tolist(),
        probe_classes=table["probe_class"].values.astype(str).tolist(),
        rows=[
            [_build_cell(*cell, look=look) for cell in zip(*row, strict=True)]
            for row in zip(*columns, strict=True)
        ],
    )


@dataclass(frozen=True)
class _Look:
    """How the cells of one table are written and coloured."""

    scale: ColorScale
    number_format: str


def _choose_look(values: xr.DataArray) -> _Look:
    """Return one look for all cells, with as many decimals as give the largest three digits."""
    largest = float(np.max(np.abs(values.values[np.isfinite(values.values)]), initial=0.0))
    is_plain = 1e-3 <= largest < 1e5
    decimals = max(2 - math.floor(math.log10(largest)), 0) if is_plain else 2
    return _Look(
        scale=choose_color_scale(values),
        number_format=f".{decimals}{'f' if is_plain else 'e'}",
    )


def _build_cell(value: float, low: float, high: float, count: int, *, look: _Look) -> TableCell:
    if not np.isfinite(value):
        note = f"undefined, {count:,} pairs"
        return TableCell("undefined", "", "", is_dark=False, note=note)
    scale = look.scale
    color = mpl.colormaps[scale.name]((value - scale.low) / (scale.high - scale.low))
    brightness = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
    text, *ends = (format(one, look.number_format) for one in (value, low, high))
    interval = " to ".join(ends) if np.isfinite(low + high) else ""
    return TableCell(
        text=text,
        interval=interval,
        background=to_hex(color),
        is_dark=bool(brightness < _DARK_BELOW),
        note=", ".join([f"{value:.4g}", *_name_interval(interval), f"{count:,} pairs"]),
    )


def _name_interval(interval: str) -> list[str]:
    return [f"95 % interval {interval}"] if interval else []
