"""``neurashed reproduce he-su-2020 corrupted-labels``."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.reproduce import HE_SU_2020
from neurashed.clustering import Interval
from neurashed.errors import InputError
from neurashed.experiments.he_su_2020.corrupted_labels import (
    APPROACHES,
    QUICK,
    TABLE_FILE,
    CorruptedLabelsSettings,
    LabelFinding,
    find_corrupted_labels,
    run_corrupted_labels,
)
from neurashed.report import write_run_report

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_DEFAULT = CorruptedLabelsSettings(data="")


@app.command(
    "corrupted-labels",
    help=HE_SU_2020["corrupted-labels"],
    epilog="Example: neurashed reproduce he-su-2020 corrupted-labels "
    "--data 'mnist:data/mnist?per_class=500' --out runs/labels",
)
def corrupted_labels(
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder of the run; a killed run is resumed."),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Images with labels, such as 'mnist:FOLDER?per_class=500'.",
            show_default="none, or scikit-learn's digits if quick",
        ),
    ] = None,
    share: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the labels that are made wrong.")
    ] = _DEFAULT.share,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", min=1, help="How many repeats.", show_default="5, or 2 if quick"
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small digits and a small network: rough numbers.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is there.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Run the experiment, print how many wrong labels each way finds, and say where the run is."""
    if data is None and not quick:
        message = "no data were given; add --data mnist:FOLDER?per_class=500, or --quick"
        raise InputError(message)
    settings = QUICK if quick else _DEFAULT
    chosen: dict[str, Any] = {"data": data} if data is not None else {}
    if seeds is not None:
        chosen["seeds"] = tuple(range(seeds))
    settings = replace(settings, share=share, folder=str(Path.cwd()), **chosen)
    with show_progress() as progress:
        run = run_corrupted_labels(settings, out, overwrite=overwrite, progress=progress)
    report = write_run_report(out)
    findings = find_corrupted_labels(run)
    if json:
        print_json({"run": str(out), "report": str(report),
                    "findings": [asdict(finding) for finding in findings]})  # fmt: skip
        return
    console = open_console()
    console.print(_tabulate(findings))
    for name, place in (("Table", run.path / TABLE_FILE), ("Report", report)):
        console.print(f"{name}: {place}", markup=False, soft_wrap=True)


def _tabulate(findings: list[LabelFinding]) -> Table:
    table = Table(
        title="Share of wrong labels among as many of the highest scores",
        caption=f"means over {findings[0].num_seeds} seeds ± their standard deviation; how far a "
        "score is behind the first, seed by seed, with a 95 % interval",
        caption_justify="left",
        title_justify="left",
        title_style="bold",
    )
    for heading in ("score", "time"):
        table.add_column(heading)
    for heading in ("precision", "average precision", "AUROC", "behind"):
        table.add_column(heading, justify="right")
    for finding in findings:
        approach = APPROACHES[finding.approach]
        table.add_row(
            Text(approach.title, style="bold" if approach.is_elastic else ""),
            finding.time,
            _describe(finding.precision),
            f"{finding.average_precision.mean:.3f}",
            f"{finding.auroc.mean:.4f}",
            _describe_difference(finding.behind_held_out),
        )
    return table


def _describe(spread: Interval) -> str:
    return f"{spread.mean:.3f} ± {spread.standard_deviation:.3f}"


def _describe_difference(spread: Interval) -> str:
    return f"{spread.mean:+.3f} [{spread.low:+.3f}, {spread.high:+.3f}]"
