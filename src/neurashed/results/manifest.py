"""The list of a store's files, by which a damaged store is recognized without reading its data."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from neurashed.errors import StoreError

__all__ = ["Verify", "check_files", "list_files"]

Verify = Literal["sizes", "checksums"]

# The list is kept in the metadata of the store's root, which therefore is not in the list.
_ROOT = "zarr.json"


def list_files(store: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of every file of a store but its root metadata, by relative path."""
    return {
        name: {"size": (store / name).stat().st_size, "sha256": _checksum(store / name)}
        for name in _names(store)
    }


def check_files(store: Path, listed: Mapping[str, Mapping[str, Any]], verify: Verify) -> None:
    """Compare the files of a store with their list; a `StoreError` says what differs.

    Args:
        store: The store.
        listed: What `list_files` returned when the store was written.
        verify: ``"sizes"`` compares names and sizes, and the content of metadata only;
            ``"checksums"`` reads everything.
    """
    present = set(_names(store))
    _refuse(store, [name for name in listed if name not in present], "missing")
    cut = [name for name, entry in listed.items() if _size(store / name) != entry["size"]]
    _refuse(store, cut, "of the wrong size")
    changed = [
        name
        for name, entry in listed.items()
        if (verify == "checksums" or name.endswith(_ROOT))
        and _checksum(store / name) != entry["sha256"]
    ]
    _refuse(store, changed, "changed since they were written")


def _refuse(store: Path, names: list[str], what: str) -> None:
    if names:
        message = (
            f"{store} is damaged: {len(names)} of its files are {what}, the first is {names[0]}; "
            "copy the whole folder again, or measure again"
        )
        raise StoreError(message)


def _names(store: Path) -> list[str]:
    files = (path for path in store.rglob("*") if path.is_file())
    return sorted({path.relative_to(store).as_posix() for path in files} - {_ROOT})


def _size(path: Path) -> int:
    return path.stat().st_size


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
