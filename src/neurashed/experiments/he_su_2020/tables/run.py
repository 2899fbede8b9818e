"""The run: units that are missing are made, and the tables are written from all that are there."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neurashed.data import CoarseTask
from neurashed.experiments.he_su_2020.tables.findings import write_tables
from neurashed.experiments.he_su_2020.tables.settings import TableSelection, TableSettings
from neurashed.experiments.he_su_2020.tables.tasks import TableTask, load_task
from neurashed.experiments.he_su_2020.tables.units import (
    Unit,
    checksums_of,
    list_made_units,
    list_units,
    make_unit,
    units_of,
)
from neurashed.experiments.recorded_settings import read_settings
from neurashed.experiments.whole_files import write_whole
from neurashed.experiments.workplace import working_in
from neurashed.results import RunFolder

__all__ = ["repeat_tables", "run_tables"]


def run_tables(
    settings: TableSettings,
    selection: TableSelection,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Make a part of the tables, or what is missing of it, in a run folder.

    The folder is never marked as finished: tasks, approaches and seeds can be added at any time, by
    several processes at once. Every unit is a function of settings, images and seed alone, so the
    order in which they are made, and where a run was killed, change nothing.

    Args:
        settings: How every cell is made; one folder holds cells of the same settings.
        selection: Which part.
        path: The run folder, new or empty, or one that holds other parts.
        overwrite: Whether to replace what is there.
        progress: Shows how far the work has come.

    Returns:
        The run folder, with ``tables.csv`` and ``tables.md`` made of all units in it.
    """
    units = list_units(selection)
    return _make_units(units, settings, path, overwrite=overwrite, progress=progress)


def repeat_tables(
    run: RunFolder,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[..., Any] | None = None,
) -> RunFolder:
    """Make the part of the tables that a run holds again, in another folder.

    Args:
        run: The run.
        path: The new run folder, new or empty.
        overwrite: Whether to replace what is there.
        progress: Shows how far the work has come.

    Returns:
        The new run folder.
    """
    settings, units = read_settings(TableSettings, run), list_made_units(run)
    return _make_units(units, settings, path, overwrite=overwrite, progress=progress)


def _make_units(
    units: list[Unit],
    settings: TableSettings,
    path: Path,
    *,
    overwrite: bool,
    progress: Callable[..., Any] | None,
) -> RunFolder:
    run = RunFolder.create(
        path,
        settings={"command": "reproduce he-su-2020 tables", **asdict(settings)},
        overwrite=overwrite,
    )
    folder = units_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    loaded: dict[tuple[TableTask, str, str], CoarseTask] = {}
    for unit in progress(units, description="Tables") if progress else units:
        place = (unit.task, unit.spec, unit.folder)
        if place not in loaded:
            with working_in(unit.folder):
                loaded[place] = load_task(unit.task, unit.spec, settings)
        coarse = loaded[place]
        if not unit.is_made(folder, checksums_of(coarse)):
            record = make_unit(unit, coarse, settings)
            write_whole(folder / unit.file, json.dumps(record, indent=2, allow_nan=False) + "\n")
    write_tables(run)
    return run
