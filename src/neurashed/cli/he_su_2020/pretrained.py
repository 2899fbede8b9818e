"""``neurashed reproduce he-su-2020 pretrained``."""

import math
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.reproduce import HE_SU_2020
from neurashed.cli.summary import print_summary, summary_as_numbers
from neurashed.errors import InputError, ResolutionWarning
from neurashed.experiments import summarize_result
from neurashed.experiments.he_su_2020 import (
    HISTOGRAMS_FILE,
    RATIOS_FILE,
    ClassRatio,
    PretrainedSettings,
    find_class_ratios,
    plan_pretrained,
    run_pretrained,
)
from neurashed.report import write_run_report
from neurashed.results import RunFolder
from neurashed.typing import Step

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_DEFAULT = PretrainedSettings(weights="", images="")
_MOST_ROWS = 30
_WHAT, _HOW, _WHERE = "What is measured", "How it is measured", "What becomes of it"


@app.command(
    "pretrained",
    help=HE_SU_2020["pretrained"],
    epilog="Example: neurashed reproduce he-su-2020 pretrained --weights vgg19.safetensors "
    "--images photographs --per-class 120 --parameters 'classifier.*' --out runs/vgg19",
)
def pretrained(  # noqa: PLR0913, PLR0917, each is an option of the command line
    weights: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WHAT,
            help="A .safetensors file, or a .pt or .pth file that holds tensors alone, under the "
            "names features.0.weight to classifier.6.bias.",
        ),
    ],
    images: Annotated[
        str,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=_WHAT,
            help="PNG and JPEG files in a subfolder for each class.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            rich_help_panel=_WHAT,
            help="The network; arguments may follow, as in vgg19?num_outputs=10.",
        ),
    ] = _DEFAULT.model,
    class_names: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WHAT,
            help="The name of each output on a line of its own, to find the class of a subfolder. "
            "Not needed for names that begin with the number, as in 294_brown_bear.",
        ),
    ] = _DEFAULT.class_names,
    per_class: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_WHAT,
            help="Images of each class, the first by name; 120 in the paper.",
            show_default="all",
        ),
    ] = _DEFAULT.per_class,
    sources_per_class: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_WHAT,
            help="On how many of them a step is taken.",
        ),
    ] = _DEFAULT.sources_per_class,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            rich_help_panel=_WHAT,
            help="Which parameters the step changes, such as 'classifier.6.*'; may be repeated.",
            show_default="all",
        ),
    ] = None,
    readout: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_WHAT,
            help="logits, probabilities, log_probabilities, label_logit or loss.",
        ),
    ] = _DEFAULT.readout,
    lr: Annotated[
        float,
        typer.Option(
            metavar="RATE", rich_help_panel=_WHAT, help="Learning rate of the step on a source."
        ),
    ] = _DEFAULT.lr,
    step: Annotated[
        Step,
        typer.Option(
            metavar="exact|first_order",
            rich_help_panel=_HOW,
            help="Really take the step, or its derivative in the learning rate. First order needs "
            "a gradient for each output of the readout: choose label_logit or loss.",
        ),
    ] = _DEFAULT.step,
    size: Annotated[
        int,
        typer.Option(metavar="PIXELS", rich_help_panel=_HOW, help="Rows and columns of an input."),
    ] = _DEFAULT.size,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            rich_help_panel=_HOW,
            help="Memory the work may take, such as 2GB.",
            show_default="a quarter of what is free",
        ),
    ] = _DEFAULT.memory,
    device: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=_HOW, help="auto, cpu or cuda.")
    ] = _DEFAULT.device,
    dtype: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=_HOW, help="float32 or float64.")
    ] = _DEFAULT.dtype,
    seed: Annotated[
        int,
        typer.Option(metavar="NUMBER", rich_help_panel=_HOW, help="Which images are the sources."),
    ] = _DEFAULT.seed,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", rich_help_panel=_WHERE, help="Print how and at what cost, and stop."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", rich_help_panel=_WHERE, help="Folder of the run, new or empty."
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", rich_help_panel=_WHERE, help="Replace a run that is there."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", rich_help_panel=_WHERE, help="Print the answer as JSON.")
    ] = False,
) -> None:
    """Take the steps, print the ratio of each pair of classes, and say where the run is."""
    settings = PretrainedSettings(
        weights=weights,
        images=images,
        model=model,
        class_names=class_names,
        parameters=tuple(parameters or _DEFAULT.parameters),
        readout=readout,
        lr=lr,
        step=step,
        per_class=per_class,
        sources_per_class=sources_per_class,
        size=size,
        memory=memory,
        device=device,
        dtype=dtype,
        seed=seed,
    )
    if plan:
        _print_plan(settings, json)
    else:
        _run(settings, out, overwrite=overwrite, as_json=json)


def _print_plan(settings: PretrainedSettings, as_json: bool) -> None:
    plan = plan_pretrained(settings)
    if as_json:
        print_json(plan.to_dict())
    else:
        open_console().print(plan.describe(), markup=False, soft_wrap=True)


def _run(settings: PretrainedSettings, out: Path | None, *, overwrite: bool, as_json: bool) -> None:
    """Run and print.

    Raises:
        InputError: If there is no folder to write to.
    """
    if out is None:
        message = "no folder for the run was given; add --out FOLDER, or --plan to stop before"
        raise InputError(message)
    with show_progress() as progress, warnings.catch_warnings():
        # The summary says it, and says it again whenever the run is looked at.
        warnings.simplefilter("ignore", ResolutionWarning)
        run = run_pretrained(settings, out, overwrite=overwrite, progress=progress)
    report = write_run_report(out)
    ratios = find_class_ratios(run.main, seed=settings.seed)
    if as_json:
        print_json({
            "run": str(out),
            "report": str(report),
            "settings": asdict(settings),
            "class_ratios": [asdict(ratio) for ratio in ratios],
            **summary_as_numbers(summarize_result(run.main)),
        })
    else:
        _print_run(open_console(), run, ratios, report)


def _print_run(
    console: Console, run: RunFolder, ratios: tuple[ClassRatio, ...], report: Path
) -> None:
    print_summary(console, summarize_result(run.main))
    table = Table(
        title="Median of the updated class over that of another",
        caption="95 % intervals over probes, for these sources",
        caption_justify="left",
        title_justify="left",
        title_style="bold",
    )
    for heading in ("updated with", "other class"):
        table.add_column(heading)
    table.add_column("ratio", justify="right")
    for ratio in ratios[:_MOST_ROWS]:
        table.add_row(Text(ratio.updated), Text(ratio.other), _describe(ratio))
    console.print()
    console.print(table)
    if len(ratios) > _MOST_ROWS:
        console.print(f"and {len(ratios) - _MOST_ROWS:,} more pairs")
    console.print(f"\nHistograms: {run.path / HISTOGRAMS_FILE}", markup=False, soft_wrap=True)
    console.print(f"Ratios:     {run.path / RATIOS_FILE}", markup=False, soft_wrap=True)
    console.print(f"Report:     {report}", markup=False, soft_wrap=True)


def _describe(ratio: ClassRatio) -> str:
    if not math.isfinite(ratio.value):
        return "-"
    return f"{ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"
