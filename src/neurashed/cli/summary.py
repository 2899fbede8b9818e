"""What `measure` and `info` print of a result."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape

from neurashed.cli.tables import tabulate_classes, tabulate_strengths
from neurashed.experiments import ResultSummary

__all__ = ["print_summary", "summary_as_numbers"]


def print_summary(console: Console, summary: ResultSummary) -> None:
    """Print size, coverage, strengths, classes and cautions of a result."""
    units = "" if summary.units in {"", "1"} else f", in {summary.units}"
    console.print(
        f"{summary.measure}{units}: {summary.num_sources:,} sources, {summary.num_probes:,} probes",
        markup=False,
    )
    console.print(f"Parameters covered: {summary.coverage}", markup=False)
    for caution in summary.cautions:
        console.print(f"[bold yellow]Caution:[/] {escape(caution)}")
    if summary.classes is None:
        console.print("The examples have no labels, so there are no classes to compare.")
        return
    if summary.sample:
        console.print(f"What follows is of {summary.sample}.", markup=False)
    console.print()
    console.print(
        tabulate_strengths(
            "Strength: within/(within + between) classes, 0.5 is none, 95 % intervals",
            [name.replace("_", " ") for name in summary.strengths],
            {summary.measure: list(summary.strengths.values())},
        )
    )
    console.print()
    title = "Median from a step on a class (row) to a class (column)"
    console.print(tabulate_classes(title, summary.classes))


def summary_as_numbers(summary: ResultSummary) -> dict[str, Any]:
    """Return what `print_summary` prints, for a script."""
    numbers = {
        name: value
        for name, value in vars(summary).items()
        if name not in {"classes", "strengths", "cautions"}
    }
    numbers["cautions"] = list(summary.cautions)
    numbers["strengths"] = {name: asdict(each) for name, each in summary.strengths.items()}
    if summary.classes is not None:
        value = summary.classes["value"].transpose("source_class", "probe_class")
        numbers["classes"] = {
            "source_class": value["source_class"].to_numpy().tolist(),
            "probe_class": value["probe_class"].to_numpy().tolist(),
            "median": value.to_numpy().tolist(),
        }
    return numbers
