"""What of a long job is done: one record a piece, so that a killed job goes on where it was."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
from filelock import FileLock, Timeout

from neurashed.errors import StoreError
from neurashed.results.atomic import remove_partials, write_json
from neurashed.results.jsonable import to_jsonable

__all__ = ["Journal", "journal_of", "read_identity"]

_JOB = "job.json"
_LOCK = "lock"


def journal_of(target: Path) -> Path:
    """Return the folder of the journal of a job: beside what it makes, until that is whole."""
    return target.with_name(f"{target.name}.growing")


def read_identity(target: Path) -> dict[str, Any] | None:
    """Return what the job was asked that makes something, or None if none was begun.

    Args:
        target: What the job makes.

    Returns:
        Its identity and its notes in one.
    """
    try:
        found = json.loads((journal_of(target) / _JOB).read_text(encoding="utf-8"))
        return {**found["identity"], **found["notes"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


@final
class Journal:
    """A folder with a record of each piece that is done, and the arrays that it left.

    A record is written when everything that it speaks of is, and each file appears only when it is
    whole. Whoever began the job holds a lock, which the system lets go of however it ends.

    Attributes:
        target: What the job makes.
        folder: The folder of the journal, beside it.
    """

    def __init__(self, target: Path) -> None:
        """Look at a journal; see `begin` for the one who runs the job."""
        self.target = target
        self.folder = folder = journal_of(target)
        self._lock = FileLock(folder / _LOCK)

    @classmethod
    def begin(
        cls, target: Path, identity: Mapping[str, Any], notes: Mapping[str, Any] | None = None
    ) -> "Journal":
        """Begin a job, or go on with the same one.

        Args:
            target: What the job makes.
            identity: What makes the job the same job, as JSON holds it.
            notes: What else is to be read again by who goes on with it.

        Returns:
            The journal, locked for this process.

        Raises:
            StoreError: If another process runs the job, if the job that was begun here differs, or
                if nothing can be written.
        """
        journal = cls(target)
        folder = journal.folder
        try:
            (folder / "done").mkdir(parents=True, exist_ok=True)
            journal._lock.acquire(timeout=0)
        except Timeout as error:
            message = (
                f"{target} is being written by another process; wait until it has ended, or "
                "choose another place"
            )
            raise StoreError(message) from error
        except OSError as error:
            message = f"cannot write {folder}: {error}; choose a folder that can be written"
            raise StoreError(message) from error
        try:
            journal._check_identity(to_jsonable(identity, "identity"), notes or {})
        except BaseException:
            journal.close()
            raise
        remove_partials(folder / "done")
        return journal

    def _check_identity(self, identity: dict[str, Any], notes: Mapping[str, Any]) -> None:
        path = self.folder / _JOB
        if not path.exists():
            write_json(path, {"identity": identity, "notes": to_jsonable(notes, "notes")})
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["identity"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{path} cannot be read; remove {self.folder} and begin again"
            raise StoreError(message) from error
        changed = sorted(
            name for name in {*found, *identity} if found.get(name) != identity.get(name)
        )
        if changed:
            message = (
                f"{self.target} is an unfinished job with other {', '.join(changed)}; "
                "nothing of it was changed: repeat that job, choose another place, or overwrite it "
                "(overwrite=True, --overwrite)"
            )
            raise StoreError(message)

    def close(self) -> None:
        """Let others go on with the job."""
        self._lock.release()

    def remove(self) -> None:
        """Remove the journal, when what the job makes is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.close()

    def add(
        self, name: str, record: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Say that a piece is done.

        Args:
            name: Its name.
            record: What is to be known of it.
            arrays: What it left, read back by `arrays`.
        """
        if arrays:
            target = self._arrays_of(name)
            partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
            with partial.open("wb") as file:
                np.savez(file, **dict(arrays))  # pyright: ignore[reportArgumentType]
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        write_json(self.folder / "done" / f"{name}.json", to_jsonable(record, "record"))

    def read(self) -> dict[str, dict[str, Any]]:
        """Return the records of all pieces that are done, by name."""
        records = {}
        for path in sorted((self.folder / "done").glob("[!.]*.json")):
            try:
                records[path.stem] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue  # as good as not done
        return records

    def arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """Return what a piece left, or None if that is gone or damaged."""
        try:
            with np.load(self._arrays_of(name), allow_pickle=False) as kept:
                return {each: kept[each] for each in kept.files}
        except Exception:  # zipfile and NumPy raise many kinds of error for bad bytes
            return None

    def _arrays_of(self, name: str) -> Path:
        return self.folder / "done" / f"{name}.npz"
