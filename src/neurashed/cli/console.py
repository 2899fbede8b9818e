"""What the commands print with: results to standard output, everything else to standard error."""

import json
import logging
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from neurashed.errors import NeurashedWarning
from neurashed.typing import Progress as ShowsProgress

__all__ = [
    "complain",
    "open_console",
    "print_json",
    "show_log",
    "show_progress",
    "show_warning",
]

_Item = TypeVar("_Item")
_WIDTH_WITHOUT_TERMINAL = 100


def open_console(*, stderr: bool = False) -> Console:
    """Return a console on the present standard output or standard error."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    return console


def print_json(values: Mapping[str, Any]) -> None:
    """Print an answer that a script reads; what is not finite becomes null."""
    sys.stdout.write(json.dumps(_as_json(values), indent=2, allow_nan=False) + "\n")


def _as_json(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return {str(key): _as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    open_console(stderr=True).print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001, the signature that `warnings` calls
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Print a warning as one line, with its place in the code only where it is not our own."""
    place = "" if issubclass(category, NeurashedWarning) else f" ({filename}:{lineno})"
    text = escape(f"{message}{place}")
    open_console(stderr=True).print(f"[bold yellow]Warning:[/] {text}", soft_wrap=True)


class _OnConsole(logging.Handler):
    """Prints what the library has to say on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one message."""
        open_console(stderr=True).print(record.getMessage(), markup=False, soft_wrap=True)


@contextmanager
def show_log() -> Iterator[None]:
    """Print what the library says while it works, such as what a job takes, on standard error.

    Yields:
        Nothing.
    """
    logger, handler = logging.getLogger("neurashed"), _OnConsole()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@contextmanager
def show_progress() -> Iterator[ShowsProgress]:
    """Draw bars with the time left on standard error, or nothing where it is no terminal.

    Yields:
        What wraps the items of a loop.
    """
    console = open_console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:

        def follow(
            items: list[_Item], *, description: str, weights: list[float] | None = None
        ) -> Iterator[_Item]:
            shares = weights or [1.0] * len(items)
            bar = bars.add_task(description, total=sum(shares))
            for item, share in zip(items, shares, strict=True):
                yield item
                bars.advance(bar, share)
            bars.remove_task(bar)

        yield follow
