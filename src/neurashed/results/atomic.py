"""Writing so that a killed process never leaves half a file under its final name."""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["building_folder", "remove_partials", "sync_tree", "write_json"]

_PARTIAL = ".partial"


@contextlib.contextmanager
def building_folder(target: Path) -> Iterator[Path]:
    """Give a new folder beside the target, which takes the target's name when the block ends.

    If the block fails the folder is removed and the target stays as it was. A folder that the
    target name already holds is moved aside first and removed last.

    Args:
        target: The final path.

    Yields:
        The folder to write into.
    """
    partial = _name_beside(target)
    partial.mkdir(parents=True)
    try:
        yield partial
        sync_tree(partial)
        _swap(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def sync_tree(folder: Path) -> None:
    """Ask the system to put every file and folder of a tree on disk."""
    for root, _, files in os.walk(folder):
        for name in files:
            _sync(Path(root, name))
        _sync(Path(root))


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401
    """Write JSON beside its target and rename it when it is on disk."""
    partial = _name_beside(path)
    try:
        partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def remove_partials(folder: Path) -> None:
    """Remove what killed writers left in a folder that nobody else writes to."""
    for leftover in folder.glob(f".*{_PARTIAL}"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def _name_beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}{_PARTIAL}")


def _swap(partial: Path, target: Path) -> None:
    # No portable system call replaces a full folder by another, so the old one steps aside.
    if not target.exists():
        partial.rename(target)
    else:
        former = _name_beside(target)
        target.rename(former)
        try:
            partial.rename(target)
        except OSError:
            former.rename(target)
            raise
        shutil.rmtree(former)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
