"""What a store says about itself, written last."""

import json
from pathlib import Path
from typing import Any

from neurashed.errors import StoreError
from neurashed.results.schema import SCHEMA_VERSION

__all__ = ["STAMP", "read_stamp"]

# The attribute of a store's root under which the stamp lies.
STAMP = "neurashed"


def read_stamp(path: Path) -> dict[str, Any]:
    """Return what a store says about itself.

    Args:
        path: The store.

    Returns:
        ``schema_version``, ``measure``, ``content_sha256``, ``files`` and ``complete``.

    Raises:
        StoreError: If the store is missing, foreign, newer than this version, or not complete.
    """
    stamp = _read_attributes(path).get(STAMP)
    if not isinstance(stamp, dict) or "schema_version" not in stamp:
        message = f"{path} is a Zarr store that Neurashed did not write; give one of its results"
        raise StoreError(message)
    if stamp["schema_version"] > SCHEMA_VERSION:
        message = (
            f"{path} has schema version {stamp['schema_version']} and this version of Neurashed "
            f"reads up to {SCHEMA_VERSION}; install a newer Neurashed"
        )
        raise StoreError(message)
    if not stamp.get("complete") or not {"measure", "files"} <= set(stamp):
        message = f"{path} was not written to its end; repeat the command that began it"
        raise StoreError(message)
    return stamp


def _read_attributes(path: Path) -> dict[str, Any]:
    if not path.exists():
        message = f"there is nothing at {path}; give the path of a .zarr store or a run folder"
        raise StoreError(message)
    metadata = path / "zarr.json"
    if not metadata.is_file():
        message = (
            f"{path} is neither a Zarr v3 store (no zarr.json) nor a run folder (no run.json); "
            "give the path of a whole store or of a run folder"
        )
        raise StoreError(message)
    try:
        return json.loads(metadata.read_text(encoding="utf-8")).get("attributes", {})
    except (OSError, ValueError, AttributeError) as error:
        message = f"{metadata} cannot be read; copy the whole store again, or measure again"
        raise StoreError(message) from error
