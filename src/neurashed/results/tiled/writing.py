"""What a failed write means to whoever waits for the job."""

import contextlib
import errno
import os
from collections.abc import Iterator

from neurashed.errors import StoreError

__all__ = ["explain_write"]

# A limit on the size of files or on a user's share is a full disk to whoever meets it.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def explain_write(what: str | os.PathLike[str]) -> Iterator[None]:
    """Say in a `StoreError` what could not be written, why, and what to do.

    Args:
        what: What the block writes.

    Yields:
        Nothing.

    Raises:
        StoreError: If the system refuses to write in the block.
    """
    try:
        yield
    except OSError as error:
        todo = "make room" if error.errno in _FULL else "choose a folder that can be written"
        message = (
            f"{what} cannot be written: {error}; what is there is kept: {todo}, and repeat the "
            "command to go on"
        )
        raise StoreError(message) from error
