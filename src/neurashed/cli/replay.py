"""``neurashed replay``."""

from pathlib import Path
from typing import Annotated

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.experiments import Replay, replay_run

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_MOST_NAMED = 20


@app.command(
    "replay", help=SUMMARIES["replay"], epilog="Example: neurashed replay runs/cnn --out runs/again"
)
def replay(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the repetition; RUN-replay if not given.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is in the folder.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Repeat a run and compare.

    Raises:
        Exit: With code 1 if the numbers are not the same.
    """
    out = out or run.with_name(f"{run.absolute().name}-replay")
    with show_progress() as progress:
        again = replay_run(run, out, overwrite=overwrite, progress=progress)
    if json:
        print_json(_as_numbers(again, out))
    else:
        _print_comparisons(again, out)
    if not again.is_identical:
        raise typer.Exit(1)


def _print_comparisons(again: Replay, out: Path) -> None:
    console = open_console()
    differing = {name: each for name, each in again.comparisons.items() if not each.is_identical}
    identical = [name for name in again.comparisons if name not in differing]
    for name in identical[:_MOST_NAMED]:
        console.print(f"{name}: the same numbers, bit for bit", markup=False)
    if len(identical) > _MOST_NAMED:
        console.print(f"and {len(identical) - _MOST_NAMED:,} more: the same numbers, bit for bit")
    for name, each in differing.items():
        gap = each.largest_difference
        console.print(f"{name}: not the same numbers; they differ by up to {gap:.3g}", markup=False)
    for change in again.changes:
        console.print(f"Changed in between: {change}", markup=False, soft_wrap=True)
    console.print(f"Run: {out}", markup=False, soft_wrap=True)


def _as_numbers(again: Replay, out: Path) -> dict[str, object]:
    return {
        "run": str(out),
        "is_identical": again.is_identical,
        "results": {name: vars(each) for name, each in again.comparisons.items()},
        "changes": list(again.changes),
    }
