"""The folder of a user's files and modules, from which a run is started and repeated."""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from neurashed.errors import InputError

__all__ = ["working_in"]


@contextmanager
def working_in(folder: str) -> Iterator[None]:
    """Look for relative paths and for modules in a folder.

    Args:
        folder: Where the run was started.

    Yields:
        Nothing.

    Raises:
        InputError: If the folder is not there.
    """
    if not Path(folder).is_dir():
        message = (
            f"the run was started in {folder}, which is not there; put its files back, "
            "or measure again from where they are"
        )
        raise InputError(message)
    sys.path.insert(0, folder)
    try:
        with chdir(folder):
            yield
    finally:
        sys.path.remove(folder)
