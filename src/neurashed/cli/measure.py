"""``neurashed measure``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.cli.summary import print_summary, summary_as_numbers
from neurashed.errors import InputError
from neurashed.experiments import (
    MeasureSettings,
    plan_run,
    run_measurement,
    summarize_result,
)
from neurashed.report import write_run_report
from neurashed.typing import Measure, Step

__all__ = ["app"]

app = typer.Typer()
_DEFAULT = MeasureSettings(model="", data="")


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
            help="package.module:function that returns the network, or a built-in name; either "
            "with arguments, as in 'two_layer_relu?num_inputs=64&width=512'. Put in eval mode."
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            help="The sources: digits, mnist:FOLDER, cifar10:FOLDER, FILE.npz or "
            "package.module:function, as in 'digits?per_class=20&layout=flat'."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the run, new or empty.")] = None,
    probes: Annotated[str | None, typer.Option(help="The probes; if not given, the sources.")] = (
        _DEFAULT.probes
    ),
    weights: Annotated[
        str | None, typer.Option(help="A .safetensors file, or a .pt file of tensors alone.")
    ] = _DEFAULT.weights,
    loss: Annotated[
        str, typer.Option(help="mse, bce, bce_on_probabilities or cross_entropy.")
    ] = _DEFAULT.loss,
    readout: Annotated[
        str,
        typer.Option(help="output, logits, probabilities, log_probabilities, label_logit or loss."),
    ] = _DEFAULT.readout,
    lr: Annotated[float, typer.Option(help="Learning rate of the step.")] = _DEFAULT.lr,
    parameters: Annotated[
        list[str] | None,
        typer.Option(help="Which parameters the step changes, such as 'fc2.*'; may be repeated."),
    ] = None,
    measure: Annotated[
        Measure, typer.Option(help="What is made of the responses.")
    ] = _DEFAULT.measure,
    step: Annotated[
        Step, typer.Option(help="Really take the step, or its derivative.")
    ] = _DEFAULT.step,
    memory: Annotated[
        str | None, typer.Option(help="Budget such as 2GB; a quarter of what is free.")
    ] = _DEFAULT.memory,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = _DEFAULT.device,
    dtype: Annotated[
        str | None, typer.Option(help="float32 or float64; the network's own.")
    ] = _DEFAULT.dtype,
    seed: Annotated[int, typer.Option(help="Seed of the initial weights.")] = _DEFAULT.seed,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what it would cost, and stop.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Write the HTML report too.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is in the folder.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
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
        seed=seed,
    )
    if plan:
        _print_plan(settings, json)
        return
    if out is None:
        message = "no folder for the run was given; add --out FOLDER, or --plan to stop before"
        raise InputError(message)
    with show_progress() as progress:
        run = run_measurement(settings, out, overwrite=overwrite, progress=progress)
    summary = summarize_result(run.main)
    written = write_run_report(out) if report else None
    if json:
        print_json({
            "run": str(out),
            "report": None if written is None else str(written),
            "settings": asdict(settings),
            **summary_as_numbers(summary),
        })
        return
    console = open_console()
    print_summary(console, summary)
    console.print(f"\nRun:    {out}", soft_wrap=True)
    where = f"{written}" if written else f"neurashed report {out}"
    console.print(f"Report: {where}", soft_wrap=True)


def _print_plan(settings: MeasureSettings, as_json: bool) -> None:
    plan = plan_run(settings)
    if as_json:
        print_json(plan.to_dict())
    else:
        open_console().print(plan.describe(), markup=False, soft_wrap=True)
