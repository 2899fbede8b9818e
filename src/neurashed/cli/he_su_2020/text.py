"""``neurashed reproduce he-su-2020 text``."""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.reproduce import HE_SU_2020
from neurashed.clustering import Interval
from neurashed.experiments.he_su_2020.text import (
    APPROACHES,
    QUICK_CHOICES,
    TABLE_FILE,
    TextFinding,
    TextSettings,
    find_in_texts,
    run_texts,
)

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_SCORES = {
    "accuracy": "Accuracy of the best matching",
    "nmi": "Normalized mutual information",
    "ari": "Adjusted Rand index",
}


@app.command(
    "text",
    help=HE_SU_2020["text"],
    epilog="Example: neurashed reproduce he-su-2020 text --data clinc150 --out runs/text",
)
def text(
    data: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder with data_full.json and domains.json."),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder of the run; a killed run is resumed."),
    ],
    domains: Annotated[
        str,
        typer.Option(metavar="NAME,NAME", help="Only these domains.", show_default="all"),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", min=1, help="How many seeds.", show_default="5, 1 if quick"),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer texts, one small network: rough numbers.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is there.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Run the experiment, print how well intents are found, and say where the table is."""
    names = tuple(domains.split(",")) if domains else ()
    chosen = QUICK_CHOICES if quick else {}
    settings = TextSettings(str(data), names, folder=str(Path.cwd()), **chosen)
    if seeds is not None:
        settings = replace(settings, seeds=tuple(range(seeds)))
    with show_progress() as progress:
        run = run_texts(settings, out, overwrite=overwrite, progress=progress)
    findings = find_in_texts(run)
    if json:
        print_json({"run": str(out), "findings": [asdict(finding) for finding in findings]})
        return
    console = open_console()
    for score, title in _SCORES.items():
        console.print(_tabulate(findings, score, title))
    console.print(f"Table: {run.path / TABLE_FILE}", markup=False, soft_wrap=True)


def _tabulate(findings: list[TextFinding], score: str, title: str) -> Table:
    table = Table(
        title=title,
        caption=f"mean ± standard deviation; seeds: {findings[0].agreement.num_runs}",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("domain")
    for approach in APPROACHES:
        table.add_column(approach.replace("_", " "), justify="right")
    cells = {
        (each.domain, each.approach): _describe(getattr(each.agreement, score)) for each in findings
    }
    for domain in dict.fromkeys(each.domain for each in findings):
        table.add_row(domain.replace("_", " "), *(cells[domain, name] for name in APPROACHES))
    return table


def _describe(interval: Interval) -> str:
    if math.isnan(interval.standard_deviation):
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} ± {interval.standard_deviation:.3f}"
