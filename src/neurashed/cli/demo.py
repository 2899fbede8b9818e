"""``neurashed demo``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from neurashed.cli.application import SUMMARIES
from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.tables import draw_neighbors, tabulate_classes, tabulate_strengths
from neurashed.errors import StoreError
from neurashed.experiments import (
    DEFAULT_SOURCE,
    DemoFindings,
    DemoSettings,
    NetworkFindings,
    find_in_demo,
    run_demo,
)
from neurashed.report import write_run_report
from neurashed.results import RunFolder, Strength

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command("demo", help=SUMMARIES["demo"], epilog="Example: neurashed demo --digit 100")
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the run and its report.")] = Path(
        "neurashed-demo"
    ),
    digit: Annotated[
        int, typer.Option(help="Id of the digit whose neighbors are shown.")
    ] = DEFAULT_SOURCE,
    seed: Annotated[int, typer.Option(help="Seed of the weights and the order of data.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Run the demo, print what it shows, and say where the report is."""
    with show_progress() as progress:
        run = run_demo(DemoSettings(seed=seed), out, overwrite=_holds_demo(out), progress=progress)
    findings = find_in_demo(run, source=digit)
    report = write_run_report(out)
    if json:
        print_json({"run": str(out), "report": str(report), **_as_numbers(findings)})
    else:
        _print_findings(open_console(), findings, out, report)


def _holds_demo(out: Path) -> bool:
    # Only a demo is replaced unasked: it can be had again at any time.
    try:
        return RunFolder.open(out).record.settings.get("command") == "demo"
    except StoreError:
        return False


def _print_findings(console: Console, findings: DemoFindings, out: Path, report: Path) -> None:
    console.print(
        "\nTwo networks of the same width were taught one bit: is a handwritten digit odd or even?"
        "\nThey were never told which digit it is. Take one SGD step on one digit (the source) and"
        "\nwatch all others (the probes): whom does it move along?\n"
    )
    for name, network in findings.networks.items():
        console.print(
            f"{name} network: loss {network.loss:.3f}, {network.accuracy:.1%} of digits right, "
            f"lr·λ_max at most {network.max_lr_lambda:.2f} in training"
        )
    console.print()
    console.print(
        tabulate_strengths(
            "Strength: within/(within + between) the ten digits, 0.5 is none, 95 % intervals",
            ("median", "ratio of means", "median, same parity"),
            dict(_list_strengths(findings)),
        )
    )
    console.print(_judge(findings))
    for name, network in findings.networks.items():
        console.print()
        title = f"{name} network, trained: median elasticity from a step on a digit (row)"
        console.print(tabulate_classes(title, network.trained.classes))
    _print_neighbors(console, findings)
    console.print(f"\nReport: {report}", soft_wrap=True)
    console.print(f"Run:    {out} (neurashed info {out})", soft_wrap=True)


def _list_strengths(findings: DemoFindings) -> list[tuple[str, tuple[Strength, ...]]]:
    return [
        (f"{name} network, {when}", (each.median, each.ratio_of_means, each.same_parity))
        for name, network in findings.networks.items()
        for when, each in (("initial", network.initial), ("trained", network.trained))
    ]


def _judge(findings: DemoFindings) -> str:
    gains = {name: network.gain for name, network in findings.networks.items()}
    numbers = (
        f"Training changed the strength by {gains['ReLU']:+.3f} in the ReLU network and by "
        f"{gains['linear']:+.3f} in the linear one."
    )
    if not findings.doubts:
        return f"{numbers} It made the first locally elastic, and not the second."
    return f"{numbers} That alone does not show it: {'; and '.join(findings.doubts)}."


def _print_neighbors(console: Console, findings: DemoFindings) -> None:
    console.print(
        f"\n[bold]The eight digits that go with example {findings.source}[/] (it shows "
        f"{findings.source_label}): those a step on it moves most, and those closest in pixels"
    )
    console.print(draw_neighbors(findings.source_thumbnail, findings.neighbors))
    shares = ", ".join(
        f"{name} {neighbors.share_of_kind:.0%}" for name, neighbors in findings.neighbors.items()
    )
    console.print(f"Over all digits, so many of the eight are of the source's kind: {shares}.")


def _as_numbers(findings: DemoFindings) -> dict[str, object]:
    return {
        "networks": {
            name: _network_as_numbers(network) for name, network in findings.networks.items()
        },
        "source": findings.source,
        "neighbors": {
            name: {"ids": each.ids.tolist(), "share_of_kind": each.share_of_kind}
            for name, each in findings.neighbors.items()
        },
        "doubts": list(findings.doubts),
    }


def _network_as_numbers(network: NetworkFindings) -> dict[str, object]:
    moments = {"initial": network.initial, "trained": network.trained}
    return {
        "loss": network.loss,
        "accuracy": network.accuracy,
        "max_lr_lambda": network.max_lr_lambda,
        **{
            name: {
                "median": asdict(moment.median),
                "ratio_of_means": asdict(moment.ratio_of_means),
                "median_same_parity": asdict(moment.same_parity),
            }
            for name, moment in moments.items()
        },
    }
