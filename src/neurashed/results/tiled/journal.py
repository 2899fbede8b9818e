"""What of a long job is done: one record a piece, so that a killed job goes on where it was."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import xxhash
from filelock import FileLock, Timeout

from neurashed.errors import StoreError
from neurashed.results.atomic import remove_partials, write_json
from neurashed.results.jsonable import to_jsonable
from neurashed.results.manifest import describe_file, is_changed
from neurashed.results.tiled.places import (
    JOB_FILE,
    check_nothing,
    journal_of,
    list_changes,
    read_job,
    remove_leftovers,
)
from neurashed.results.tiled.writing import explain_write

__all__ = ["Journal", "check_idle", "read_identity"]

_LOCK = "lock"
_DONE = "done"


def check_idle(folder: Path) -> None:
    """Refuse, with a `StoreError`, a folder in which another process runs a job."""
    for path in folder.glob("*.growing"):
        journal = Journal(path.with_name(path.name.removesuffix(".growing")))
        journal.take()
        journal.close()


def read_identity(target: Path, makes: Sequence[Path] = ()) -> dict[str, Any] | None:
    """Return what the job was asked that makes something or made it, or None if none was begun.

    Args:
        target: What the job makes first.
        makes: All that it makes.

    Returns:
        Its identity and its notes in one.
    """
    try:
        found = _read_sealed(journal_of(target) / JOB_FILE)
    except (OSError, ValueError):
        found = next(filter(None, map(read_job, makes)), None)
    return None if found is None else {**found["identity"], **found["notes"]}


@final
class Journal:
    """A folder with a record of each piece that is done, and the arrays that it left.

    A record is written when everything that it speaks of is, and each file appears only when it is
    whole. Whoever began the job holds a lock, which the system lets go of however it ends.

    Attributes:
        target: What the job makes.
        folder: The folder of the journal, beside it.
        job: What was asked when the job was first begun: ``identity`` and ``notes``.
    """

    def __init__(self, target: Path) -> None:
        """Look at a journal; see `begin` for the one who runs the job."""
        self.target = target
        self.folder = folder = journal_of(target)
        self.job: dict[str, Any] = {}
        self._lock = FileLock(folder / _LOCK)

    @classmethod
    def begin(
        cls,
        target: Path,
        identity: Mapping[str, Any],
        notes: Mapping[str, Any] | None = None,
        *,
        makes: Sequence[Path] = (),
        overwrite: bool = False,
    ) -> "Journal":
        """Begin a job, or go on with the same one.

        A `StoreError` says if another process runs the job, if the job that was begun here differs,
        or if nothing can be written.

        Args:
            target: What the job makes.
            identity: What makes the job the same job, as JSON holds it.
            notes: What else is to be read again by who goes on with it.
            makes: All that the job makes, the target and more.
            overwrite: Whether to begin anew where another job was begun or has ended.

        Returns:
            The journal, locked for this process.
        """
        journal = cls(target)
        asked = to_jsonable({"identity": identity, "notes": notes or {}}, "job")
        with explain_write(journal.folder):
            journal.folder.mkdir(parents=True, exist_ok=True)
            journal.take()
            try:
                journal._enter(asked, makes, overwrite=overwrite)
            except BaseException:
                journal.close()
                raise
        return journal

    def take(self) -> None:
        """Keep others from the job.

        Raises:
            StoreError: If another process runs it.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            message = (
                f"{self.target} is being written by another process; wait until it has ended, or "
                "choose another place"
            )
            raise StoreError(message) from error

    def _enter(self, asked: dict[str, Any], makes: Sequence[Path], *, overwrite: bool) -> None:
        """Take up what is there, if it is of the same job."""
        remove_leftovers((self.folder, *makes))
        problem = self._refusal(asked["identity"])
        if problem and not overwrite:
            raise StoreError(problem)
        for each in self.folder.iterdir():
            if each.name not in {_LOCK, JOB_FILE, _DONE} or (problem and each.name != _LOCK):
                _remove(each)
        (self.folder / _DONE).mkdir(exist_ok=True)
        remove_partials(self.folder / _DONE)
        if not (self.folder / JOB_FILE).exists():
            self._make_room(makes, overwrite=overwrite)
            write_json(self.folder / JOB_FILE, _sealed(asked))
        self.job = _read_sealed(self.folder / JOB_FILE)

    def _make_room(self, makes: Sequence[Path], *, overwrite: bool) -> None:
        """Check again, now that nobody else writes: another process may just have ended."""
        try:
            check_nothing(() if overwrite else makes)
        except StoreError:
            self.remove()
            raise
        for place in makes:
            if place.exists():
                _remove(place)

    def _refusal(self, identity: dict[str, Any]) -> str:
        """Say why what was begun here is not gone on with, or nothing."""
        path = self.folder / JOB_FILE
        try:
            found = _read_sealed(path)["identity"]
        except FileNotFoundError:
            return ""
        except ValueError:
            return (
                f"{path} is damaged, so nothing says what was begun here; choose another place, or "
                "begin again (overwrite=True, --overwrite)"
            )
        changes = list_changes(found, identity)
        if not changes:
            return ""
        return (
            f"{self.target} is an unfinished job with other {changes}; nothing of it "
            "was changed: repeat that job, choose another place, or overwrite it "
            "(overwrite=True, --overwrite)"
        )

    def close(self) -> None:
        """Let others go on with the job."""
        self._lock.release()

    def remove(self) -> None:
        """Remove the journal, when what the job makes is whole."""
        # Renamed first: a journal that is half removed would say that little is done.
        aside = self.folder.with_name(f".{self.folder.name}.{secrets.token_hex(4)}.partial")
        with explain_write(self.folder):
            self.folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
        self.close()

    def add(
        self, name: str, record: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Say that a piece is done; a `StoreError` says what cannot be written.

        Args:
            name: Its name.
            record: What is to be known of it.
            arrays: What it left, read back by `arrays`.
        """
        content = to_jsonable(record, "record")
        with explain_write(self.folder):
            if arrays:
                content["arrays"] = self._save(self._arrays_of(name), arrays)
            write_json(self.folder / _DONE / f"{name}.json", _sealed(content))

    def _save(self, target: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        try:
            with partial.open("wb") as file:
                np.savez(file, **dict(arrays))  # pyright: ignore[reportArgumentType]
                file.flush()
                os.fsync(file.fileno())
            described = describe_file(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return described

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the records of all pieces that are done, by name.

        A piece whose record or arrays are damaged is as good as not done.
        """
        records = {}
        for path in sorted((self.folder / _DONE).glob("[!.]*.json")):
            try:
                record = _read_sealed(path)
                if "arrays" in record and is_changed(self._arrays_of(path.stem), record["arrays"]):
                    continue
            except (OSError, ValueError):
                continue
            records[path.stem] = record
        return records

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Return what a piece left, by name; nothing if it left nothing.

        Args:
            name: The piece, one of those that `read` returned.

        Returns:
            Its arrays.
        """
        path = self._arrays_of(name)
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as kept:
            return {each: kept[each] for each in kept.files}

    def _arrays_of(self, name: str) -> Path:
        return self.folder / _DONE / f"{name}.npz"


def _sealed(content: dict[str, Any]) -> dict[str, Any]:
    return {"content": content, "xxh3_128": _digest(content)}


def _read_sealed(path: Path) -> dict[str, Any]:
    """Return what was sealed; a `ValueError` if it is not as it was written."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.get("xxh3_128") != _digest(found.get("content")):
        message = f"{path} is damaged"
        raise ValueError(message)
    return found["content"]


def _digest(content: Any) -> str:  # noqa: ANN401
    return xxhash.xxh3_128_hexdigest(json.dumps(content, sort_keys=True).encode())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
