"""The repetition of a run from what its ``run.json`` says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from neurashed.errors import StoreError
from neurashed.experiments.clustering import ClusterSettings, run_clustering
from neurashed.experiments.comparison import Comparison, compare_numbers, compare_results
from neurashed.experiments.demo import DemoSettings, run_demo
from neurashed.experiments.he_su_2020 import PretrainedSettings, run_pretrained
from neurashed.experiments.he_su_2020.corrupted_labels import (
    CorruptedLabelsSettings,
    read_seeds,
    run_corrupted_labels,
)
from neurashed.experiments.he_su_2020.manifolds import ManifoldSettings, run_manifolds
from neurashed.experiments.he_su_2020.tables import read_cells, repeat_tables
from neurashed.experiments.he_su_2020.text import TextSettings, read_domains, run_texts
from neurashed.experiments.measurement import MeasureSettings, run_measurement
from neurashed.experiments.recorded_settings import read_settings
from neurashed.results import RunFolder

__all__ = ["Replay", "replay_run"]


@dataclass(frozen=True)
class _Command:
    """How the runs of a command are repeated.

    Attributes:
        repeat: Repeats a run: the first, where the repetition goes, and further options.
        read_records: Returns what a run holds beside its results, by name.
        comes_to_an_end: Whether its runs are marked as finished when they are.
    """

    repeat: Callable[..., RunFolder]
    read_records: Callable[[RunFolder], dict[str, Any]] = lambda _: {}
    comes_to_an_end: bool = True


def _by_settings(settings_type: type, run_again: Callable[..., RunFolder]) -> Callable[..., Any]:
    """Return what repeats a run that is a function of its settings."""

    def repeat(old: RunFolder, path: Path, **options: Any) -> RunFolder:  # noqa: ANN401
        settings = read_settings(settings_type, old)
        if isinstance(settings, MeasureSettings | PretrainedSettings) and settings.memory is None:
            # Sums are cut by the budget, and another cut rounds the last digit another way.
            settings = replace(settings, memory=str(old.main.attrs["provenance"]["memory"]))
        return run_again(settings, path, **options)

    return repeat


_COMMANDS = {
    "cluster": _Command(_by_settings(ClusterSettings, run_clustering)),
    "demo": _Command(_by_settings(DemoSettings, run_demo)),
    "measure": _Command(_by_settings(MeasureSettings, run_measurement)),
    "reproduce he-su-2020 corrupted-labels": _Command(
        _by_settings(CorruptedLabelsSettings, run_corrupted_labels), read_seeds
    ),
    "reproduce he-su-2020 manifolds": _Command(_by_settings(ManifoldSettings, run_manifolds)),
    "reproduce he-su-2020 pretrained": _Command(_by_settings(PretrainedSettings, run_pretrained)),
    "reproduce he-su-2020 tables": _Command(repeat_tables, read_cells, comes_to_an_end=False),
    "reproduce he-su-2020 text": _Command(_by_settings(TextSettings, run_texts), read_domains),
}


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
    command = _find_command(old)
    if command.comes_to_an_end and not old.record.finished:
        message = f"{path} holds a run that did not come to its end; run it again as it was started"
        raise StoreError(message)
    new = command.repeat(old, new_path, overwrite=overwrite, progress=progress)
    comparisons = {
        name: compare_results(old.result(name), new.result(name)) for name in old.record.results
    }
    before, after = command.read_records(old), command.read_records(new)
    comparisons |= {name: compare_numbers(each, after.get(name)) for name, each in before.items()}
    return Replay(new, comparisons, tuple(_list_changes(old, new)))


def _find_command(run: RunFolder) -> _Command:
    name = run.record.settings.get("command")
    if name not in _COMMANDS:
        message = (
            f"{run.path} was made by {name!r} and can be read but not repeated; "
            f"runs of {', '.join(_COMMANDS)} can"
        )
        raise StoreError(message)
    return _COMMANDS[name]


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
