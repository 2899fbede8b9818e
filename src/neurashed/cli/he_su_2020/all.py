"""``neurashed reproduce he-su-2020``, all parts, and ``neurashed reproduce he-su-2020 all``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.reproduce import HE_SU_2020
from neurashed.experiments.he_su_2020.whole_paper import (
    PAGE_FILE,
    PaperSettings,
    PartOutcome,
    find_data,
    plan_paper,
    reproduce_paper,
)

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_WHAT, _HOW, _WHERE = "Where the data are", "How thorough the run is", "What becomes of it"


@app.command(
    "all",
    help=HE_SU_2020["all"],
    epilog="Example: neurashed reproduce he-su-2020 all --data data --out runs/he-su-2020",
)
def all_parts(  # noqa: PLR0913, PLR0917, each is an option of the command line
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=_WHERE,
            help="Folder of all parts; what is finished is kept, and a killed part goes on.",
        ),
    ] = Path("runs/he-su-2020"),
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=_WHAT,
            help="Folder with the folders mnist, cifar10 (or cifar-10-batches-bin) and clinc150.",
        ),
    ] = None,
    mnist: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", rich_help_panel=_WHAT, help="Where MNIST is."),
    ] = None,
    cifar10: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", rich_help_panel=_WHAT, help="Where CIFAR-10 is."),
    ] = None,
    clinc150: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", rich_help_panel=_WHAT, help="Where CLINC150 is."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=_WHAT, help="Weights of a trained VGG-19."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=_WHAT,
            help="Photographs for it, in a subfolder for each class.",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            rich_help_panel=_HOW,
            help="Everything small, on the digits that come with the library: rough numbers.",
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            rich_help_panel=_HOW,
            help="How many processes share the work of the manifolds.",
            show_default="one for each processor",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", rich_help_panel=_WHERE, help="Run again what is there."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", rich_help_panel=_WHERE, help="Print the answer as JSON.")
    ] = False,
) -> None:
    """Run all parts, say what became of each, and where the page of them is."""
    found = {} if data is None else find_data(data)
    named = {
        "mnist": mnist, "cifar10": cifar10, "clinc150": clinc150, "weights": weights,
        "images": images,
    }  # fmt: skip
    found |= {name: str(path) for name, path in named.items() if path is not None}
    settings = PaperSettings(**found, is_quick=quick, num_workers=workers)
    console = open_console(stderr=json)
    for name, reasons in plan_paper(settings).items():
        console.print(f"Left out of {name}: {'; '.join(reasons)}", markup=False, soft_wrap=True)
    outcomes: list[PartOutcome] = []
    with show_progress() as progress:
        for outcome in reproduce_paper(settings, out, overwrite=overwrite, progress=progress):
            outcomes.append(outcome)
            _print_outcome(console, outcome)
    if json:
        print_json({
            "page": str(out / PAGE_FILE),
            "parts": [_as_numbers(each) for each in outcomes],
        })
    else:
        console.print(f"Page: {out / PAGE_FILE}", markup=False, soft_wrap=True)


def _print_outcome(console: Console, outcome: PartOutcome) -> None:
    if outcome.folder is None:
        return
    kept = " (finished before)" if outcome.was_there else ""
    console.print(f"{outcome.part.name}: {outcome.folder}{kept}", markup=False, soft_wrap=True)


def _as_numbers(outcome: PartOutcome) -> dict[str, object]:
    return {
        "part": outcome.part.name,
        "run": None if outcome.folder is None else str(outcome.folder),
        "left_out": list(outcome.left_out),
        "was_there": outcome.was_there,
    }
