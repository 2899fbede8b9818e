"""Finds files of a known name in a folder, or says what was looked for."""

from collections.abc import Iterable
from pathlib import Path

from neurashed.errors import InputError

__all__ = ["find_file"]


def find_file(folder: Path, names: Iterable[str], *, inside: Iterable[str] = ()) -> Path:
    """Return the first file there is of some names.

    Args:
        folder: Where to look.
        names: File names, the preferred first.
        inside: Folders within the folder to look in as well.

    Returns:
        The path of the file.

    Raises:
        InputError: If the folder or the file is missing.
    """
    if not folder.is_dir():
        problem = "is no folder" if folder.exists() else "does not exist"
        message = f"{folder} {problem}; give a folder with {' or '.join(names)}"
        raise InputError(message)
    wanted, further = list(names), list(inside)
    for path in (folder / place / name for place in ["", *further] for name in wanted):
        if path.is_file():
            return path
    also = f", also in {', '.join(further)}" if further else ""
    message = (
        f"{folder} lacks a file: looked for {' or '.join(wanted)}{also}; give the folder that "
        "holds it"
    )
    raise InputError(message)
