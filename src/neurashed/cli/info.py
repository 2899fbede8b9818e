"""``neurashed info``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from neurashed.cli.application import SUMMARIES
from neurashed.cli.console import open_console, print_json
from neurashed.cli.summary import print_summary, summary_as_numbers
from neurashed.experiments import summarize_result
from neurashed.results import RunFolder

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command("info", help=SUMMARIES["info"], epilog="Example: neurashed info runs/cnn --json")
def info(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    result: Annotated[str | None, typer.Option(help="Name of a result; the main one.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Print what a run folder holds."""
    folder = RunFolder.open(run)
    has_matrix = bool(folder.record.results) or not folder.top_probes_path.exists()
    summary = None
    if has_matrix:
        summary = summarize_result(folder.main if result is None else folder.result(result))
    record = folder.record
    if json:
        print_json({
            "run": str(run),
            "finished": record.finished,
            "created": record.created,
            "settings": record.settings,
            "seeds": record.seeds,
            "data": record.data,
            "versions": record.versions,
            "results": list(record.results),
            **({} if summary is None else summary_as_numbers(summary)),
        })
        return
    console = open_console()
    settings = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in record.settings.items():
        settings.add_row(name, Text(str(value)))
    console.print(settings)
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    console.print(f"Made {record.created} with {versions}", markup=False)
    if not record.finished:
        console.print("[bold yellow]Caution:[/] this run did not come to its end")
    console.print(f"Results: {', '.join(record.results) or 'none'}\n", markup=False)
    if folder.top_probes_path.exists():
        console.print(f"Strongest probes: {folder.top_probes_path}\n", markup=False, soft_wrap=True)
    if summary is not None:
        print_summary(console, summary)
