"""The repetition of a run from what its ``run.json`` says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from neurashed.errors import StoreError
from neurashed.experiments.clustering import ClusterSettings, run_clustering
from neurashed.experiments.demo import DemoSettings, run_demo
from neurashed.experiments.he_su_2020 import PretrainedSettings, run_pretrained
from neurashed.experiments.he_su_2020.manifolds import ManifoldSettings, run_manifolds
from neurashed.experiments.measurement import MeasureSettings, run_measurement
from neurashed.results import RunFolder

__all__ = ["Comparison", "Replay", "replay_run"]

_COMMANDS: dict[str, tuple[type, Callable[..., RunFolder]]] = {
    "cluster": (ClusterSettings, run_clustering),
    "demo": (DemoSettings, run_demo),
    "measure": (MeasureSettings, run_measurement),
    "reproduce he-su-2020 manifolds": (ManifoldSettings, run_manifolds),
    "reproduce he-su-2020 pretrained": (PretrainedSettings, run_pretrained),
}


@dataclass(frozen=True)
class Comparison:
    """How a result differs from the one it repeats.

    Attributes:
        is_identical: Whether both have the same numbers, bit for bit.
        largest_difference: Largest absolute difference of two values, in the result's units; NaN
            if different pairs are undefined or the examples are not the same.
    """

    is_identical: bool
    largest_difference: float


@dataclass(frozen=True)
class Replay:
    """A repeated run beside the first one.

    Attributes:
        run: The new run.
        comparisons: How each result differs, by name.
        changes: What differs in what went in: data, weights, versions, machine, commit.
    """

    run: RunFolder
    comparisons: dict[str, Comparison]
    changes: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Whether every number is the same, bit for bit."""
        return all(each.is_identical for each in self.comparisons.values())


def replay_run(
    path: Path,
    new_path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> Replay:
    """Repeat a run into another folder and compare the numbers.

    Args:
        path: The folder of a run that came to its end.
        new_path: Where the repetition goes.
        overwrite: Whether to replace a run that is there.
        progress: Shows how far the work has come.

    Returns:
        The new run and the comparison.

    Raises:
        StoreError: If the run did not come to its end, or was not made by one of the commands.
    """
    old = RunFolder.open(path)
    if not old.record.finished:
        message = f"{path} holds a run that did not come to its end; run it again as it was started"
        raise StoreError(message)
    settings, run_again = _read_settings(path, old.record.settings)
    if isinstance(settings, MeasureSettings | PretrainedSettings) and settings.memory is None:
        # Sums are cut by the budget, and another cut rounds the last digit another way.
        settings = replace(settings, memory=str(old.main.attrs["provenance"]["memory"]))
    new = run_again(settings, new_path, overwrite=overwrite, progress=progress)
    comparisons = {
        name: compare_results(old.result(name), new.result(name)) for name in old.record.results
    }
    return Replay(new, comparisons, tuple(_list_changes(old, new)))


def compare_results(old: xr.DataArray, new: xr.DataArray) -> Comparison:
    """Compare the numbers of two results, their ids and self-responses included.

    Args:
        old: The result to be repeated.
        new: The repetition.

    Returns:
        Whether they are the same, and how far apart.
    """
    if not all(_has_same_ids(old, new, axis) for axis in ("source", "probe")):
        return Comparison(is_identical=False, largest_difference=np.nan)
    pairs = [(old.to_numpy(), new.to_numpy())]
    if "self_response" in old.coords:
        pairs.append((old["self_response"].to_numpy(), new["self_response"].to_numpy()))
    is_identical = all(_has_same_bits(*pair) for pair in pairs)
    return Comparison(is_identical, _largest_difference(*pairs[0]))


def _has_same_ids(old: xr.DataArray, new: xr.DataArray, axis: str) -> bool:
    return np.array_equal(old[axis].to_numpy(), new[axis].to_numpy())


def _has_same_bits(old: np.ndarray, new: np.ndarray) -> bool:
    # NaN stands for undefined here; which of the many NaNs it is says nothing.
    return old.dtype == new.dtype and np.array_equal(old, new, equal_nan=True)


def _largest_difference(old: np.ndarray, new: np.ndarray) -> float:
    if not np.array_equal(np.isnan(old), np.isnan(new)):
        return np.nan
    return float(np.nanmax(np.abs(old - new), initial=0.0))


def _read_settings(path: Path, recorded: dict[str, Any]) -> tuple[Any, Callable[..., RunFolder]]:
    values = dict(recorded)
    command = values.pop("command", None)
    if command not in _COMMANDS:
        message = (
            f"{path} was made by {command!r} and can be read but not repeated; "
            f"runs of {', '.join(_COMMANDS)} can"
        )
        raise StoreError(message)
    settings_type, run_again = _COMMANDS[command]
    values = {key: tuple(each) if isinstance(each, list) else each for key, each in values.items()}
    try:
        return settings_type(**values), run_again
    except TypeError as error:
        message = f"the settings in {path} do not fit this version of Neurashed: {error}"
        raise StoreError(message) from error


def _list_changes(old: RunFolder, new: RunFolder) -> list[str]:
    changes = []
    for what in ("data", "versions", "machine", "commit"):
        before, after = getattr(old.record, what) or {}, getattr(new.record, what) or {}
        changes += [
            f"{what}, {key}: {before.get(key)} then, {after.get(key)} now"
            for key in sorted({*before, *after})
            if before.get(key) != after.get(key)
        ]
    return changes
