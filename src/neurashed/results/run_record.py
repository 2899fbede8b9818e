"""What ``run.json`` says about a run, read and checked."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurashed.errors import StoreError
from neurashed.results.atomic import write_json

__all__ = ["RUN_FILE", "RUN_VERSION", "RunRecord", "read_record", "write_record"]

RUN_FILE = "run.json"
RUN_VERSION = 1


@dataclass(frozen=True)
class RunRecord:
    """Everything ``run.json`` holds.

    Attributes:
        settings: What the run was asked to do; enough to repeat it.
        seeds: Seeds by purpose.
        data: Checksums of the examples by name.
        results: Store of each result relative to the run folder, by name; the main one is first.
        finished: Whether the run came to its end.
        created: When the run began, in UTC.
        versions: Versions of Python and packages.
        machine: System, processor and cores.
        commit: Commit of the working directory, or None.
    """

    settings: dict[str, Any]
    seeds: dict[str, int] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    finished: bool = False
    created: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    commit: dict[str, Any] | None = None

    def list_changes(self, other: "RunRecord") -> list[str]:
        """Return the names of the settings, seeds and data that differ between two runs."""
        return sorted({
            name
            for ours, theirs in (
                (self.settings, other.settings),
                (self.seeds, other.seeds),
                (self.data, other.data),
            )
            for name in {*ours, *theirs}
            if ours.get(name) != theirs.get(name)
        })


def write_record(folder: Path, record: RunRecord) -> None:
    """Write ``run.json`` so that a reader meets the old one or the new one, never half of one."""
    write_json(folder / RUN_FILE, {"run_version": RUN_VERSION, **vars(record)})


def read_record(folder: Path) -> RunRecord:
    """Read ``run.json``.

    Args:
        folder: A run folder.

    Returns:
        What it says.

    Raises:
        StoreError: If it is missing, unreadable, or written by a newer version.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        message = f"{folder} is no run folder: it has no {RUN_FILE}; give the --out of a run"
        raise StoreError(message)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = int(content.pop("run_version"))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        message = f"{path} cannot be read ({error}); copy the run folder again, or run again"
        raise StoreError(message) from error
    if version > RUN_VERSION:
        message = (
            f"{path} has version {version} and this version of Neurashed reads up to "
            f"{RUN_VERSION}; install a newer Neurashed"
        )
        raise StoreError(message)
    try:
        return RunRecord(**content)
    except TypeError as error:
        message = f"{path} is not as Neurashed writes it ({error}); run again"
        raise StoreError(message) from error
