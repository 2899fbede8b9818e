"""The list of a store's files, by which a damaged store is recognized without reading its data."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import xxhash

from neurashed.errors import StoreError

__all__ = ["Verify", "check_files", "describe_file", "is_changed", "list_files"]

Verify = Literal["sizes", "checksums"]

# The list is kept in the metadata of the store's root, which therefore is not in the list.
_ROOT = "zarr.json"
_BLOCK = 2**22


def describe_file(path: Path) -> dict[str, Any]:
    """Return size and XXH3-128 of a file, which is fast enough to check every tile of a job."""
    with path.open("rb") as file:
        digest = xxhash.xxh3_128()
        while block := file.read(_BLOCK):
            digest.update(block)
    return {"size": path.stat().st_size, "xxh3_128": digest.hexdigest()}


def is_changed(path: Path, entry: Mapping[str, Any]) -> bool:
    """Return whether a file's content is not what its entry says."""
    if "xxh3_128" in entry:
        return describe_file(path)["xxh3_128"] != entry["xxh3_128"]
    return _checksum(path) != entry["sha256"]


def list_files(
    store: Path, *, known: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Return size and checksum of every file of a store but its root metadata.

    Args:
        store: The store.
        known: Entries of files that need not be read again, by relative path.

    Returns:
        ``size`` and ``sha256`` by relative path, or the entries that were known.
    """
    entries = {name: dict(entry) for name, entry in (known or {}).items()}
    for name in _names(store):
        if name not in entries:
            path = store / name
            entries[name] = {"size": path.stat().st_size, "sha256": _checksum(path)}
    return entries


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
        if (verify == "checksums" or name.endswith(_ROOT)) and is_changed(store / name, entry)
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
