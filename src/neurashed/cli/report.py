"""``neurashed report``."""

from pathlib import Path
from typing import Annotated

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.console import open_console
from neurashed.report import write_run_report

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command("report", help=SUMMARIES["report"], epilog="Example: neurashed report runs/cnn")
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="The file; report.html in the folder of the run.")
    ] = None,
) -> None:
    """Write the report and say where it is."""
    written = write_run_report(run, out)
    open_console().print(f"Report: {written}", markup=False, soft_wrap=True)
