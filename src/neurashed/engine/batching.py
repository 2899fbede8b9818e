"""Many steps or examples at a time."""

import warnings
from collections.abc import Callable
from typing import Any

from torch.func import vmap

__all__ = ["run_batched"]


def run_batched(
    function: Callable[..., Any],
    *args: Any,  # noqa: ANN401
    in_dims: int | tuple[int | None, ...] = 0,
    chunk: int | None = None,
) -> Any:  # noqa: ANN401
    """Run `torch.func.vmap`, without its word on calls that it runs one by one.

    Args:
        function: What to run.
        args: Its arguments, with a batch on their first axis.
        in_dims: Which arguments are batched, as `torch.func.vmap` takes it.
        chunk: How many to run at a time; all if None.

    Returns:
        What the function returns, with a batch on the first axis.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="There is a performance drop")
        return vmap(function, in_dims=in_dims, chunk_size=chunk)(*args)
