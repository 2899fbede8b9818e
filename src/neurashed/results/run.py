"""A run folder: what was asked, where and with what it ran, and the results."""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import xarray as xr

from neurashed.errors import InputError, StoreError
from neurashed.results.atomic import remove_partials
from neurashed.results.jsonable import to_jsonable
from neurashed.results.manifest import Verify
from neurashed.results.provenance import collect_provenance
from neurashed.results.run_record import RUN_FILE, RunRecord, read_record, write_record
from neurashed.results.store import open_store, save_result
from neurashed.results.tiled.journal import check_idle

__all__ = ["RunFolder"]

_RESULTS = "results"


@final
class RunFolder:
    """A folder with ``run.json`` and the results of one run under ``results/``.

    Make one with `RunFolder.create` or `RunFolder.open`. ``run.json`` is rewritten whole after
    each result, so a killed run keeps what it had finished.

    Attributes:
        path: The folder.
        record: What ``run.json`` says.
    """

    def __init__(self, path: Path, record: RunRecord) -> None:
        """Hold a path and its record; touches no file."""
        self.path = path
        self.record = record

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        settings: Any,  # noqa: ANN401
        seeds: Mapping[str, int] | None = None,
        data: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        repeats: bool = False,
    ) -> "RunFolder":
        """Begin a run, or go on with one that was killed.

        A run that did not come to its end and was asked the same (settings, seeds and data) is
        resumed: `finished` lists what need not be computed again.

        Args:
            path: An empty or new folder, or one that holds a run.
            settings: What the run was asked to do: a dataclass or a dict that JSON can hold.
            seeds: Seeds by purpose.
            data: Checksums of the examples by name.
            overwrite: Whether to replace a run that is there; other files are left alone.
            repeats: Whether a finished run that was asked the same, of the same versions, is
                returned as it is.

        Returns:
            The folder, with ``run.json`` written.

        Raises:
            StoreError: If another or a finished run is there and may not be replaced, if the
                folder holds anything else, or if it cannot be written.
        """
        folder = Path(path)
        record = _begin_record(settings, seeds or {}, data or {})
        try:
            if (folder / RUN_FILE).exists():
                found = read_record(folder)
                check_idle(folder / _RESULTS)
                if not overwrite:
                    _check_resumable(folder, found, record, repeats=repeats)
                    remove_partials(folder / _RESULTS)
                    return cls(folder, found)
                shutil.rmtree(folder / _RESULTS, ignore_errors=True)
            else:
                _check_empty(folder)
            (folder / _RESULTS).mkdir(parents=True, exist_ok=True)
            write_record(folder, record)
        except OSError as error:
            message = f"cannot write {folder}: {error}; choose a folder that can be written"
            raise StoreError(message) from error
        return cls(folder, record)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "RunFolder":
        """Open a run folder that is there.

        Args:
            path: The folder.

        Returns:
            The folder; results are opened when they are asked for.
        """
        return cls(Path(path), read_record(Path(path)))

    def add_result(self, name: str, array: xr.DataArray) -> Path:
        """Save a result and list it in ``run.json``; the first one added is the main result.

        Args:
            name: A file name without extension, such as ``"relative"``.
            array: The result.

        Returns:
            The path of its store.

        Raises:
            InputError: If the name cannot be a file name.
        """
        if not re.fullmatch(r"[\w][\w.\- ]*", name):
            message = f"the result's name is {name!r}; use letters, digits, '-', '_', '.' or spaces"
            raise InputError(message)
        store = f"{_RESULTS}/{name}.zarr"
        if name not in self.record.results or not self._is_whole(name):
            shutil.rmtree(self.path / store, ignore_errors=True)
        path = save_result(array, self.path / store, overwrite=True)
        self._rewrite(replace(self.record, results={**self.record.results, name: store}))
        return path

    def list_result(self, name: str) -> None:
        """List a result that was written to its place under ``results/`` by other means.

        Args:
            name: Its name; its store is ``results/<name>.zarr``.
        """
        store = f"{_RESULTS}/{name}.zarr"
        open_store(self.path / store, "sizes")
        self._rewrite(replace(self.record, results={**self.record.results, name: store}))

    @property
    def top_probes_path(self) -> Path:
        """Where the strongest probes of each source lie, if they were kept."""
        return self.path / _RESULTS / "top_probes.zarr"

    @property
    def class_table_path(self) -> Path:
        """Where the class table over all pairs lies, if it was kept."""
        return self.path / _RESULTS / "class_table.json"

    def finish(self) -> None:
        """Mark the run as finished; from then on it is not resumed and not replaced unasked."""
        self._rewrite(replace(self.record, finished=True))

    @property
    def finished(self) -> tuple[str, ...]:
        """Names of the results that are there and whole, the main one first."""
        return tuple(name for name in self.record.results if self._is_whole(name))

    def result(self, name: str, *, verify: Verify = "checksums") -> xr.DataArray:
        """Open a result lazily.

        Args:
            name: Its name.
            verify: How carefully its files are checked, see `open_result`.

        Returns:
            The result.

        Raises:
            StoreError: If the run has no result of this name.
        """
        if name not in self.record.results:
            message = f"{self.path} has no result {name!r}; it has {list(self.record.results)}"
            raise StoreError(message)
        return open_store(self.path / self.record.results[name], verify)

    @property
    def main_name(self) -> str:
        """Name of the main result, the one that was added first.

        Raises:
            StoreError: If the run has no result yet.
        """
        if not self.record.results:
            message = f"{self.path} holds a run without results; let it finish, or run it again"
            raise StoreError(message)
        return next(iter(self.record.results))

    @property
    def main(self) -> xr.DataArray:
        """The main result, opened lazily."""
        return self.result(self.main_name)

    def _rewrite(self, record: RunRecord) -> None:
        write_record(self.path, record)
        self.record = record

    def _is_whole(self, name: str) -> bool:
        try:
            self.result(name)
        except StoreError:
            return False
        return True


def _begin_record(settings: object, seeds: object, data: object) -> RunRecord:
    return RunRecord(
        settings=to_jsonable(settings, "settings"),
        seeds=to_jsonable(seeds, "seeds"),
        data=to_jsonable(data, "data"),
        **collect_provenance(),
    )


def _check_resumable(folder: Path, found: RunRecord, wanted: RunRecord, *, repeats: bool) -> None:
    changes = found.list_changes(wanted)
    if found.finished and repeats and found.versions != wanted.versions:
        changes = [*changes, "versions"]
    if found.finished and (changes or not repeats):
        what = f" with other {', '.join(changes)}" if repeats else ""
        message = (
            f"{folder} holds a finished run{what}; choose another folder or overwrite it "
            "(overwrite=True, --overwrite)"
        )
        raise StoreError(message)
    if changes:
        message = (
            f"{folder} holds an unfinished run with other settings, seeds or data "
            f"({', '.join(changes)}); choose another folder or overwrite it "
            "(overwrite=True, --overwrite)"
        )
        raise StoreError(message)


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is no run folder and not empty; choose a new or empty folder"
        raise StoreError(message)
