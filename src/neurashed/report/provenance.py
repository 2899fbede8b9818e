"""Where a result comes from, laid out for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neurashed.report.quantities import write_value

__all__ = ["List", "Section", "describe_provenance", "find_cautions"]

# Sections in their order, with the entries of the provenance that each shows.
_SECTIONS = {
    "Measurement": ("measure", "step", "loss", "readout", "update", "divergence", "exact"),
    "Parameters covered": ("coverage",),
    "Precision": ("dtype", "device", "resolution", "undefined", "storage", "sketch"),
    "Method": ("method", "tiles"),
    "Data and versions": ("data", "versions", "created"),
}


@dataclass(frozen=True)
class List:
    """Things of one kind, such as the layers of a plan, one a row.

    Attributes:
        title: What they are.
        columns: What is said of each.
        rows: The cells as text.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """One block of the provenance.

    Attributes:
        title: Its heading.
        rows: Names with values, nested names joined by a dot.
        lists: What has several entries of one form.
    """

    title: str
    rows: list[tuple[str, str]]
    lists: list[List]


def describe_provenance(result: xr.DataArray) -> list[Section]:
    """Return everything that the provenance of a result holds, in readable sections."""
    provenance: Mapping[str, Any] = result.attrs.get("provenance", {})
    known = {key for keys in _SECTIONS.values() for key in keys}
    sections = {
        title: {key: provenance[key] for key in keys if key in provenance}
        for title, keys in _SECTIONS.items()
    }
    sections["Further"] = {key: value for key, value in provenance.items() if key not in known}
    return [_lay_out(title, _unwrap(entries)) for title, entries in sections.items() if entries]


def find_cautions(result: xr.DataArray, *, is_read: bool = True) -> list[str]:
    """Return what a reader must know before trusting the numbers.

    These are undefined values, parameters that were not covered, and warnings of the measurement.

    Args:
        result: A result.
        is_read: Whether its values are counted; if not, what was counted when it was measured.

    Returns:
        Sentences.
    """
    provenance: Mapping[str, Any] = result.attrs.get("provenance", {})
    num_undefined = (
        int(np.count_nonzero(~np.isfinite(result.values)))
        if is_read
        else provenance.get("undefined", {}).get("count", 0)
    )
    cautions = []
    if num_undefined:
        share = num_undefined / result.size
        cautions.append(
            f"{num_undefined:,} of {result.size:,} values ({share:.2%}) are undefined: the "
            "source's own response is zero, so there is nothing to divide by. They are left out of "
            "summaries."
        )
    coverage = provenance.get("coverage", {})
    if coverage.get("covered") != coverage.get("total"):
        statement = coverage.get("statement") or f"{coverage['covered']} of {coverage['total']}"
        cautions.append(f"Not all parameters were covered: {statement}.")
    resolution = provenance.get("resolution", {})
    cautions += [str(resolution[key]) for key in ("warning", "message") if resolution.get(key)]
    cautions += [str(one) for one in provenance.get("warnings", [])]
    return cautions


def _unwrap(entries: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a lone entry holds: its title names it well enough."""
    only = next(iter(entries.values()))
    return only if len(entries) == 1 and isinstance(only, Mapping) else entries


def _lay_out(title: str, entries: Mapping[str, Any]) -> Section:
    flat = _flatten(entries)
    rows = [(name, write_value(name, value)) for name, value in flat if not _is_list(value)]
    lists = [_tabulate(name, value) for name, value in flat if _is_list(value)]
    return Section(title, rows, lists)


def _flatten(entries: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows = []
    for key, value in entries.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            rows += _flatten(value, prefix=f"{name}.")
        elif value is not None and value != []:
            rows.append((name, value))
    return rows


def _is_list(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is a list of things that each have several entries."""
    return isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)


def _tabulate(title: str, things: Sequence[Mapping[str, Any]]) -> List:
    # In the order in which they first occur: not everything is said of each.
    keys = list(dict.fromkeys(key for thing in things for key in thing))
    return List(
        title=title.rpartition(".")[2],
        columns=[key.replace("_", " ") for key in keys],
        rows=[
            [write_value(key, thing[key]) if key in thing else "" for key in keys]
            for thing in things
        ],
    )
