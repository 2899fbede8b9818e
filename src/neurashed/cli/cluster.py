"""``neurashed cluster``."""

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer

from neurashed.cli.application import SUMMARIES
from neurashed.cli.cluster_tables import clusters_as_numbers, print_clusters
from neurashed.cli.console import open_console, print_json, show_progress
from neurashed.clustering import Evidence, Method, Normalize, Undefined
from neurashed.errors import InputError, ResolutionWarning
from neurashed.experiments import CLUSTERED, CLUSTERS_FILE, ClusterSettings, run_clustering
from neurashed.report import write_run_report
from neurashed.subclasses import BASELINES, Protocol
from neurashed.typing import Measure

__all__ = ["app"]

app = typer.Typer(add_completion=False)
_DEFAULT = ClusterSettings(data="", coarse=())
_WHAT, _TRAINING, _HOW, _WHERE = (
    "Which examples",
    "What learns the coarse label",
    "How clusters are found",
    "What becomes of it",
)
_NO_BASELINES = "none"


@app.command(
    "cluster",
    help=SUMMARIES["cluster"],
    epilog="Example: neurashed cluster --data digits --coarse 3,5 --auxiliary 8,9 --num-clusters 2 "
    "--out runs/three-or-five",
)
def cluster(  # noqa: PLR0913, PLR0917, each is an option of the command line
    data: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            rich_help_panel=_WHAT,
            help="The examples: digits, mnist:FOLDER, cifar10:FOLDER, FILE.npz or "
            "package.module:function, as in digits?first=500.",
        ),
    ],
    coarse: Annotated[
        list[str],
        typer.Option(
            metavar="LABELS",
            rich_help_panel=_WHAT,
            help="The primary classes, behind which subclasses hide: one coarse label, or several "
            "to be merged into one, as in 3,5; may be repeated.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER",
            rich_help_panel=_WHERE,
            help="Folder of the run; a killed run goes on after its last whole network.",
        ),
    ],
    auxiliary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABELS",
            rich_help_panel=_WHAT,
            help="The classes that the network learns to tell them from.",
            show_default="all others",
        ),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_WHAT,
            help="The first so many of each primary class.",
            show_default="all",
        ),
    ] = _DEFAULT.per_class,
    auxiliary_total: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_WHAT,
            help="The first so many auxiliary examples.",
            show_default="all",
        ),
    ] = _DEFAULT.auxiliary_total,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            rich_help_panel=_TRAINING,
            help="package.module:function, which returns a network with one output, or a built-in "
            "name; either with arguments, as in two_layer_relu?num_inputs=64.",
            show_default="chosen by the shape of the inputs",
        ),
    ] = _DEFAULT.model,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_TRAINING,
            help="Weights of the network; with them it is not trained.",
            show_default="trained here",
        ),
    ] = _DEFAULT.weights,
    loss: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=_TRAINING, help="bce or mse.")
    ] = _DEFAULT.loss,
    lr: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            rich_help_panel=_TRAINING,
            help="Learning rate.",
        ),
    ] = _DEFAULT.lr,
    epochs: Annotated[
        int,
        typer.Option(metavar="NUMBER", rich_help_panel=_TRAINING, help="Passes over all examples."),
    ] = _DEFAULT.num_epochs,
    batch_size: Annotated[
        int, typer.Option(metavar="NUMBER", rich_help_panel=_TRAINING, help="Examples in a step.")
    ] = _DEFAULT.batch_size,
    looks: Annotated[
        list[float] | None,
        typer.Option(
            metavar="SHARE",
            rich_help_panel=_TRAINING,
            help="When a similarity is taken, from 0, before training, to 1, after it; may be "
            "repeated, and the similarities are averaged.",
            show_default="1.0",
        ),
    ] = None,
    networks: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_TRAINING,
            help="How many networks are trained; their similarities are averaged.",
        ),
    ] = _DEFAULT.num_networks,
    protocol: Annotated[
        Protocol,
        typer.Option(
            metavar="trained|while_training",
            rich_help_panel=_HOW,
            help="All rows from the trained weights, or each from the step of a walk.",
        ),
    ] = _DEFAULT.protocol,
    measure: Annotated[
        Measure,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_HOW,
            help=f"What is made of the responses: {', '.join(get_args(Measure))}.",
        ),
    ] = _DEFAULT.measure,
    num_clusters: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_HOW,
            help="How many clusters.",
            show_default="chosen by evidence",
        ),
    ] = _DEFAULT.num_clusters,
    method: Annotated[
        Method,
        typer.Option(metavar="NAME", rich_help_panel=_HOW, help=f"{', '.join(get_args(Method))}."),
    ] = _DEFAULT.method,
    normalize: Annotated[
        Normalize,
        typer.Option(
            metavar="NAME", rich_help_panel=_HOW, help=f"{', '.join(get_args(Normalize))}."
        ),
    ] = _DEFAULT.normalize,
    num_neighbors: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_HOW,
            help="Neighbors of each example where a graph is used.",
            show_default="log₂ of the number of examples",
        ),
    ] = _DEFAULT.num_neighbors,
    evidence: Annotated[
        Evidence,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_HOW,
            help="What chooses the number of clusters: eigengap or silhouette.",
        ),
    ] = _DEFAULT.evidence,
    undefined: Annotated[
        Undefined,
        typer.Option(
            metavar="refuse|drop",
            rich_help_panel=_HOW,
            help="What becomes of examples without a defined similarity.",
        ),
    ] = _DEFAULT.undefined,
    repeats: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            rich_help_panel=_HOW,
            help="How often all is done again from another seed, for intervals.",
        ),
    ] = _DEFAULT.num_repeats,
    baselines: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            rich_help_panel=_HOW,
            help=f"What it is held against, with commas between, or {_NO_BASELINES}.",
        ),
    ] = ",".join(BASELINES),
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", rich_help_panel=_HOW, help="Seed of everything.")
    ] = _DEFAULT.seed,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", rich_help_panel=_WHERE, help="Replace a run that is there."),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", rich_help_panel=_WHERE, help="Print the answer as JSON.")
    ] = False,
) -> None:
    """Cluster, print what was found, and say where the clusters and the report are."""
    settings = ClusterSettings(
        data=data,
        coarse=_split(coarse),
        auxiliary=_split(auxiliary or []),
        per_class=per_class,
        auxiliary_total=auxiliary_total,
        model=model,
        weights=weights,
        loss=loss,
        lr=lr,
        num_epochs=epochs,
        batch_size=batch_size,
        looks=tuple(looks or _DEFAULT.looks),
        num_networks=networks,
        protocol=protocol,
        measure=measure,
        num_clusters=num_clusters,
        method=method,
        normalize=normalize,
        num_neighbors=num_neighbors,
        evidence=evidence,
        undefined=undefined,
        num_repeats=repeats,
        baselines=() if baselines == _NO_BASELINES else _split([baselines]),
        seed=seed,
    )
    with show_progress() as progress, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResolutionWarning)
        run = run_clustering(settings, out, overwrite=overwrite, progress=progress)
    result = run.result(CLUSTERED).load()
    report = write_run_report(out)
    where = {"run": str(out), "clusters": str(out / CLUSTERS_FILE), "report": str(report)}
    if json:
        print_json({**where, "settings": asdict(settings), **clusters_as_numbers(result)})
        return
    console = open_console()
    print_clusters(console, result)
    for name, path in where.items():
        console.print(f"{f'{name.capitalize()}:':9} {path}", soft_wrap=True, markup=False)


def _split(names: list[str]) -> tuple[str, ...]:
    parts = tuple(part.strip() for each in names for part in each.split(","))
    if not all(parts):
        message = f"{', '.join(names)!r} has an empty name; write names with commas between"
        raise InputError(message)
    return parts
