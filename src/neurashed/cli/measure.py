"""``neurashed measure``."""

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.console import open_console, print_json, show_log, show_progress
from neurashed.cli.summary import print_summary, summary_as_numbers
from neurashed.elasticity import MeasurementPlan, StreamPlan
from neurashed.errors import InputError, ResolutionWarning
from neurashed.experiments import (
    MeasureSettings,
    plan_run,
    run_measurement,
    summarize_result,
)
from neurashed.report import write_run_report
from neurashed.results import RunFolder
from neurashed.scale import connect
from neurashed.typing import Measure, Step

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_DEFAULT = MeasureSettings(model="", data="")
_WHAT, _HOW, _WHERE = "What is measured", "How it is measured", "What becomes of it"
_LARGE = "Large data"


@app.command(
    "measure",
    help=SUMMARIES["measure"],
    epilog="Example: neurashed measure --model my_nets:small_cnn --weights cnn.safetensors "
    "--data 'mnist:data/mnist?per_class=50' --readout logits --lr 0.01 --out runs/cnn",
)
def measure(  # noqa: PLR0913, PLR0917, each is an option of the command line
    model: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            rich_help_panel=_WHAT,
            help="package.module:function, which returns the network, or a built-in name; either "
            "with arguments, as in two_layer_relu?width=512. It is put in eval mode.",
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            rich_help_panel=_WHAT,
            help="The sources: digits, mnist:FOLDER, cifar10:FOLDER, FILE.npz or "
            "package.module:function, as in digits?per_class=20.",
        ),
    ],
    probes: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            rich_help_panel=_WHAT,
            help="The probes, named like the sources.",
            show_default="the sources",
        ),
    ] = _DEFAULT.probes,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WHAT,
            help="A .safetensors file, or a .pt file that holds tensors alone.",
            show_default="initial weights",
        ),
    ] = _DEFAULT.weights,
    loss: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_WHAT,
            help="mse, bce, bce_on_probabilities or cross_entropy.",
        ),
    ] = _DEFAULT.loss,
    readout: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_WHAT,
            help="output, logits, probabilities, log_probabilities, label_logit or loss.",
        ),
    ] = _DEFAULT.readout,
    lr: Annotated[
        float,
        typer.Option(
            metavar="RATE", rich_help_panel=_WHAT, help="Learning rate of the step on a source."
        ),
    ] = _DEFAULT.lr,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            rich_help_panel=_WHAT,
            help="Which parameters the step changes, such as 'fc2.*'; may be repeated.",
            show_default="all",
        ),
    ] = None,
    measure: Annotated[
        Measure,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_HOW,
            help=f"What is made of the responses: {', '.join(get_args(Measure))}.",
        ),
    ] = _DEFAULT.measure,
    step: Annotated[
        Step,
        typer.Option(
            metavar="exact|first_order",
            rich_help_panel=_HOW,
            help="Really take the step, or its derivative in the learning rate.",
        ),
    ] = _DEFAULT.step,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            rich_help_panel=_HOW,
            help="Memory the work may take, such as 2GB; the numbers do not depend on it.",
            show_default="a quarter of what is free",
        ),
    ] = _DEFAULT.memory,
    device: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=_HOW, help="auto, cpu or cuda.")
    ] = _DEFAULT.device,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_HOW,
            help="float32 or float64.",
            show_default="the network's own",
        ),
    ] = _DEFAULT.dtype,
    seed: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_HOW,
            help="Seed of initial weights and of every other random choice.",
        ),
    ] = _DEFAULT.seed,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            rich_help_panel=_LARGE,
            help="Keep the result on disk tile by tile, in float32, float64, float16 or int8; a "
            "command that was killed goes on where it was.",
            show_default="in tiles above 2 GB",
        ),
    ] = _DEFAULT.store,
    top: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_LARGE,
            min=0,
            help="How many of the strongest probes of each source a result in tiles has beside it.",
        ),
    ] = _DEFAULT.top,
    no_matrix: Annotated[
        bool,
        typer.Option(
            "--no-matrix", rich_help_panel=_LARGE, help="Keep the strongest probes alone."
        ),
    ] = False,
    sketch: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_LARGE,
            help="Estimate products of gradients from random projections: a dimension such as "
            "4096, or an error such as 0.02. The result says how far off it is.",
            show_default="exact products",
        ),
    ] = _DEFAULT.sketch,
    matmul_precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_LARGE,
            help="highest, or high: products of gradients in bfloat16 parts on processors with "
            "matrix units for them (AMX): faster for many examples, and some 1e-6 off.",
        ),
    ] = _DEFAULT.matmul_precision,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            rich_help_panel=_LARGE,
            help="Compute tiles on a Dask cluster, such as tcp://10.0.0.1:8786.",
            show_default="this machine",
        ),
    ] = None,
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
    report: Annotated[
        bool, typer.Option("--report", rich_help_panel=_WHERE, help="Write the HTML report too.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", rich_help_panel=_WHERE, help="Print the answer as JSON.")
    ] = False,
) -> None:
    """Measure, print the strengths, and say where the run is.

    Raises:
        InputError: If there is no folder to write to.
    """
    settings = MeasureSettings(
        model=model,
        data=data,
        probes=probes,
        weights=weights,
        loss=loss,
        readout=readout,
        lr=lr,
        parameters=tuple(parameters or ["*"]),
        measure=measure,
        step=step,
        memory=memory,
        device=device,
        dtype=dtype,
        store=store,
        top=top,
        keep_matrix=not no_matrix,
        matmul_precision=matmul_precision,
        sketch=int(sketch) if sketch is not None and sketch.is_integer() else sketch,
        seed=seed,
    )
    if plan:
        executor = None if scheduler is None else connect(scheduler)
        _print_plan(plan_run(settings, executor=executor), json)
        return
    if out is None:
        message = "no folder for the run was given; add --out FOLDER, or --plan to stop before"
        raise InputError(message)
    with show_progress() as progress, show_log(), warnings.catch_warnings():
        # The summary says it, and says it again whenever the run is looked at.
        warnings.simplefilter("ignore", ResolutionWarning)
        executor = None if scheduler is None else connect(scheduler)
        run = run_measurement(
            settings, out, overwrite=overwrite, repeats=True, progress=progress, executor=executor
        )
    _print_run(run, settings, write_run_report(out) if report else None, as_json=json)


def _print_run(
    run: RunFolder, settings: MeasureSettings, report: Path | None, *, as_json: bool
) -> None:
    summary = summarize_result(run.main) if settings.keep_matrix else None
    if as_json:
        print_json({
            "run": str(run.path),
            "report": None if report is None else str(report),
            "settings": asdict(settings),
            **({} if summary is None else summary_as_numbers(summary)),
        })
        return
    console = open_console()
    if summary is not None:
        print_summary(console, summary)
    console.print(f"\nRun:    {run.path}", soft_wrap=True)
    if run.top_probes_path.exists():
        console.print(f"Top:    {run.top_probes_path}", soft_wrap=True)
    console.print(f"Report: {report or f'neurashed report {run.path}'}", soft_wrap=True)


def _print_plan(plan: MeasurementPlan | StreamPlan, as_json: bool) -> None:
    if as_json:
        print_json(plan.to_dict())
    else:
        open_console().print(plan.describe(), markup=False, soft_wrap=True)
