"""What a worker that died, or found no memory, means to whoever waits for the job."""

import contextlib
from collections.abc import Iterator

from neurashed.errors import NeurashedError
from neurashed.scale.job import TileJob

__all__ = ["explain_exhaustion"]

# PyTorch's own words, where it raises no `MemoryError`.
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


@contextlib.contextmanager
def explain_exhaustion(job: TileJob, *deaths: type[BaseException]) -> Iterator[None]:
    """Name the memory budget where a worker died or found no memory; other errors pass.

    Args:
        job: What was computed.
        deaths: What an executor raises when a worker has died.

    Yields:
        Nothing.

    Raises:
        NeurashedError: If one of these was raised, or memory was refused.
    """
    try:
        yield
    except deaths as error:
        message = (
            f"a worker died while it computed a tile ({type(error).__name__}: {error}); most often "
            f"it ran out of memory: {_advise(job)}"
        )
        raise NeurashedError(message) from error
    except (MemoryError, RuntimeError) as error:
        _pass_other(error)
        message = f"there is too little memory to compute a tile ({error}): {_advise(job)}"
        raise NeurashedError(message) from error


def _pass_other(error: Exception) -> None:
    """Raise an error again that is not about memory."""
    refused = any(words in str(error).lower() for words in _NO_MEMORY)
    if not refused and not isinstance(error, MemoryError):
        raise error


def _advise(job: TileJob) -> str:
    return (
        f"the budget of each process is {job.budget}. Give a smaller one (memory=..., --memory), "
        "fewer processes, or processes with more. Tiles that are done are kept"
    )
