"""``neurashed reproduce he-su-2020 tables``."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.reproduce import HE_SU_2020
from neurashed.errors import InputError
from neurashed.experiments.he_su_2020.tables import (
    APPROACHES,
    CSV_FILE,
    MARKDOWN_FILE,
    QUICK,
    QUICK_APPROACHES,
    ROWS,
    TableCell,
    TableSelection,
    TableSettings,
    find_in_tables,
    missing_of,
    run_tables,
)

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_DEFAULT = TableSettings()


@app.command(
    "tables",
    help=HE_SU_2020["tables"],
    epilog="Example: neurashed reproduce he-su-2020 tables --mnist data/mnist --tasks 5v8,4v9 "
    "--out runs/tables",
)
def tables(  # noqa: PLR0913, PLR0917, each is an option of the command line
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            help="Folder of the run; what is missing is added to what is there, also by several "
            "commands at once.",
        ),
    ],
    mnist: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where MNIST is, for its table.")
    ] = None,
    cifar10: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where CIFAR-10 is, for its table.")
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Only these tasks, as in 5v8,car-v-cat.", show_default="all"
        ),
    ] = None,
    approaches: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help=f"Only these: {', '.join(APPROACHES)}.", show_default="all"
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Seeds, each a run of its own.")
    ] = "0,1,2,3,4",
    width: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="Hidden units, 40960 in the paper.",
            show_default=f"{_DEFAULT.width}, or {QUICK.width} if quick",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="Passes over the images.",
            show_default=f"{_DEFAULT.num_epochs}, or {QUICK.num_epochs} if quick",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="One pair of the digits that come with the library, narrow networks."
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace all that is in the folder.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Make the tables, or a part of them, and print ours beside the published."""
    settings = QUICK if quick else _DEFAULT
    settings = replace(
        settings,
        width=settings.width if width is None else width,
        num_epochs=settings.num_epochs if epochs is None else epochs,
    )
    selection = TableSelection(
        data=_find_data(mnist, cifar10, quick=quick),
        tasks=_split(tasks),
        approaches=_split(approaches) or (QUICK_APPROACHES if quick else ()),
        seeds=_read_seeds(seeds),
    )
    with show_progress() as progress:
        run = run_tables(settings, selection, out, overwrite=overwrite, progress=progress)
    cells = find_in_tables(run)
    if json:
        print_json({"run": str(out), "cells": [asdict(cell) for cell in cells]})
        return
    console = open_console()
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        console.print(_tabulate(dataset, [cell for cell in cells if cell.dataset == dataset]))
    if missing_of(cells):
        console.print(f"Not run yet: {len(missing_of(cells))} of {len(cells)} cells.")
    for file in (CSV_FILE, MARKDOWN_FILE):
        console.print(f"Table: {run.path / file}", markup=False, soft_wrap=True)


def _find_data(mnist: Path | None, cifar10: Path | None, *, quick: bool) -> dict[str, str]:
    folders = {"mnist": mnist, "cifar10": cifar10}
    data = {name: f"{name}:{folder}" for name, folder in folders.items() if folder is not None}
    if quick and data:
        message = (
            "--quick takes the digits that come with the library; leave out --mnist, --cifar10"
        )
        raise InputError(message)
    if not quick and not data:
        message = "no images are given; name a folder with --mnist or --cifar10, or try --quick"
        raise InputError(message)
    return {"digits": "digits"} if quick else data


def _split(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",")) if names else ()


def _read_seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in text.split(","))
    except ValueError as error:
        message = f"seeds are {text!r}; write whole numbers with commas between, such as 0,1,2"
        raise InputError(message) from error


def _tabulate(dataset: str, cells: list[TableCell]) -> Table:
    table = Table(
        title=f"Accuracy in percent on {dataset}: mean ± s.d. over seeds (published)",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("method")
    for task in dict.fromkeys(cell.task for cell in cells):
        table.add_column(task, justify="right")
    for row, name in ROWS.items():
        of_row = [cell for cell in cells if cell.row == row]
        if any(cell.num_seeds for cell in of_row):
            table.add_row(name, *map(str, of_row))
    return table
