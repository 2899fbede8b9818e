"""Where a job works: its journal while it runs, and then what it made, which says who made it."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from glob import escape
from pathlib import Path
from typing import Any

from neurashed.errors import StoreError
from neurashed.results.jsonable import to_jsonable
from neurashed.results.stamp import read_stamp

__all__ = [
    "JOB_FILE",
    "check_free",
    "check_nothing",
    "is_made",
    "journal_of",
    "list_changes",
    "read_job",
    "remove_leftovers",
]

JOB_FILE = "job.json"
_REMEDY = "choose another path or overwrite it (overwrite=True)"


def journal_of(target: Path) -> Path:
    """Return the folder of the journal of a job: beside what it makes, until that is whole."""
    return target.with_name(f"{target.name}.growing")


def read_job(place: Path) -> dict[str, Any] | None:
    """Return what was asked of the job that made something, or None if nothing says so.

    Args:
        place: A store, or the file of a class table.

    Returns:
        ``identity`` and ``notes``, see `Journal.begin`.
    """
    try:
        if place.suffix == ".json":
            job = json.loads(place.read_text(encoding="utf-8"))["job"]
        else:
            job = read_stamp(place)["job"]
        return {name: dict(job[name]) for name in ("identity", "notes")}
    except (OSError, ValueError, KeyError, TypeError):  # missing, foreign, or not whole
        return None


def check_free(target: Path, makes: Sequence[Path], *, overwrite: bool = False) -> None:
    """Refuse a place where something is that no job makes or has made, as far as it is known.

    Args:
        target: What the job makes first.
        makes: All that it makes.
        overwrite: Whether to refuse nothing.
    """
    if not (overwrite or (journal_of(target) / JOB_FILE).exists()):
        check_nothing(place for place in makes if read_job(place) is None)


def check_nothing(places: Iterable[Path]) -> None:
    """Refuse, with a `StoreError`, places where something is."""
    for place in places:
        if place.exists():
            message = f"{place} exists already; {_REMEDY}"
            raise StoreError(message)


def is_made(
    target: Path, makes: Sequence[Path], wanted: Sequence[Path], identity: Mapping[str, Any]
) -> bool:
    """Return whether a job has come to its end here that was asked the same.

    Args:
        target: What the job makes first.
        makes: All that such a job may make.
        wanted: What this one makes.
        identity: What makes the job the same job.

    Returns:
        Whether all of it is there; False if nothing is, or the job goes on.

    Raises:
        StoreError: If what is there is of another job; the message says what differs.
    """
    there = [place for place in makes if place.exists()]
    if not there or (journal_of(target) / JOB_FILE).exists():
        return False
    asked = to_jsonable(identity, "job")
    for place in there:
        found = read_job(place) or {"identity": {}}
        if changes := list_changes(found["identity"], asked):
            message = f"{place} exists already, of a job with other {changes}; {_REMEDY}"
            raise StoreError(message)
    for place in wanted:
        if place not in there:
            message = f"{there[0]} exists already, and {place} of the same job does not; {_REMEDY}"
            raise StoreError(message)
    return True


def list_changes(found: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Return the names of what differs between two identities, or nothing."""
    names = sorted({*found, *asked})
    return ", ".join(name for name in names if found.get(name) != asked.get(name))


def remove_leftovers(places: Sequence[Path]) -> None:
    """Remove what killed writers left beside places that nobody else writes to."""
    for place in places:
        for leftover in place.parent.glob(f".{escape(place.name)}.*.partial"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
