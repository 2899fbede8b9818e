"""``neurashed reproduce he-su-2020 manifolds``."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.reproduce import HE_SU_2020
from neurashed.experiments.he_su_2020.manifolds import (
    FIGURE_FILE,
    QUICK,
    TABLE_FILE,
    ManifoldFinding,
    ManifoldSettings,
    Spread,
    find_in_manifolds,
    run_manifolds,
)

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_MEASURES = {"relative": "relative elasticity", "kernel_distance": "kernel distance"}


@app.command(
    "manifolds",
    help=HE_SU_2020["manifolds"],
    epilog="Example: neurashed reproduce he-su-2020 manifolds --out runs/manifolds",
)
def manifolds(
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder of the run; a killed run is resumed."),
    ],
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", min=1, help="How many samples.", show_default="10, or 2 if quick"
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Narrow networks, trained less: rough numbers.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="How many processes share the work.",
            show_default="one for each processor",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is there.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Run the experiment, print how elasticity goes with distance, and say where the figure is."""
    settings = QUICK if quick else ManifoldSettings()
    if seeds is not None:
        settings = replace(settings, seeds=tuple(range(seeds)))
    with show_progress() as progress:
        run = run_manifolds(
            settings, out, num_workers=workers, overwrite=overwrite, progress=progress
        )
    findings = find_in_manifolds(run)
    if json:
        print_json({"run": str(out), "findings": [asdict(finding) for finding in findings]})
        return
    console = open_console()
    for measure, name in _MEASURES.items():
        console.print(_tabulate([each for each in findings if each.measure == measure], name))
    for name, file in (("Figure", FIGURE_FILE), ("Table", TABLE_FILE)):
        console.print(f"{name}: {run.path / file}", markup=False, soft_wrap=True)


def _tabulate(findings: list[ManifoldFinding], name: str) -> Table:
    table = Table(
        title=f"Correlation of {name} with the geodesic distance",
        caption=f"means over {findings[0].num_seeds} samples with intervals (95 %) of the mean",
        title_justify="left",
        title_style="bold",
    )
    for heading in ("manifolds", "network"):
        table.add_column(heading)
    for heading in ("right", "Pearson", "Spearman", "published"):
        table.add_column(heading, justify="right")
    for finding in findings:
        table.add_row(
            finding.manifold.replace("_", " "),
            finding.network,
            f"{finding.accuracy.mean:.1%}",
            _describe(finding.pearson),
            _describe(finding.spearman),
            "" if finding.published is None else f"{finding.published:.2f}",
        )
    return table


def _describe(spread: Spread) -> str:
    return f"{spread.mean:.3f} [{spread.low:.3f}, {spread.high:.3f}]"
