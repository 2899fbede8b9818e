"""Opening a result by its path, whether a store or a run folder."""

import os
from pathlib import Path

import xarray as xr

from neurashed.results.manifest import Verify
from neurashed.results.run import RunFolder
from neurashed.results.run_record import RUN_FILE
from neurashed.results.store import open_store

__all__ = ["open_result"]


def open_result(path: str | os.PathLike[str], *, verify: Verify = "sizes") -> xr.DataArray:
    """Open a saved result.

    Values are read when they are first used. What is missing, foreign, damaged, or written by a
    newer version is refused with a `StoreError` that says what to do.

    Args:
        path: A ``.zarr`` store, or a run folder, of which the main result is opened.
        verify: ``"sizes"`` checks that every file is there and of its size, ``"checksums"`` also
            that no file has changed.

    Returns:
        The result.
    """
    folder = Path(path)
    if (folder / RUN_FILE).exists():
        run = RunFolder.open(folder)
        return run.result(run.main_name, verify=verify)
    return open_store(folder, verify)
